// What is gathered from manifests, as pip is handed it.
import assert from "node:assert/strict";
import { readRequirements } from "../../../shared/src/manifest/requirements.ts";
import type { ManifestTree } from "../../../shared/src/manifest/treeModel.ts";
import { gatherRequirements } from "./requirements.ts";

function treeOf(text: string, constraints?: string): ManifestTree {
  return {
    root: "file:///r.txt",
    files: [
      {
        uri: "file:///r.txt",
        manifest: readRequirements(text, { kind: "requirements" }),
        as: "requirements",
      },
      ...(constraints === undefined
        ? []
        : [
            {
              uri: "file:///c.txt",
              manifest: readRequirements(constraints, { kind: "constraints" }),
              as: "constraints" as const,
            },
          ]),
    ],
    faults: [],
  };
}
const gather = (text: string, constraints?: string) =>
  gatherRequirements(treeOf(text, constraints), (uri) => uri.replace("file:///", ""));

describe("gatherRequirements", () => {
  it("gives each requirement as one line with its place", () => {
    const { requirements } = gather(
      `# comment\nFlask[async] >=2, <4 ; python_version >= "3.8"  # why\nnumpy==1.26.4 \\\n    --hash=sha256:${"a".repeat(64)}\n`,
    );
    assert.deepEqual(requirements, [
      { text: `Flask[async]>=2, <4 ; python_version >= "3.8"`, name: "flask", path: "r.txt", line: 2 },
      { text: `numpy==1.26.4 --hash=sha256:${"a".repeat(64)}`, name: "numpy", path: "r.txt", line: 3 },
    ]);
  });

  it("keeps constraints apart, and takes the files' options", () => {
    const { requirements, constraints, indexes } = gather(
      "--index-url https://one.example/simple\n--extra-index-url https://two.example/simple\n-f ./wheels\n--pre\na\n",
      "b<2\n",
    );
    assert.deepEqual(
      requirements.map(({ text }) => text),
      ["a"],
    );
    assert.deepEqual(
      constraints.map(({ text }) => text),
      ["b<2"],
    );
    assert.deepEqual(indexes, {
      indexUrl: "https://one.example/simple",
      extraIndexUrls: ["https://two.example/simple"],
      findLinks: ["./wheels"],
      pre: true,
    });
  });

  it("says of each entry that would need a build why it stops the validation", () => {
    const { requirements } = gather(
      "-e .\n./project\ngit+https://example.com/a.git#egg=a\nb @ https://example.com/b-1.0.tar.gz\n",
    );
    assert.equal(requirements.length, 4);
    for (const one of requirements)
      assert.match(one.obstacle?.message ?? "", /builds? it|would have to be built/);
    assert.deepEqual(
      requirements.map(({ obstacle, path, line }) => [obstacle?.reason, path, line]),
      [
        ["editable", "r.txt", 1],
        ["needs-build", "r.txt", 2],
        ["vcs", "r.txt", 3],
        ["needs-build", "r.txt", 4],
      ],
    );
  });

  it("takes a wheel by its address", () => {
    const { requirements } = gather("b @ https://example.com/b-1.0-py3-none-any.whl\n");
    assert.equal(requirements[0]?.text, "b @ https://example.com/b-1.0-py3-none-any.whl");
    assert.equal(requirements[0]?.obstacle, undefined);
  });

  it("lets a line that cannot be read stop the validation, and says where", () => {
    const { requirements } = gather("a\nflask=2.0\n");
    assert.match(
      requirements.find(({ line }) => line === 2)?.obstacle?.message ?? "",
      /flask is not understood/,
    );
  });

  it("leaves ${VAR} for pip to expand", () => {
    const { indexes } = gather("--index-url https://${USER}:${TOKEN}@example.com/simple\na\n");
    assert.equal(indexes.indexUrl, "https://${USER}:${TOKEN}@example.com/simple");
  });
});
