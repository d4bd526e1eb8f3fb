// Stretches of a TOML string's value, each where it is written: escapes whole, line ends and quotes of every kind.
import assert from "node:assert/strict";
import { tomlForTests } from "../../../test/support/toml.ts";
import type { TomlValue } from "./toml.ts";
import { placesInString } from "./tomlString.ts";

const toml = await tomlForTests();

function readValue(text: string): TomlValue {
  const document = toml.parse(text);
  assert.deepEqual(document.faults, []);
  return document.tables[0]!.pairs[0]!.value;
}

/** What is written for the first place of `part` in the value. */
function writtenFor(text: string, part: string): string {
  const value = readValue(text);
  const start = value.text.indexOf(part);
  assert.ok(start >= 0, `${part} in ${JSON.stringify(value.text)}`);
  const span = placesInString(text, value)!.spanOf({ start, end: start + part.length });
  return text.slice(span.start, span.end);
}

describe("places in a TOML string", () => {
  const rows: readonly (readonly [string, string, string])[] = [
    ['v = "a-b"', "b", "b"],
    ["v = 'a\\b'", "\\b", "\\b"],
    ['v = "\\"a\\"b"', "a", "a"],
    ['v = "\\"a\\"b"', '"b', '\\"b'],
    ['v = "x\\u00e9y"', "é", "\\u00e9"],
    ['v = "x\\U0001F600y"', "😀", "\\U0001F600"],
    ['v = "x\\U0001F600y"', "y", "y"],
    ['v = "\\t😀y"', "y", "y"],
    ['v = """\nabc\\\n   def"""', "cd", "c\\\n   d"],
    ['v = """abc\ndef"""', "c\nd", "c\nd"],
    ["v = '''\na\\b\nc'''", "b\nc", "b\nc"],
    ['v = """a "b" c"""', '"b"', '"b"'],
  ];
  for (const [text, part, written] of rows) {
    it(`${JSON.stringify(part)} of ${JSON.stringify(text)} is ${JSON.stringify(written)}`, () =>
      assert.equal(writtenFor(text, part), written));
  }

  it("a line end of two characters is one place, however the value has it", () => {
    const text = 'v = """\r\na\r\nb"""';
    const value = readValue(text);
    const at = value.text.indexOf("b");
    const span = placesInString(text, value)!.spanOf({ start: at, end: at + 1 });
    assert.equal(text.slice(span.start, span.end), "b");
    const normalized = { ...value, text: "a\nb" };
    const lineEnd = placesInString(text, normalized)!.spanOf({ start: 1, end: 2 });
    assert.equal(text.slice(lineEnd.start, lineEnd.end), "\r\n");
  });

  it("an empty stretch, and one behind the end, stand where they would be written", () => {
    const text = 'v = "a\\tb"';
    const places = placesInString(text, readValue(text))!;
    assert.deepEqual(places.spanOf({ start: 1, end: 1 }), { start: 6, end: 6 });
    assert.deepEqual(places.spanOf({ start: 3, end: 3 }), { start: 9, end: 9 });
    assert.deepEqual(places.spanOf({ start: 2, end: 9 }), { start: 8, end: 9 });
  });

  it("cannot be told where the writing is not that of the value", () => {
    const text = 'v = "a\\tb"';
    const value = readValue(text);
    for (const other of ["a\tbc", "a\tc", "x\tb", "a\nb", "a"]) {
      assert.equal(placesInString(text, { ...value, text: other }), undefined, other);
    }
    for (const broken of ['"a\\q"', '"\\U00110000"', '"\\u0041"', '"\\"']) {
      const inside = { start: 1, end: broken.length - 1 };
      const span = { start: 0, end: broken.length };
      const untrue: TomlValue = { kind: "string", text: "a", span, inside, verbatim: false };
      const found = placesInString(broken, untrue);
      assert.equal(found, undefined, broken);
    }
  });
});
