// The text that pipenv hashes, as Python's json.dumps writes it, and documents that have none.
import assert from "node:assert/strict";
import { tomlForTests } from "../../../test/support/toml.ts";
import { compareCodePoints, jsonString, pipfileHashInputs } from "./pipfileHash.ts";

const toml = await tomlForTests();
const inputs = (text: string) => pipfileHashInputs(toml.parse(text));

describe("the hash of a Pipfile", () => {
  it("has names sorted, and in their normal form as pipenv 2026 has them, or as written before", () => {
    const given = '[[source]]\nurl = "u"\n[packages]\nB_c = "*"\na = {extras = ["x"], version = "*"}\n';
    const head = '{"_meta":{"requires":{},"sources":[{"url":"u"}]},"default":';
    assert.deepEqual(inputs(given), [
      `${head}{"a":{"extras":["x"],"version":"*"},"b-c":"*"},"develop":{}}`,
      `${head}{"B_c":"*","a":{"extras":["x"],"version":"*"}},"develop":{}}`,
    ]);
  });

  it("has tables below the last source, and further categories beside the two", () => {
    const given =
      '[[source]]\nurl = "u"\n[[source]]\nurl = "v"\n[source.more]\nx = 1\n[docs]\nsphinx = "*"\n[scripts]\nrun = "x"\n';
    assert.deepEqual(inputs(given), [
      '{"_meta":{"requires":{},"sources":[{"url":"u"},{"more":{"x":1},"url":"v"}]},"default":{},"develop":{},"docs":{"sphinx":"*"}}',
    ]);
  });

  it("has numbers as Python writes them", () => {
    const rows: readonly (readonly [string, string])[] = [
      ["1_000", "1000"],
      ["+7", "7"],
      ["0x1f", "31"],
      ["9_007_199_254_740_991", "9007199254740991"],
      ["1.0", "1.0"],
      ["-0.0", "-0.0"],
      ["1e5", "100000.0"],
      ["1e16", "1e+16"],
      ["1.5e-7", "1.5e-07"],
      ["0.0001", "0.0001"],
      ["inf", "Infinity"],
      ["-inf", "-Infinity"],
      ["nan", "NaN"],
      ["true", "true"],
    ];
    for (const [written, expected] of rows) {
      const [found] = inputs(`[pipenv]\n[packages]\na = ${written}\n`);
      assert.match(found ?? "", new RegExp(`"default":{"a":${expected.replace("+", "\\+")}}`), written);
    }
  });

  it("counts what stands before the first header to the default source, as plette does where none is named", () => {
    const source = '"name":"pypi","packages":{"a":"*"},"url":"https://pypi.org/simple","verify_ssl":true';
    const [bare] = inputs('packages = {a = "*"}\n');
    assert.ok(bare?.includes(`"sources":[{${source}}]`) && bare.includes('"default":{}'), bare);
    const [named] = inputs('packages = {a = "*"}\n[[source]]\nname = "x"\nurl = "https://h/s"\n');
    assert.ok(named?.includes('"default":{"a":"*"}'), named);
  });

  it("has every character that is not printable ASCII as an escape, delete among them", () => {
    assert.equal(jsonString('~"\\é😀\u007f\n\u0001'), '"~\\"\\\\\\u00e9\\ud83d\\ude00\\u007f\\n\\u0001"');
  });

  it("has keys in the order of code points, where UTF-16 has another", () => {
    const keys = ["\u{1f600}", "\uffee", "b", "a", "ab"];
    assert.deepEqual(keys.sort(compareCodePoints), ["a", "ab", "b", "\uffee", "\u{1f600}"]);
  });

  it("is none of dates, of packages that are no table, of keys too deep, or of what is no TOML", () => {
    const deep = Array.from({ length: 102 }, () => "a").join(".");
    for (const given of [
      "[packages]\na = 1979-05-27\n",
      'packages = "x"\n[[source]]\n',
      "docs = 1\n[[source]]\n",
      `[packages]\n${deep} = 1\n`,
      "[packages]\na = \n",
    ]) {
      assert.deepEqual(inputs(given), [], given.slice(0, 40));
    }
  });
});
