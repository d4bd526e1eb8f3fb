// Markers as diagrams: the same meaning as evaluating them, equal numbers for equal sets, and texts that read back the same.
import assert from "node:assert/strict";
import fc from "fast-check";
import { markersOf } from "../environment/markers.ts";
import { evaluateMarker, type Marker, markerToString, readMarker } from "./marker.ts";
import { ALWAYS, MarkerDiagram, NEVER } from "./markerDiagram.ts";
import { boundPythons, pythonCode } from "./pythonRange.ts";
import { readSpecifierSet } from "./specifier.ts";

function read(text: string): Marker {
  const result = readMarker(text);
  assert.ok(result.ok, text);
  return result.value;
}

const ENVIRONMENTS = ["linux", "darwin", "win32"].flatMap((platform) =>
  ["3.7.0", "3.8.0", "3.8.10", "3.9.1", "3.10.2", "3.11.7", "3.12.0"].flatMap((pythonVersion) =>
    ["cpython", "pypy"].flatMap((implementation) =>
      ["x86_64", "arm64"].map((architecture) =>
        markersOf({ pythonVersion, implementation, platform, architecture }),
      ),
    ),
  ),
);

const version = fc.constantFrom("3.7", "3.8", "3.9", "3.10", "3.8.10", "3.11.7", "3", "4");
const atom = fc.oneof(
  fc
    .tuple(
      fc.constantFrom("python_version", "python_full_version"),
      fc.constantFrom("<", "<=", ">", ">=", "==", "!="),
      version,
    )
    .map(([name, operator, value]) => `${name} ${operator} "${value}"`),
  fc
    .tuple(fc.constantFrom("==", "!="), fc.constantFrom("3.8.*", "3.*"))
    .map(([operator, value]) => `python_full_version ${operator} "${value}"`),
  fc
    .tuple(fc.constantFrom("==", "!="), fc.constantFrom("linux", "win32", "darwin"))
    .map(([operator, value]) => `sys_platform ${operator} "${value}"`),
  fc
    .tuple(fc.constantFrom("==", "!="), fc.constantFrom("Linux", "Windows"))
    .map(([operator, value]) => `platform_system ${operator} "${value}"`),
  fc.constantFrom(
    'os_name == "nt"',
    'os_name != "posix"',
    'platform_machine in "x86_64 AMD64"',
    'platform_machine not in "x86_64 AMD64"',
    '"arm" in platform_machine',
    'implementation_name == "pypy"',
    'python_version in "3.8 3.9"',
    '"3.9" <= python_version',
  ),
);
const text = fc.letrec<{ marker: string }>((tie) => ({
  marker: fc.oneof(
    { maxDepth: 4 },
    atom,
    fc
      .tuple(tie("marker"), fc.constantFrom("and", "or"), tie("marker"))
      .map(([left, word, right]) => `(${left}) ${word} (${right})`),
  ),
})).marker;

describe("a marker as a diagram", () => {
  it("printed, holds in exactly the environments of the marker", () => {
    fc.assert(
      fc.property(text, (one) => {
        const marker = read(one);
        const diagram = new MarkerDiagram();
        const printed = diagram.toMarker(diagram.of(marker));
        for (const environment of ENVIRONMENTS) {
          const holds = printed === undefined || evaluateMarker(printed, environment);
          assert.equal(holds, evaluateMarker(marker, environment), printed && markerToString(printed));
        }
      }),
      { numRuns: 400 },
    );
  });

  it("printed and read again is the same set", () => {
    fc.assert(
      fc.property(text, (one) => {
        const diagram = new MarkerDiagram();
        const set = diagram.of(read(one));
        const printed = diagram.toMarker(set);
        const again = diagram.of(printed && read(markerToString(printed)));
        assert.ok(diagram.isSubset(set, again) && diagram.isSubset(again, set));
      }),
      { numRuns: 400 },
    );
  });

  it("under what is given, says no more than what is left to say", () => {
    fc.assert(
      fc.property(text, text, (one, other) => {
        const diagram = new MarkerDiagram();
        const [set, given] = [diagram.of(read(one)), diagram.of(read(other))];
        const printed = diagram.toMarker(set, given);
        for (const environment of ENVIRONMENTS) {
          if (!evaluateMarker(read(other), environment)) continue;
          const holds = printed === undefined || evaluateMarker(printed, environment);
          assert.equal(holds, evaluateMarker(read(one), environment), printed && markerToString(printed));
        }
      }),
      { numRuns: 400 },
    );
  });

  const shorter: readonly (readonly [string, string, string | undefined])[] = [
    ['python_version >= "3.8" and python_version < "3.12"', ">=3.8", 'python_version < "3.12"'],
    ['python_full_version >= "3.11.7"', ">=3.11.7", undefined],
    ['sys_platform == "linux" or sys_platform != "linux"', ">=3.8", undefined],
    [
      'platform_system == "Windows" or os_name == "nt"',
      ">=3.8",
      'os_name == "nt" or sys_platform == "win32"',
    ],
    [
      'sys_platform == "linux" or (sys_platform != "linux" and python_version < "3.9")',
      ">=3.8",
      'python_version < "3.9" or sys_platform == "linux"',
    ],
    ['python_full_version == "3.9.*"', ">=3.8", 'python_version == "3.9"'],
    ['python_version > "3.9"', ">=3.8", 'python_version >= "3.10"'],
  ];
  for (const [given, pythons, expected] of shorter) {
    it(`${given} for Python ${pythons} is told as ${expected ?? "nothing"}`, () => {
      const diagram = new MarkerDiagram();
      const specifier = readSpecifierSet(pythons);
      assert.ok(specifier.ok);
      const printed = diagram.toMarker(
        diagram.of(read(given)),
        diagram.pythonsIn(boundPythons(specifier.value)),
      );
      assert.equal(printed && markerToString(printed), expected);
    });
  }

  it("knows that Windows is no Linux and that nt is neither Linux nor macOS", () => {
    const diagram = new MarkerDiagram();
    const sets = ['platform_system == "Windows"', 'sys_platform == "linux"', 'os_name == "nt"'].map((one) =>
      diagram.of(read(one)),
    );
    assert.equal(diagram.and(sets[0]!, sets[1]!), NEVER);
    assert.equal(diagram.and(sets[1]!, sets[2]!), NEVER);
    assert.notEqual(diagram.and(sets[0]!, sets[2]!), NEVER);
  });

  it("tells the Pythons that a marker admits", () => {
    const diagram = new MarkerDiagram();
    const pythons = (one: string) => diagram.pythons(diagram.of(read(one)));
    assert.deepEqual(pythons('python_version >= "3.8" and sys_platform == "linux"'), {
      low: pythonCode([3, 8]),
      high: Number.POSITIVE_INFINITY,
    });
    assert.equal(pythons('python_version >= "3.8" or sys_platform == "linux"'), undefined);
    assert.equal(pythons('sys_platform == "linux"'), undefined);
  });

  it("fills in extras", () => {
    const diagram = new MarkerDiagram();
    const set = diagram.of(read('sys_platform == "win32" or extra == "docs"'));
    assert.equal(
      diagram.assume(set, () => true),
      ALWAYS,
    );
    assert.equal(
      diagram.assume(set, () => false),
      diagram.of(read('sys_platform == "win32"')),
    );
  });
});
