// Seldom met corners: comparisons without meaning, escapes in strings, shapes of groups, tags without a minor version.
import assert from "node:assert/strict";
import {
  evaluateMarker,
  explainMarker,
  type MarkerEnvironment,
  manylinuxPlatforms,
  markerToString,
  negateMarker,
  readLicenseExpression,
  readMarker,
  readSpecifierSet,
  resolveDependencyGroups,
  supportedTags,
  tryEvaluateMarker,
} from "./index.ts";

describe("corners of the packaging standards", () => {
  it("denies === with a wildcard, which no Python meets, without making a series of it", () => {
    const marker = readMarker("python_full_version === '3.11.*'");
    assert.ok(marker.ok);
    const environment = { python_full_version: "3.11.7" };
    assert.deepEqual(tryEvaluateMarker(marker.value, environment), { ok: true, value: false });
    assert.deepEqual(tryEvaluateMarker(negateMarker(marker.value), environment), { ok: true, value: true });
  });

  it("comparisons without meaning are told, and count as false", () => {
    for (const text of [
      '"a" == "b"',
      'os_name ~= "x"',
      'os_name === "x"',
      'extras == "a"',
      '"a" ~= extras',
      'extra == "a"',
    ]) {
      const marker = readMarker(text);
      assert.ok(marker.ok, text);
      const environment = { os_name: "posix", extras: ["a"] };
      const result = tryEvaluateMarker(marker.value, environment);
      assert.ok(!result.ok && result.error.code === "undefined-comparison", text);
      assert.equal(evaluateMarker(marker.value, environment as unknown as MarkerEnvironment), false);
    }
  });
  it("a set equals no text and stands in no order to one", () => {
    const answers = { "==": false, "!=": true, "<": false, "<=": false, ">": false, ">=": false };
    for (const [operator, answer] of Object.entries(answers)) {
      const marker = readMarker(`"a" ${operator} extras`);
      assert.ok(marker.ok);
      const result = tryEvaluateMarker(marker.value, { extras: ["a"] });
      assert.ok(result.ok && result.value === answer, operator);
    }
  });
  it("white space is Python's: a byte-order mark is none, a unit separator is some", () => {
    const specifiers = readSpecifierSet("===1\ufeff2 , <2");
    assert.ok(specifiers.ok && specifiers.value.toString() === "<2,===1\ufeff2");
    assert.equal(readLicenseExpression("MIT\ufeff").ok, false);
    const license = readLicenseExpression("mit\x1for zlib\x85");
    assert.ok(license.ok && license.value === "MIT OR Zlib");
  });
  it("licences and exceptions that the list of the library lacks are read", () => {
    for (const text of ["MIT WITH PCRE2-exception", "GPL-2.0++", "(LGPL-3.0++ WITH romic-exception)"]) {
      const result = readLicenseExpression(text.toLowerCase());
      assert.ok(result.ok && result.value === text, text);
    }
    for (const text of ["MIT WITH MIT", "PCRE2-exception", "MIT++", "MIT Zlib"]) {
      assert.equal(readLicenseExpression(text).ok, false, text);
    }
  });
  it("strings are read and printed with Python's escapes", () => {
    for (const text of [
      "os_name == 'a\\x41\\101\\u0041\\n'",
      "os_name == 'a\\\\b'",
      "os_name == '\\x22\\x27'",
      "os_name == 'a\\\nb'",
    ]) {
      const marker = readMarker(text);
      assert.ok(marker.ok, text);
      const again = readMarker(markerToString(marker.value));
      assert.ok(again.ok && markerToString(again.value) === markerToString(marker.value), text);
    }
    for (const text of [
      "os_name == 'a",
      "os_name == '\\U99999999'",
      "os_name == 'a\nb'",
      "os_name not  x",
      "(os_name == 'a'",
    ]) {
      assert.equal(readMarker(text).ok, false, text);
    }
  });
  it("words for sets of three, and for what has none", () => {
    const words = (text: string): string => {
      const marker = readMarker(text);
      assert.ok(marker.ok, text);
      return explainMarker(marker.value);
    };
    assert.equal(words('os_name == "a" or os_name == "b" or os_name == "c"'), "Used on a, on b or on c");
    assert.equal(words('extra != "a"'), "Used without the extra a");
    assert.match(words('platform_machine >= "a"'), /^Used where/);
    assert.match(words('extra > "a"'), /^Used where/);
    assert.match(words('"a" in os_name'), /^Used where/);
    assert.match(words('os_name < "a"'), /^Used where/);
    assert.match(words('implementation_name < "a"'), /^Used where/);
  });
  it("a table of groups that is none is told", () => {
    for (const table of [null, [], 1]) assert.equal(resolveDependencyGroups(table, []).errors.length, 1);
  });
  it("values of a wrong type in groups are told apart from tables of other shape", () => {
    const codes = (entry: unknown): string[] =>
      resolveDependencyGroups({ a: [entry] }, ["A"]).errors.map((error) => error.code);
    for (const entry of [1, null, true, [], { "include-group": 1 }])
      assert.deepEqual(codes(entry), ["invalid-group"]);
    for (const entry of [{}, { include: "b" }, { "include-group": "b", x: 1 }]) {
      assert.deepEqual(codes(entry), ["invalid-group-entry"]);
    }
    assert.deepEqual(resolveDependencyGroups({ a: ["b [x] ; os_name=='nt'"] }, ["a"]).requirements, [
      'b[x]; os_name == "nt"',
    ]);
  });
  it("tags without a minor version, and platforms that have no manylinux", () => {
    assert.deepEqual(supportedTags({ python: [3], abis: [], platforms: ["any"] }), [
      "cp3-none-any",
      "py3-none-any",
    ]);
    assert.ok(supportedTags({ python: [3, 7], platforms: ["win32"] })[0] === "cp37-cp37m-win32");
    assert.ok(
      supportedTags({ python: [3, 12], implementation: "gp", platforms: ["x"] }).includes("gp312-none-x"),
    );
    assert.deepEqual(manylinuxPlatforms("mips", [2, 36]), ["linux_mips"]);
    assert.ok(manylinuxPlatforms("armv8l", [3, 1]).includes("manylinux_2_17_armv7l"));
  });
});
