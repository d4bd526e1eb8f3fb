// The resolver's word in the findings: conflicts on their lines, and fixes offered only with a proof.
import assert from "node:assert/strict";
import { proofKey, type StackConflict, type StackFacts } from "../facts/stack.ts";
import type { Finding } from "../finding/model.ts";
import {
  findingsOf,
  fixesOf,
  isConflictTold,
  isStackCurrent,
  judgedFixesOf,
  type RuleInput,
  stackStateOf,
} from "./index.ts";
import { inputOf, placedOn, project, sameProof, stackOf, told, treeOf } from "./testing/universe.ts";

const text = "tensorflow==2.15.0\nnumpy>=2\n";
const uri = "file:///w/requirements.txt";
const numpy = project("numpy", { "2.1.0": {}, "1.26.4": {} });
const tensorflow = project("tensorflow", { "2.15.0": { requires: ["numpy<2.0.0,>=1.23.5"] } });

const conflict: StackConflict = {
  kinds: ["clash"],
  steps: [],
  searching: false,
  causes: [
    {
      uri,
      span: { start: 0, end: 18 },
      requirement: "tensorflow==2.15.0",
      name: "tensorflow",
      message: "tensorflow 2.15.0 needs numpy <2.0.0; line 2 asks for >=2.",
    },
    {
      uri,
      span: { start: 19, end: 27 },
      requirement: "numpy>=2",
      name: "numpy",
      message: "numpy >=2 cannot be met: tensorflow 2.15.0 (line 1) needs numpy <2.0.0.",
    },
  ],
  relaxations: [
    {
      title: "line 2: numpy >=1.23.5,<2",
      changes: [{ uri, span: { start: 19, end: 27 }, name: "numpy", specifier: ">=1.23.5,<2" }],
      edits: [{ uri, edits: [{ span: { start: 24, end: 27 }, newText: ">=1.23.5,<2" }] }],
      packages: 36,
    },
  ],
};

function withStack(
  files: string,
  more: Partial<StackFacts>,
  projects = [numpy, tensorflow],
  resolved = files,
): RuleInput {
  return inputOf(files, projects, { stack: stackOf(treeOf(resolved), more) });
}

const lines = (input: RuleInput): string[] =>
  told(input).filter((line) => line.includes("conflicting-requirements"));

describe("a conflict that the resolver found", () => {
  const input = withStack(text, { state: "conflict", conflict });

  it("is told on each line that takes part, once, with the others linked", () => {
    assert.deepEqual(lines(input), [
      "1 conflicting-requirements: tensorflow 2.15.0 needs numpy <2.0.0; line 2 asks for >=2.",
      "2 conflicting-requirements: numpy >=2 cannot be met: tensorflow 2.15.0 (line 1) needs numpy <2.0.0.",
    ]);
    const found = findingsOf(input).findings.filter(({ rule }) => rule === "conflicting-requirements");
    assert.deepEqual(
      found.map(({ related }) => related.map(({ range }) => range.start.line)),
      [[1], [0]],
    );
  });

  it("offers each relaxation on each of its lines, with what it resolves to", () => {
    const found = findingsOf(input).findings.filter(({ rule }) => rule === "conflicting-requirements");
    const titles = (finding: Finding) =>
      finding.fixes.filter(({ proven }) => proven).map(({ title }) => title);
    for (const finding of found)
      assert.deepEqual(titles(finding), ["Change numpy to >=1.23.5,<2 (resolves with 36 packages)"]);
  });

  it("stands while its lines stand, wherever they move to, without fixes of the earlier text", () => {
    const moved = withStack(`# mine\n${text}flask\n`, { state: "conflict", conflict }, undefined, text);
    assert.equal(lines(moved).length, 2);
    assert.match(lines(moved)[0]!, /^2 /);
    for (const { rule, fixes } of findingsOf(moved).findings)
      if (rule === "conflicting-requirements") assert.deepEqual(fixes, []);
  });

  it("goes with a line of it, and facts have the word until the resolver answers again", () => {
    const edited = "tensorflow==2.15.0\nnumpy>=2.0\n";
    const found = lines(withStack(edited, { state: "conflict", conflict }, undefined, text));
    assert.deepEqual(found, [
      "1 conflicting-requirements: tensorflow 2.15.0 needs numpy <2.0.0,>=1.23.5; line 2 asks for >=2.0.",
    ]);
  });

  it("is not told, and nobody would see what helps, where facts say it of its only line already", () => {
    const only = { ...conflict, causes: [conflict.causes[1]!] };
    const absent = { name: "numpy", state: "absent", releases: [], details: {} } as const;
    const facts = inputOf(text, [tensorflow, project("numpy", {}, absent)], {});
    const stack = stackOf(treeOf(text), { state: "conflict", conflict: only });
    const input = { ...facts, snapshot: { ...facts.snapshot, stack } };
    assert.equal(isConflictTold(input, findingsOf(facts).findings), false);
    assert.deepEqual(lines(input), []);
    assert.equal(isConflictTold(input, []), true);
    assert.equal(isConflictTold(facts, []), false);
  });

  it("is not told where the resolver found a stack after all", () => {
    assert.deepEqual(lines(withStack(text, {})), []);
  });
});

describe("a fix of a version", () => {
  const flask = project("flask", { "3.1.3": {}, "2.2.3": {} });
  const pinned = "flask==2.2.3\n";
  const titles = (input: RuleInput): string[] =>
    fixesOf(input, placedOn(input, "flask")).map(
      ({ title, disabled }) => title + (disabled ? ` ✗ ${disabled}` : ""),
    );

  it("is not offered before the resolver has answered, and named as what it is to be asked about", () => {
    for (const input of [inputOf(pinned, [flask]), withStack(pinned, {}, [flask])]) {
      assert.deepEqual(titles(input), []);
      const { unproven } = judgedFixesOf(input, placedOn(input, "flask"));
      assert.deepEqual(
        unproven.map(({ title }) => title),
        ["Pin to 3.1.3 (newest compatible)"],
      );
    }
  });

  it("says with how many packages it resolves and how many of them change", () => {
    const prove = (changes?: number) =>
      titles(withStack(pinned, { proofs: sameProof({ resolves: true, packages: 43, changes }) }, [flask]));
    assert.deepEqual(prove(2), ["Pin to 3.1.3 (newest compatible; resolves with 43 packages, 2 change)"]);
    assert.deepEqual(prove(1), ["Pin to 3.1.3 (newest compatible; resolves with 43 packages, 1 changes)"]);
    assert.deepEqual(prove(), ["Pin to 3.1.3 (newest compatible; resolves with 43 packages)"]);
  });

  it("cannot be taken where it does not resolve, and says why", () => {
    const reason = "werkzeug <3 cannot be met: flask 3.1.3 (line 1) needs werkzeug >=3.";
    const proofs = sameProof({ resolves: false, code: "failed", reason });
    assert.deepEqual(titles(withStack(pinned, { proofs }, [flask])), [
      `Pin to 3.1.3 (newest compatible) ✗ With it the stack does not resolve: ${reason}`,
    ]);
  });

  it("is offered beside one that does not resolve: the newest pin that does, once", () => {
    const edits = [{ uri, edits: [{ span: { start: 7, end: 12 }, newText: "2.3.0" }] }];
    const instead = { version: "2.3.0", edits, packages: 40, changes: 3 };
    const proofs = sameProof({ resolves: false, code: "failed", reason: "It clashes.", instead });
    const line = "flask<3\n";
    const input = withStack(line, { proofs }, [project("flask", { "3.1.3": {}, "2.3.3": {} })]);
    const fixes = fixesOf(input, placedOn(input, "flask"));
    const [first] = fixes;
    assert.equal(first?.title, "Pin to 2.3.0 (newest possible; resolves with 40 packages, 3 change)");
    assert.deepEqual(first?.edits, edits);
    assert.equal(first?.proven, true);
    assert.deepEqual(
      fixes.map(({ kind }) => kind).filter((kind) => kind === "pin-newest-resolving"),
      ["pin-newest-resolving"],
    );
    assert.ok(fixes.filter(({ disabled }) => disabled !== undefined).length >= 2);
  });

  it("says why it is not proven where the resolver could not be asked", () => {
    const stack = { state: "not-checked" as const, reason: "werkzeug cannot be resolved: offline" };
    assert.deepEqual(titles(withStack(pinned, stack, [flask])), [
      "Pin to 3.1.3 (newest compatible) ✗ Not proven: werkzeug cannot be resolved: offline",
    ]);
  });

  it("needs a proof of the text as it is now", () => {
    const proofs = sameProof({ resolves: true, packages: 43 });
    const input = withStack("flask==2.2.3 # web\n", { proofs }, [flask], pinned);
    assert.equal(isStackCurrent(input.snapshot.stack, input.tree), false);
    assert.equal(stackStateOf(input.snapshot, input.tree), "pending");
    assert.deepEqual(titles(input), []);
  });

  it("is told from another by what it writes where", () => {
    const edits = (newText: string) => [{ uri, edits: [{ span: { start: 7, end: 12 }, newText }] }];
    assert.notEqual(proofKey(edits("3.1.3")), proofKey(edits("3.1.2")));
  });
});
