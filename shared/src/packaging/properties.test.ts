// Laws that hold for every version, set, marker and requirement, tried on generated ones.
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  andMarkers,
  areDisjoint,
  compareVersions,
  evaluateMarker,
  type Marker,
  type MarkerEnvironment,
  markerToString,
  negateMarker,
  orMarkers,
  parseVersion,
  readMarker,
  readRequirement,
  readSpecifierSet,
  requirementToString,
  simplifyMarker,
  sortVersions,
  type Version,
  VersionSet,
} from "./index.ts";

// Few numbers, so that versions meet each other and the ends of sets; a few that do not fit into the packed order.
const number = fc.constantFrom(
  "0",
  "1",
  "2",
  "3",
  "9",
  "63",
  "64",
  "1023",
  "1024",
  "2047",
  "2048",
  "20240101",
  "99999999999999999999",
);
const suffixNumber = fc.constantFrom("0", "1", "2", "2047", "2048", "30000000");
const release = fc.array(number, { minLength: 1, maxLength: 5 }).map((segments) => segments.join("."));
const smallRelease = fc
  .array(fc.constantFrom("0", "1", "2"), { minLength: 1, maxLength: 3 })
  .map((segments) => segments.join("."));

function maybe(part: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.oneof({ weight: 3, arbitrary: fc.constant("") }, { weight: 1, arbitrary: part });
}

const suffixes = fc
  .tuple(
    maybe(fc.tuple(fc.constantFrom("a", "b", "rc"), suffixNumber).map((pair) => pair.join(""))),
    maybe(suffixNumber.map((one) => `.post${one}`)),
    maybe(suffixNumber.map((one) => `.dev${one}`)),
  )
  .map((parts) => parts.join(""));
const publicText = fc
  .tuple(maybe(fc.constantFrom("1!", "2!")), fc.oneof(release, smallRelease), suffixes)
  .map((parts) => parts.join(""));
const local = fc.constantFrom("+a", "+a.1", "+1", "+10", "+1.a", "+cu118");
const versionText = fc.tuple(publicText, maybe(local)).map((parts) => parts.join(""));
const version = versionText.map((text) => parseVersion(text)!);

const clauseText = fc.oneof(
  fc.tuple(fc.constantFrom(">=", "<=", ">", "<", "==", "!="), publicText).map((parts) => parts.join("")),
  fc.tuple(fc.constantFrom("==", "!="), versionText).map((parts) => parts.join("")),
  fc.tuple(fc.constantFrom("==", "!="), smallRelease).map(([operator, text]) => `${operator}${text}.*`),
  fc.tuple(smallRelease, suffixes).map(([text, suffix]) => `~=${text}.1${suffix}`),
);
const specifierText = fc.array(clauseText, { maxLength: 3 }).map((clauses) => clauses.join(","));
const versionSet = fc
  .array(specifierText, { minLength: 1, maxLength: 3 })
  .map((texts) => texts.map((text) => setOf(text)).reduce((all, one) => all.union(one)));
const versions = fc.array(version, { minLength: 1, maxLength: 30 });

function setOf(text: string): VersionSet {
  const result = readSpecifierSet(text);
  assert.ok(result.ok, text);
  return result.value.toVersionSet();
}

/** PEP 440's order, written out once more and plainly, to hold the packed one against. */
function plainCompare(a: Version, b: Version): number {
  const left = plainKey(a);
  const right = plainKey(b);
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const [one, two] = [left[index], right[index]];
    if (one === two) continue;
    if (one === undefined) return -1;
    if (two === undefined) return 1;
    return one < two ? -1 : 1;
  }
  return 0;
}

function plainKey({ parts }: Version): (bigint | string)[] {
  const padded = [...parts.release, ...Array<string>(5).fill("0")].slice(0, 5).map(BigInt);
  const pre = parts.pre ? { a: 1n, b: 2n, rc: 3n }[parts.pre[0]] : parts.dev && !parts.post ? 0n : 4n;
  const key: (bigint | string)[] = [BigInt(parts.epoch), ...padded, pre, BigInt(parts.pre?.[1] ?? 0)];
  key.push(parts.post === undefined ? -1n : BigInt(parts.post), parts.dev === undefined ? 1n : 0n);
  key.push(BigInt(parts.dev ?? 0));
  for (const segment of parts.local ?? []) {
    if (/^\d+$/.test(segment)) key.push(1n, BigInt(segment));
    else key.push(0n, segment);
  }
  return key;
}

describe("versions", () => {
  it("compare as PEP 440 says, by order, by key and plainly", () => {
    fc.assert(
      fc.property(version, version, (a, b) => {
        const expected = plainCompare(a, b);
        assert.equal(Math.sign(compareVersions(a, b)), expected);
        assert.equal(a.key < b.key ? -1 : a.key > b.key ? 1 : 0, expected);
      }),
      { numRuns: 5000 },
    );
  });
  it("print to a text that reads as the same version", () => {
    fc.assert(
      fc.property(versionText, (text) => {
        const first = parseVersion(text)!;
        const second = parseVersion(first.toString())!;
        assert.equal(second.toString(), first.toString());
        assert.equal(compareVersions(first, second), 0);
        assert.equal(first.isPrerelease, second.pre !== undefined || second.dev !== undefined);
        assert.equal(first.isLocal, second.local !== undefined);
      }),
    );
  });
  it("read the same whether written plainly or in another spelling", () => {
    fc.assert(
      fc.property(versionText, (text) => {
        const [plain, other] = [parseVersion(text)!, parseVersion(` V${text.toUpperCase()} `)!];
        assert.equal(plain.order, other.order);
        assert.equal(plain.key, other.key);
        assert.equal(plain.toString(), other.toString());
      }),
    );
  });
  it("sort the same by digits as by comparing", () => {
    fc.assert(
      fc.property(fc.array(version, { minLength: 10, maxLength: 60 }), (some) => {
        const many = Array.from({ length: 40 }, () => some).flat();
        assert.deepEqual(sortVersions(many).map(String), many.toSorted(compareVersions).map(String));
      }),
      { numRuns: 50 },
    );
  });
});

describe("version sets", () => {
  it("hold what their parts hold", () => {
    fc.assert(
      fc.property(versionSet, versionSet, versions, (a, b, list) => {
        for (const one of list) {
          const [inA, inB] = [a.contains(one), b.contains(one)];
          assert.equal(a.union(b).contains(one), inA || inB);
          assert.equal(a.intersect(b).contains(one), inA && inB);
          assert.equal(a.difference(b).contains(one), inA && !inB);
          assert.equal(a.complement().contains(one), !inA);
          if (a.isSubset(b) && inA) assert.ok(inB);
          if (a.isDisjoint(b)) assert.ok(!(inA && inB));
        }
      }),
      { numRuns: 2000 },
    );
  });
  it("obey the laws of sets, and are equal exactly if their keys are", () => {
    fc.assert(
      fc.property(versionSet, versionSet, versionSet, (a, b, c) => {
        const same = (x: VersionSet, y: VersionSet): void => {
          assert.ok(x.equals(y), `${x} and ${y}`);
          assert.equal(x.key, y.key);
        };
        same(a.complement().complement(), a);
        same(a.union(b), b.union(a));
        same(a.intersect(b.union(c)), a.intersect(b).union(a.intersect(c)));
        same(a.union(b).complement(), a.complement().intersect(b.complement()));
        same(a.union(a.complement()), VersionSet.all);
        same(a.intersect(a.complement()), VersionSet.empty);
        same(a.difference(b), a.intersect(b.complement()));
        assert.equal(a.isSubset(b), a.intersect(b).equals(a));
        assert.equal(a.isDisjoint(b), a.intersect(b).isEmpty);
        assert.equal(a.equals(b), a.key === b.key);
      }),
      { numRuns: 2000 },
    );
  });
  it("are never empty between two different ends", () => {
    // Canonical form: a set that is not the empty one has a version, found here among the ends of its own clauses.
    fc.assert(
      fc.property(version, (one) => {
        const single = VersionSet.singleton(one);
        assert.ok(single.contains(one) && !single.isEmpty);
        assert.ok(VersionSet.of([one, one]).equals(single));
        assert.ok(VersionSet.atLeast(one).contains(one));
        assert.ok(
          !VersionSet.strictlyBefore(one).contains(one) && !VersionSet.strictlyAfter(one).contains(one),
        );
        assert.ok(VersionSet.strictlyBefore(one).union(VersionSet.atLeast(one)).isAll);
      }),
    );
  });
  it("say in clauses what they hold", () => {
    fc.assert(
      fc.property(versionSet, (set) => {
        assert.ok(set.toString().length > 0);
        const choices = set.toClauses();
        if (choices === undefined) return;
        const again = choices
          .map((clauses) => setOf(clauses.map((clause) => clause.operator + clause.version).join(",")))
          .reduce((all, one) => all.union(one), VersionSet.empty);
        assert.ok(again.equals(set), `${set} became ${again}`);
      }),
      { numRuns: 2000 },
    );
  });
  it("follow python_version back to python_full_version", () => {
    fc.assert(
      fc.property(versionSet, versions, (set, list) => {
        for (const one of list) {
          if (one.epoch !== 0) continue;
          const pair = parseVersion(`${one.parts.release[0]}.${one.parts.release[1] ?? "0"}`)!;
          assert.equal(set.pullBackMinor().contains(one), set.contains(pair));
        }
      }),
    );
  });
});

describe("specifier sets", () => {
  it("contain what their set holds and what each clause admits", () => {
    fc.assert(
      fc.property(fc.array(clauseText, { maxLength: 3 }), versions, (clauses, list) => {
        const all = readSpecifierSet(clauses.join(","));
        assert.ok(all.ok);
        for (const one of list) {
          const each = clauses.every((text) => setOf(text).contains(one));
          assert.equal(all.value.contains(one, { prereleases: true }), each);
          assert.equal(all.value.toVersionSet().contains(one), each);
          if (each) assert.ok(!all.value.isUnsatisfiable());
        }
      }),
      { numRuns: 1000 },
    );
  });
  it("print to a text that reads as the same set", () => {
    fc.assert(
      fc.property(specifierText, (text) => {
        const first = readSpecifierSet(text);
        const second = readSpecifierSet(first.ok ? first.value.toString() : "");
        assert.ok(first.ok && second.ok && first.value.equals(second.value));
        assert.equal(second.value.toString(), first.value.toString());
      }),
    );
  });
});

const PYTHONS = ["3.7.0", "3.8.0", "3.8.18", "3.9.0rc1", "3.9.0", "3.10.4", "3.11.0a1", "3.12.1"];
const SYSTEMS = [
  { os_name: "posix", sys_platform: "linux", platform_system: "Linux" },
  { os_name: "posix", sys_platform: "darwin", platform_system: "Darwin" },
  { os_name: "nt", sys_platform: "win32", platform_system: "Windows" },
  { os_name: "java", sys_platform: "java1.8", platform_system: "Java" },
];
const EXTRAS = ["", "test", "docs"];

const environments: readonly MarkerEnvironment[] = PYTHONS.flatMap((full) =>
  SYSTEMS.flatMap((system) =>
    EXTRAS.map((extra, index) => ({
      ...system,
      implementation_name: index === 2 ? "pypy" : "cpython",
      implementation_version: full,
      platform_machine: index === 1 ? "aarch64" : "x86_64",
      platform_python_implementation: index === 2 ? "PyPy" : "CPython",
      platform_release: index === 0 ? "6.1.0-18-amd64" : "6.1",
      platform_version: "#1",
      python_full_version: full,
      python_version: full.split(".").slice(0, 2).join("."),
      extra,
    })),
  ),
);

const comparison = fc.oneof(
  fc
    .tuple(
      fc.constantFrom("==", "!=", "<", "<=", ">", ">=", "~="),
      fc.constantFrom("3.7", "3.8", "3.9", "3.10", "3.11"),
    )
    .map(([operator, value]) => `python_version ${operator} "${value}"`),
  fc
    .tuple(fc.constantFrom("==", "!="), fc.constantFrom("3.8.*", "3.*"))
    .map(([operator, value]) => `python_version ${operator} "${value}"`),
  fc
    .tuple(
      fc.constantFrom("==", "!=", "<", "<=", ">", ">=", "~="),
      fc.constantFrom("3.8.0", "3.8.18", "3.9.0rc1", "3.9", "3.11.0a1", "3.13"),
    )
    .map(([operator, value]) => `python_full_version ${operator} "${value}"`),
  fc
    .tuple(fc.constantFrom("==", "!=", "<", "<=", ">", ">="), fc.constantFrom("3.8.0", "3.9"))
    .map(([operator, value]) => `"${value}" ${operator} python_full_version`),
  fc
    .tuple(fc.constantFrom("==", "!=", "<", ">="), fc.constantFrom("linux", "win32", "darwin"))
    .map(([operator, value]) => `sys_platform ${operator} "${value}"`),
  fc
    .tuple(fc.constantFrom("==", "!="), fc.constantFrom("posix", "nt"))
    .map(([operator, value]) => `os_name ${operator} "${value}"`),
  fc.constantFrom(
    'platform_system == "Windows"',
    'platform_machine in "x86_64 AMD64"',
    'platform_machine not in "x86_64 AMD64"',
    '"x86" in platform_machine',
    'platform_release >= "6"',
    'platform_release != "6.1"',
    'platform_python_implementation == "PyPy"',
    'implementation_name == "cpython"',
    'implementation_version < "3.9"',
    'extra == "test"',
    'extra != "docs"',
    'extra == "docs"',
  ),
);
const markerText = fc.letrec<{ marker: string }>((tie) => ({
  marker: fc.oneof(
    { maxDepth: 3, depthSize: "medium" },
    comparison,
    fc.tuple(tie("marker"), fc.constantFrom(" and ", " or "), tie("marker")).map((parts) => parts.join("")),
    tie("marker").map((inner) => `(${inner})`),
  ),
})).marker;
const marker = markerText.map((text) => {
  const result = readMarker(text);
  assert.ok(result.ok, text);
  return result.value;
});

function truth(one: Marker): string {
  return environments.map((environment) => (evaluateMarker(one, environment) ? "1" : "0")).join("");
}

function both(a: string, b: string, combine: (x: boolean, y: boolean) => boolean): string {
  return [...a].map((bit, index) => (combine(bit === "1", b[index] === "1") ? "1" : "0")).join("");
}

describe("markers", () => {
  it("print to a text that reads as the same marker", () => {
    fc.assert(
      fc.property(marker, (one) => {
        const again = readMarker(markerToString(one));
        assert.ok(again.ok);
        assert.equal(markerToString(again.value), markerToString(one));
        assert.equal(truth(again.value), truth(one));
      }),
    );
  });
  it("simplify to something that holds in the same environments and is no longer", () => {
    fc.assert(
      fc.property(marker, (one) => {
        const simple = simplifyMarker(one);
        assert.equal(truth(simple), truth(one), `${markerToString(one)} became ${markerToString(simple)}`);
        if (simple.kind === "constant") return;
        assert.ok(markerToString(simple).length <= markerToString(one).length);
        const again = readMarker(markerToString(simple));
        assert.ok(again.ok && truth(again.value) === truth(one));
      }),
      { numRuns: 3000 },
    );
  });
  it("simplify under known values to what holds where these are so", () => {
    fc.assert(
      fc.property(marker, fc.constantFrom(...environments), (one, environment) => {
        const { sys_platform, os_name, platform_system, extra } = environment;
        const known = { sys_platform, os_name, platform_system, extra: extra! };
        const simple = simplifyMarker(one, known);
        for (const other of environments) {
          if (other.sys_platform !== sys_platform || other.extra !== extra) continue;
          assert.equal(evaluateMarker(simple, other), evaluateMarker(one, other));
        }
      }),
      { numRuns: 300 },
    );
  });
  it("are joined as and, or and not join", () => {
    fc.assert(
      fc.property(marker, marker, (a, b) => {
        assert.equal(
          truth(andMarkers(a, b)),
          both(truth(a), truth(b), (x, y) => x && y),
        );
        assert.equal(
          truth(orMarkers(a, b)),
          both(truth(a), truth(b), (x, y) => x || y),
        );
        const text = markerToString(andMarkers(a, b));
        const again = readMarker(text);
        assert.ok(again.ok && truth(again.value) === truth(andMarkers(a, b)), text);
      }),
    );
  });
  it("are denied where everything they compare has a denial", () => {
    const deniable = marker.filter(
      (one) => !/platform_release|"[\d.]+" [<>=!]+ python/.test(markerToString(one)),
    );
    fc.assert(
      fc.property(deniable, (one) => {
        const denied = negateMarker(one);
        assert.equal(
          truth(denied),
          both(truth(one), truth(one), (x) => !x),
          markerToString(denied),
        );
      }),
      { numRuns: 2000 },
    );
  });
  it("are called disjoint only where no environment has both", () => {
    let shown = 0;
    fc.assert(
      fc.property(marker, marker, (a, b) => {
        if (!areDisjoint(a, b)) return;
        shown++;
        assert.ok(
          !both(truth(a), truth(b), (x, y) => x && y).includes("1"),
          `${markerToString(a)}; ${markerToString(b)}`,
        );
      }),
      { numRuns: 2000 },
    );
    assert.ok(shown > 20, "too few disjoint pairs were found to say anything");
  });
});

describe("requirements", () => {
  it("print to a text that reads as the same requirement, with spans that give the text back", () => {
    const name = fc.constantFrom("flask", "zope.interface", "A_b", "x");
    const extras = fc.constantFrom("", "[a]", "[ b , a ]", "[]");
    const tail = fc.oneof(
      specifierText,
      specifierText.map((text) => ` (${text})`),
      fc.constant(" @ https://example.org/a.whl "),
    );
    const end = fc.oneof(
      fc.constant(""),
      markerText.map((text) => ` ; ${text} `),
    );
    fc.assert(
      fc.property(name, extras, tail, end, (...pieces) => {
        const text = pieces.join("");
        const first = readRequirement(text, 7);
        assert.ok(first.ok, text);
        const second = readRequirement(requirementToString(first.value));
        assert.ok(second.ok);
        assert.equal(requirementToString(second.value), requirementToString(first.value));
        const at = ({ start, end: to }: { start: number; end: number }): string =>
          text.slice(start - 7, to - 7);
        assert.equal(at(first.value.name.span), first.value.name.text);
        for (const extra of first.value.extras) assert.equal(at(extra.span), extra.text);
        for (const clause of first.value.specifier.clauses) {
          assert.equal(at(clause.span), clause.operator + clause.version);
          assert.equal(at(clause.versionSpan), clause.version);
        }
        if (first.value.url) assert.equal(at(first.value.url.span), first.value.url.text);
        if (first.value.markerSpan) assert.ok(readMarker(at(first.value.markerSpan)).ok);
      }),
    );
  });
});
