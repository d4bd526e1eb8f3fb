// Which manifests a check asks the resolver about, and which it need not: what facts have told of every line is not searched for again.
import assert from "node:assert/strict";
import { findingsOf } from "../../../shared/src/rules/index.ts";
import { inputOf, project } from "../../../shared/src/rules/testing/universe.ts";
import { isToBeResolved } from "./resolvable.ts";

const absent = (name: string) =>
  project(name, {}, { state: "absent", indexes: ["https://packages.example.com/simple"] });

function isAsked(text: string, severities = {}, repairs = false): boolean {
  const input = inputOf(text, [absent("nowhere"), absent("lost"), project("here", { "1.0": {} })], {});
  const configuration = { ...input.configuration, severities };
  const findings = findingsOf({ ...input, configuration });
  return isToBeResolved({ tree: input.tree, snapshot: input.snapshot, findings }, { repairs });
}

describe("whether a manifest is to be resolved", () => {
  it("is so where lines narrow what they take, and where something is to be repaired", () => {
    assert.equal(isAsked("here==1.0\n"), true);
    assert.equal(isAsked("here\n"), false);
    assert.equal(isAsked("here\n", {}, true), true);
  });

  it("is not so where no index has anything of what counts here: each line is told that", () => {
    assert.equal(isAsked("nowhere==1\nlost>=2\n"), false);
    assert.equal(isAsked("nowhere==1\nnowhere==2\n", {}, true), false);
    assert.equal(isAsked('nowhere==1\nhere==1.0; sys_platform == "win32"\n'), false);
  });

  it("is so where one line may be found, comes from elsewhere, or is not told", () => {
    assert.equal(isAsked("nowhere==1\nhere==1.0\n"), true);
    assert.equal(isAsked("nowhere==1\nlost @ https://files.example.com/lost-1.0-py3-none-any.whl\n"), true);
    assert.equal(isAsked("nowhere==1\nlost==1  # thoth: ignore[unknown-project]\n"), true);
    assert.equal(isAsked("nowhere==1\n", { "unknown-project": "warning" }), true);
    assert.equal(isAsked("nowhere==1\n", { "unknown-project": "off" }), true);
  });
});
