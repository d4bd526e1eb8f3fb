// Old metadata that today's grammar refuses: each of uv's repairs, and what must stay as it is.
import assert from "node:assert/strict";
import { readRequirementLenient, readSpecifierSetLenient } from "./lenient.ts";

function specifier(text: string): string {
  const read = readSpecifierSetLenient(text);
  return read.ok
    ? read.value.specifier.clauses.map(({ operator, version }) => operator + version).join(",")
    : "refused";
}

function requirement(text: string): string {
  const read = readRequirementLenient(text);
  if (!read.ok) return "refused";
  const { name, specifier } = read.value.requirement;
  return `${name.text} ${specifier.clauses.map(({ operator, version }) => operator + version).join(",")}`;
}

describe("metadata of old tools", () => {
  it("has its specifiers repaired as uv repairs them", () => {
    const repairs: Readonly<Record<string, string>> = {
      ">=7.2.0<8.0.0": ">=7.2.0,<8.0.0",
      "!=~5.0,>=4.12": "!=5.0.*,>=4.12",
      ">=1.9.*": ">=1.9",
      ">= 1.9.*": ">=1.9",
      ">=2.7,!=3.0*,!=3.1*": ">=2.7,!=3.0.*,!=3.1.*",
      ">=3.6,": ">=3.6",
      ">dev": ">0.0.0.dev0",
      ">=9.0.0a1.0": ">=9.0.0a1",
      ">= 2.7'": ">=2.7",
      "'>= 2.7'": ">=2.7",
      ">=3.6'": ">=3.6",
      '">=3.6"': ">=3.6",
      ">='3.6'": ">=3.6",
    };
    for (const [written, meant] of Object.entries(repairs)) assert.equal(specifier(written), meant, written);
  });

  it("has its requirements repaired, and never their markers", () => {
    assert.equal(requirement("elasticsearch-dsl (>=7.2.0<8.0.0)"), "elasticsearch-dsl >=7.2.0,<8.0.0");
    assert.equal(requirement("jupyter-core (!=~5,>=4.12)"), "jupyter-core !=5.*,>=4.12");
    assert.equal(requirement("pytz (>dev)"), "pytz >0.0.0.dev0");
    assert.equal(requirement('pyzmq (>=13.1.0,) ; python_version >= "3.7"'), "pyzmq >=13.1.0");
    assert.equal(requirement("ptb (>=9.0.0a1.0)"), "ptb >=9.0.0a1");
  });

  it("stays refused where nobody knows what was meant", () => {
    for (const text of [">= banana", ">=1.0 or so", "=1"]) assert.equal(specifier(text), "refused", text);
  });

  it("is left alone where it is sound", () => {
    for (const text of [">=9.0.0a1", "==1.0.post1", "!=3.0.*", ">=1.0a1.dev2"]) {
      const read = readSpecifierSetLenient(text);
      assert.ok(read.ok && read.value.repairs.length === 0, text);
    }
  });
});
