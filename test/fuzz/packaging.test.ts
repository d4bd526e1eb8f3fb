// Every reader of the packaging standards on arbitrary, mutated and very long text, with a fixed budget of inputs each:
// it answers or gives an error with a place inside the text, never throws, never hangs.
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  evaluateMarker,
  expandTags,
  explainMarker,
  guessArtifact,
  type MarkerEnvironment,
  markerToString,
  negateMarker,
  parseVersion,
  readCoreMetadata,
  readLicenseExpression,
  readMarker,
  readRequirement,
  readRequirementLenient,
  readSdistFilename,
  readSpecifierSet,
  readSpecifierSetLenient,
  readVersion,
  readWheelFilename,
  requirementToString,
  resolveDependencyGroups,
  simplifyMarker,
} from "../../shared/src/packaging/index.ts";
import type { Result } from "../../shared/src/result.ts";

const RUNS = 3000;

const environment: MarkerEnvironment = {
  implementation_name: "cpython",
  implementation_version: "3.11.7",
  os_name: "posix",
  platform_machine: "x86_64",
  platform_python_implementation: "CPython",
  platform_release: "6.1.0-18-amd64",
  platform_system: "Linux",
  platform_version: "#1 SMP",
  python_full_version: "3.11.7",
  python_version: "3.11",
  sys_platform: "linux",
};

const SEEDS: Readonly<Record<string, readonly string[]>> = {
  version: ["1.0", "1!2.3.4a5.post6.dev7+local.8", " v1.0-rc.1 ", "1.0-1", "20240101.0", "1.0+ubuntu_1-2"],
  specifier: [">=1.0,<2", "~=1.4.2", "==1.*", "!=1.0+cu118", "===any thing", ">= 1 , != 1.5.* ,"],
  marker: [
    'python_version >= "3.8" and (os_name == "nt" or extra == "x")',
    '"a" in extras',
    "platform.machine not in 'x86_64'",
    "python_full_version ~= '3.8.1'",
  ],
  requirement: [
    'requests[security,tests]>=2.8.1,==2.8.*;python_version<"2.7"',
    "name @ https://example.org/x.whl ; os_name == 'nt'",
    "pytz (>dev)",
    "A.B-C (>=1.0,<2)",
  ],
  wheel: [
    "foo-1.0-1a-py2.py3-none-any.whl",
    "foo_bar-1.0-cp312-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
  ],
  sdist: ["foo-1.0.tar.gz", "foo-bar-1.0.zip", "foo-1.0-py2.7.egg", "foo-1.0.linux-x86_64.tar.gz"],
  metadata: [
    "Metadata-Version: 2.1\nName: a\nVersion: 1\nRequires-Dist: b (>=1)\n  ,<2\n\nbody\n",
    "Name:\r\n x\r\n\r\n",
  ],
  license: ["MIT OR (Apache-2.0 AND LicenseRef-x)", "GPL-2.0-only WITH Classpath-exception-2.0", "mit+"],
};

const PIECES = [
  " ",
  "\t",
  "\n",
  "\0",
  ",",
  ";",
  "(",
  ")",
  "[",
  "]",
  "'",
  '"',
  "\\",
  "@",
  "*",
  ".",
  "-",
  "+",
  "!",
  "==",
  "~=",
  "0",
  "9".repeat(50),
  "é",
  "ſ",
  "😀",
  "\ud800",
  "\u2028",
  "and",
  "or",
  "dev",
  "__proto__",
];

/** Arbitrary text, and valid text with pieces put in, taken out and doubled. */
function inputs(seeds: readonly string[]): fc.Arbitrary<string> {
  const edit = fc.record({ at: fc.nat(60), drop: fc.nat(4), put: fc.constantFrom("", ...PIECES) });
  const mutated = fc
    .tuple(fc.constantFrom(...seeds), fc.array(edit, { maxLength: 5 }))
    .map(([seed, edits]) =>
      edits.reduce((text, { at, drop, put }) => text.slice(0, at) + put + text.slice(at + drop), seed),
    );
  const pieces = fc
    .array(fc.constantFrom(...PIECES, ...seeds), { maxLength: 12 })
    .map((parts) => parts.join(""));
  return fc.oneof(mutated, pieces, fc.string({ unit: "binary", maxLength: 40 }));
}

function checkPlace(text: string, result: Result<unknown>, base = 0): void {
  if (result.ok) return;
  const { offset, length, message, code } = result.error;
  assert.ok(
    offset >= base && length >= 0 && offset - base + length <= text.length,
    `${offset}+${length} of ${text.length}`,
  );
  assert.ok(message.length > 0 && message.length < 400 && /^[a-z-]+$/.test(code));
}

const TARGETS: Readonly<Record<string, { seeds: readonly string[]; read: (text: string) => void }>> = {
  readVersion: {
    seeds: SEEDS.version!,
    read(text) {
      const result = readVersion(text);
      checkPlace(text, result);
      if (result.ok) assert.equal(parseVersion(result.value.toString())!.key, result.value.key);
    },
  },
  readSpecifierSet: {
    seeds: SEEDS.specifier!,
    read(text) {
      const result = readSpecifierSet(text, 5);
      checkPlace(text, result, 5);
      if (!result.ok) return;
      result.value.contains("1.0");
      result.value.isUnsatisfiable();
      result.value.toVersionSet().toString();
      assert.ok(readSpecifierSet(result.value.toString()).ok);
    },
  },
  readSpecifierSetLenient: {
    seeds: [...SEEDS.specifier!, ">=3.5.*", "!=~3.0", ">=2.7 <4", ">=1.0*"],
    read: (text) => checkPlace(text, readSpecifierSetLenient(text)),
  },
  readMarker: {
    seeds: SEEDS.marker!,
    read(text) {
      const result = readMarker(text, 5);
      checkPlace(text, result, 5);
      if (!result.ok) return;
      const { value } = result;
      evaluateMarker(value, environment, ["x"]);
      explainMarker(value);
      negateMarker(value);
      simplifyMarker(value, { os_name: "nt" });
      const again = readMarker(markerToString(value));
      assert.ok(again.ok && markerToString(again.value) === markerToString(value), markerToString(value));
    },
  },
  readRequirement: {
    seeds: SEEDS.requirement!,
    read(text) {
      const result = readRequirement(text, 5);
      checkPlace(text, result, 5);
      if (result.ok)
        assert.ok(readRequirement(requirementToString(result.value)).ok, requirementToString(result.value));
    },
  },
  readRequirementLenient: {
    seeds: SEEDS.requirement!,
    read: (text) => checkPlace(text, readRequirementLenient(text)),
  },
  readWheelFilename: {
    seeds: SEEDS.wheel!,
    read(text) {
      const result = readWheelFilename(text);
      checkPlace(text, result);
      if (result.ok) assert.ok(result.value.tags.length > 0);
    },
  },
  readSdistFilename: { seeds: SEEDS.sdist!, read: (text) => checkPlace(text, readSdistFilename(text)) },
  guessArtifact: {
    seeds: [...SEEDS.sdist!, ...SEEDS.wheel!],
    read: (text) =>
      assert.ok(["wheel", "sdist", "egg", "other"].includes(guessArtifact(text, "foo-bar").kind)),
  },
  readCoreMetadata: {
    seeds: SEEDS.metadata!,
    read(text) {
      for (const error of readCoreMetadata(text, { validate: true }).errors)
        checkPlace(text, { ok: false, error });
      readCoreMetadata(new TextEncoder().encode(text).map((byte, index) => (index % 7 ? byte : byte ^ 0x80)));
    },
  },
  readLicenseExpression: {
    seeds: SEEDS.license!,
    read: (text) => checkPlace(text, readLicenseExpression(text)),
  },
};

describe("the readers of the packaging standards", () => {
  for (const [name, { seeds, read }] of Object.entries(TARGETS)) {
    it(`${name} answers whatever the text is`, () => {
      for (const seed of seeds) read(seed);
      fc.assert(fc.property(inputs(seeds), read), { numRuns: RUNS });
    });
  }

  it("resolveDependencyGroups answers whatever the table is", () => {
    fc.assert(
      fc.property(fc.anything(), (table) => {
        resolveDependencyGroups(table, ["a", "b"]);
      }),
      { numRuns: RUNS },
    );
    const entry = fc.oneof(
      fc.constantFrom("x", "x>=", 1, null),
      fc.constantFrom("a", "B").map((name) => ({ "include-group": name })),
    );
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom("a", "A", "b"), fc.array(entry, { maxLength: 4 })),
        (table) => {
          resolveDependencyGroups(table, ["a", "b"]);
        },
      ),
      { numRuns: RUNS },
    );
  });

  // A pattern that goes back over what it has read would need hours for these: mocha's own limit is what fails then.
  const LENGTH = 10_000_000;
  const units = [
    "0",
    "1.",
    " ",
    "-",
    "a",
    "(",
    "[",
    "'",
    "\\",
    ",",
    "=",
    "==1,",
    "_.",
    "1-",
    "x[",
    ".post",
    "\t ",
    "-1-",
    "python_version ",
    "and ",
  ];
  for (const [name, { read }] of Object.entries(TARGETS)) {
    it(`${name} gets through ten million characters`, () => {
      for (const unit of units) {
        const long = unit.repeat(Math.floor(LENGTH / unit.length));
        read(long);
      }
      for (const [start, unit] of [
        ["name", " "],
        ["name>=1", "."],
        ["name==1", ".0"],
        ["name; os_name == '", "x"],
        ["name; os_name == '", "\\x"],
        ["1.0+", "a."],
        ["a-1-", "py3."],
        ["Name: ", " \n "],
      ] as const) {
        read(start + unit.repeat(1_000_000));
      }
    }).timeout(120_000);
  }

  it("parentheses nested a million deep are an error, not a crash", () => {
    const deep = "(".repeat(1_000_000);
    checkPlace(deep, readMarker(deep));
    assert.equal(readMarker(deep).ok, false);
    assert.equal(readLicenseExpression(`${deep}MIT`).ok, false);
  });

  it("tags that would multiply are refused before they are", () => {
    const many = Array.from({ length: 200 }, (_, index) => `p${index}`).join(".");
    assert.equal(readWheelFilename(`a-1-${many}-${many}-${many}.whl`).ok, false);
    assert.equal(expandTags("py2.py3", "none", "any").length, 2);
  });
});
