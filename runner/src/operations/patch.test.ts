// A diff that can be applied and shows no login.
import assert from "node:assert/strict";
import { applyPatch } from "diff";
import { patchOf } from "./patch.ts";

const LOGIN = "--index-url https://ada:s3cret@packages.example.com/simple/";

describe("the diff of a fix", () => {
  it("leaves lines with logins out of what surrounds a change, and applies all the same", async () => {
    const cases: readonly (readonly [string, string])[] = [
      [`${LOGIN}\na==1\nb==1\n`, `${LOGIN}\na==1\nb==2\n`],
      [`a==1\n${LOGIN}\nb==1\n`, `a==2\n${LOGIN}\nb==2\n`],
      [`a==1\n${LOGIN}`, `a==2\n${LOGIN}`],
      [`x\ny\na==1\n${LOGIN}\nz\n`, `x\ny\na==1\nnew==1\n${LOGIN}\nz\n`],
      [
        `x\n--extra-index-url https://packages.example.com/simple/?token=s3cret\na==1\n`,
        `x\n--extra-index-url https://packages.example.com/simple/?token=s3cret\na==2\n`,
      ],
      ["x\ny\na==1\n", "x\ny\na==2\n"],
    ];
    for (const [before, after] of cases) {
      const patch = await patchOf("requirements.txt", before, after);
      assert.doesNotMatch(patch, /s3cret/);
      assert.equal(applyPatch(before, patch), after, patch);
    }
  });

  it("shows a changed line without its login", async () => {
    const patch = await patchOf("r.txt", "a @ https://ada:s3cret@example.com/a-1.whl\n", "a==2\n");
    assert.doesNotMatch(patch, /s3cret/);
    assert.match(patch, /^\+a==2$/m);
  });
});
