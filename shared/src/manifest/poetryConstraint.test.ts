// Poetry's constraints against what poetry-core admits, version by version.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { parseVersion } from "../packaging/version.ts";
import { readPoetryConstraint } from "./poetryConstraint.ts";

interface Table {
  readonly versions: readonly string[];
  readonly rows: readonly {
    readonly constraint: string;
    readonly error?: true;
    readonly admits?: readonly string[];
  }[];
}

const table = JSON.parse(
  readFileSync(new URL("../../../test/fixtures/poetry/constraints.json", import.meta.url), "utf8"),
) as Table;

describe("poetry's constraints", () => {
  it("each admits the versions that poetry-core admits, and what it refuses is refused", () => {
    assert.ok(table.rows.length > 140);
    for (const { constraint, error, admits } of table.rows) {
      const read = readPoetryConstraint(constraint);
      assert.equal(read.ok, !error, constraint);
      if (!read.ok) continue;
      const found = table.versions.filter((version) => read.value.contains(version, { prereleases: true }));
      assert.deepEqual(found, admits, constraint);
      const set = read.value.toVersionSet();
      assert.deepEqual(
        table.versions.filter((version) => set.contains(parseVersion(version)!)),
        admits,
        `${constraint} as a set`,
      );
    }
  });

  it("every clause has the place of the piece that says it", () => {
    const text = "^1.2 || >=3, <4.1";
    const read = readPoetryConstraint(text, 10);
    assert.ok(read.ok);
    const said = read.value.clauses.map(({ operator, version, span, versionSpan }) => [
      `${operator}${version}`,
      text.slice(span.start - 10, span.end - 10),
      text.slice(versionSpan.start - 10, versionSpan.end - 10),
    ]);
    assert.deepEqual(said, [
      [">=1.2", "^1.2", "1.2"],
      ["<2.0", "^1.2", "1.2"],
      [">=3", ">=3", "3"],
      ["<4.1", "<4.1", "4.1"],
    ]);
    assert.equal(read.value.toString(), "<2.0,>=1.2 || <4.1,>=3");
  });

  it("alternatives of which none can be met are told", () => {
    const read = readPoetryConstraint(">2,<1 || >3,<=3");
    assert.ok(read.ok && read.value.isUnsatisfiable());
    const open = readPoetryConstraint(">2,<1 || 3");
    assert.ok(open.ok && !open.value.isUnsatisfiable());
  });

  it("a fault says where it is and what was expected", () => {
    const read = readPoetryConstraint(">=1, ^^2", 5);
    assert.ok(!read.ok);
    assert.deepEqual(read.error, {
      code: "invalid-operator",
      message: "^^ is not an operator of poetry.",
      offset: 10,
      length: 3,
      expected: "one of ^, ~, ==, !=, <=, >=, <, >, ~=, or a bare version",
    });
  });
});
