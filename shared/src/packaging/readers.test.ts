// What the readers say of single texts: errors with their places, repairs, words, file names, metadata.
import assert from "node:assert/strict";
import {
  areDisjoint,
  evaluateMarker,
  explainMarker,
  guessArtifact,
  type Marker,
  type MarkerEnvironment,
  markerToString,
  readCoreMetadata,
  readLicenseExpression,
  readMarker,
  readRequirementLenient,
  readSpecifierSet,
  readSpecifierSetLenient,
  readVersion,
  requirementToString,
  simplifyMarker,
  VersionSet,
  windowsPlatforms,
} from "./index.ts";

function markerOf(text: string): Marker {
  const result = readMarker(text);
  assert.ok(result.ok, text);
  return result.value;
}

describe("errors of specifiers and versions", () => {
  const cases: readonly (readonly [text: string, code: string, offset: number, length: number])[] = [
    ["1.0", "missing-operator", 0, 3],
    ["=1.0", "invalid-operator", 0, 1],
    [">=1, =>2", "invalid-operator", 5, 2],
    [">= ", "missing-version", 0, 2],
    ["~=1", "compatible-needs-two-segments", 2, 1],
    [">=1.*", "wildcard-not-allowed", 0, 5],
    ["==1.0a1.*", "wildcard-not-allowed", 0, 9],
    [">=1+a", "local-not-allowed", 0, 5],
    ["==x", "invalid-version", 2, 1],
    [">=1 <2", "invalid-specifier", 3, 3],
    [`==${"9".repeat(5000)}`, "version-number-too-long", 2, 5000],
  ];
  for (const [text, code, offset, length] of cases) {
    it(`${text.slice(0, 20)} is ${code} at ${offset}`, () => {
      const result = readSpecifierSet(text, 10);
      assert.ok(!result.ok);
      assert.deepEqual(
        [result.error.code, result.error.offset, result.error.length],
        [code, 10 + offset, length],
      );
    });
  }
  it("a version's error stands where the version ends", () => {
    const result = readVersion("1.0.dev1.x");
    assert.ok(!result.ok);
    assert.equal(result.error.offset, 8);
    assert.match(result.error.expected ?? "", /local label/);
    assert.equal(readVersion("9".repeat(5000)).ok, false);
    assert.equal(readVersion("  ").ok, false);
    assert.equal(readVersion("1.0+a!").ok, false);
    assert.equal(readSpecifierSet("==1,".repeat(20_000)).ok, false);
  });
});

describe("repair of old metadata", () => {
  const cases: readonly (readonly [text: string, repaired: string])[] = [
    ["a (>=3.5.*)", "a>=3.5"],
    ["pytz (>dev)", "pytz>0.0.0.dev0"],
    ["a>=1.0<2.0", "a<2.0,>=1.0"],
    ["a>=1.0 <2.0; os_name == 'nt'", 'a<2.0,>=1.0; os_name == "nt"'],
    ["a!=~3.0", "a!=3.0.*"],
    ["a!=3.0*", "a!=3.0.*"],
    ["a (>='2.7')", "a>=2.7"],
    ["a (>=1.0,)", "a>=1.0"],
    ["a=>1.0", "a>=1.0"],
  ];
  for (const [text, repaired] of cases) {
    it(`${text} is read as ${repaired}`, () => {
      const result = readRequirementLenient(text);
      assert.ok(result.ok);
      assert.equal(requirementToString(result.value.requirement), repaired);
    });
  }
  it("what is in order is not touched, and what cannot be read keeps its own error", () => {
    const fine = readSpecifierSetLenient(">=1");
    assert.ok(fine.ok && fine.value.repairs.length === 0);
    const odd = readSpecifierSetLenient(">=3.*,<4");
    assert.ok(odd.ok && odd.value.specifier.toString() === "<4,>=3" && odd.value.repairs.length === 1);
    assert.equal(readSpecifierSetLenient("nonsense").ok, false);
    assert.equal(readRequirementLenient("a @ ").ok, false);
    assert.equal(readRequirementLenient("x".repeat(30_000).concat(">")).ok, false);
  });
});

describe("markers in words", () => {
  const cases: readonly (readonly [text: string, words: string])[] = [
    ['sys_platform == "win32"', "Used on Windows"],
    ['sys_platform != "darwin"', "Used except on macOS"],
    ['python_version >= "3.8"', "Used with Python 3.8 or newer"],
    ['"3.8" > python_version', "Used with Python older than 3.8"],
    ['python_version == "3.8.*"', "Used with Python 3.8"],
    ['python_version != "3.8"', "Used except with Python 3.8"],
    ['python_version > "3.8"', "Used with Python newer than 3.8"],
    ['python_version <= "3.8"', "Used with Python 3.8 or older"],
    ['python_version ~= "3.8"', "Used with Python 3.8 or newer of the same series"],
    ['python_version === "3.8"', 'Used where python_version === "3.8"'],
    ['extra == "test"', "Used with the extra test"],
    ['"docs" in dependency_groups', "Used with the dependency group docs"],
    ['"a" not in extras', "Used without the extra a"],
    ['platform_machine == "x86_64"', "Used on x86_64 machines"],
    ['implementation_name != "pypy"', "Used except under pypy"],
    ['implementation_version >= "3"', "Used with the implementation's version 3 or newer"],
    ['"x" in platform_version', 'Used where "x" in platform_version'],
    ["os_name == sys_platform", "Used where os_name == sys_platform"],
    [
      'os_name == "nt" and (extra == "a" or extra == "b")',
      "Used on Windows and (with the extra a or with the extra b)",
    ],
  ];
  for (const [text, words] of cases)
    it(`${text}: ${words}`, () => assert.equal(explainMarker(markerOf(text)), words));

  it("a simplified marker is short, or a constant", () => {
    const simple = (text: string, known = {}): string => {
      const marker = simplifyMarker(markerOf(text), known);
      return marker.kind === "constant" ? explainMarker(marker) : markerToString(marker);
    };
    assert.equal(simple('python_version >= "3.6" and python_version >= "3.8"'), 'python_version >= "3.8"');
    assert.equal(simple('os_name == "nt" or os_name != "nt"'), "Used everywhere");
    assert.equal(simple('os_name == "nt" and os_name != "nt"'), "Never used");
    assert.equal(simple('os_name == "nt" and extra == "a"', { os_name: "nt" }), 'extra == "a"');
    assert.equal(areDisjoint(markerOf('sys_platform == "win32"'), markerOf('os_name == "posix"')), true);
    assert.equal(areDisjoint(markerOf('extra == "a"'), markerOf('extra == "b"')), false);
  });
  it("an extra counts where it was asked for", () => {
    const environment = { python_version: "3.11" } as MarkerEnvironment;
    const marker = markerOf('extra == "b"');
    assert.equal(evaluateMarker(marker, environment), false);
    assert.equal(evaluateMarker(marker, environment, ["a", "B"]), true);
  });
});

describe("file names, metadata and licences", () => {
  it("old names on an index page are told by kind and version", () => {
    const guess = (filename: string, project: string): string => {
      const { kind, version } = guessArtifact(filename, project);
      return `${kind} ${version ?? "-"}`;
    };
    assert.equal(guess("zope.interface-5.0.0.tar.gz", "zope-interface"), "sdist 5.0.0");
    assert.equal(guess("foo-bar-1.0-1.tar.bz2", "foo_bar"), "sdist 1.0.post1");
    assert.equal(guess("foo-1.0-py2.7.egg", "foo"), "egg 1.0");
    assert.equal(guess("foo-1.0.linux-x86_64.tar.gz", "foo"), "other -");
    assert.equal(guess("foo-1.0.exe", "foo"), "other -");
    assert.equal(guess("foo-1.0-py3-none-any.whl", "foo"), "wheel 1.0");
    assert.equal(guess("foo-1.0-none.whl", "foo"), "wheel 1.0");
    assert.equal(guess("bar-1.0.zip", "foo"), "sdist -");
  });
  it("core metadata is read with folding, repeats, faults and a body that is no header", () => {
    const text =
      "\ufeffMetadata-Version: 9.9\r\nName: a_\r\nName: b\r\nVersion: x\r\nRequires-Python: >=3.5.*\r\n" +
      "Requires-Dist: b\r\n  (>=1)\r\nRequires-Dist: c d\r\nProject-URL: here\r\nnot a header\r\nName: c\r\n";
    const { metadata, errors } = readCoreMetadata(text, { validate: true });
    assert.equal(metadata.name, "a_");
    assert.equal(metadata.requiresDist.length, 2);
    assert.match(metadata.description ?? "", /^not a header/);
    const codes = errors.map((error) => error.code).sort();
    assert.deepEqual(codes, [
      "invalid-header",
      "invalid-name",
      "invalid-version",
      "repeated-field",
      "unexpected-text",
      "unknown-metadata-version",
      "wildcard-not-allowed",
    ]);
    assert.equal(readCoreMetadata("").errors.length, 2);
    const latin = readCoreMetadata(
      new Uint8Array([78, 97, 109, 101, 58, 32, 97, 10, 65, 117, 116, 104, 111, 114, 58, 32, 233]),
    );
    assert.equal(latin.metadata.author, "é");
    const folded = readCoreMetadata("Name: a\nVersion: 1\nDescription: one\n       |two\n       |three\n");
    assert.equal(folded.metadata.description, "one\ntwo\nthree");
    assert.equal(
      readCoreMetadata("Description: one\n    two\n      three\n").metadata.description,
      "one\ntwo\n  three",
    );
  });
  it("a licence that is not known is pointed at", () => {
    const result = readLicenseExpression("MIT OR Nonsense");
    assert.ok(!result.ok);
    assert.deepEqual([result.error.offset, result.error.length], [7, 8]);
    assert.equal(readLicenseExpression("x".repeat(20_000)).ok, false);
  });
  it("sets and platforms have words", () => {
    assert.equal(
      VersionSet.fromClause(">=", "1").intersect(VersionSet.fromClause("<", "2")).toString(),
      ">=1,<2",
    );
    assert.equal(VersionSet.fromClause("!=", "1.*").toString(), "!=1.*");
    assert.equal(VersionSet.fromClause(">", "1").complement().toString(), "<=1 and its post-releases");
    assert.equal(VersionSet.fromClause(">=", "1").complement().toString(), "before 1");
    assert.equal(VersionSet.fromClause("===", "x").isEmpty, true);
    assert.throws(() => VersionSet.fromClause(">=", "x"), RangeError);
    assert.deepEqual(["AMD64", "ARM64", "x86", "mips"].flatMap(windowsPlatforms), [
      "win_amd64",
      "win_arm64",
      "win32",
      "win_mips",
    ]);
  });
});
