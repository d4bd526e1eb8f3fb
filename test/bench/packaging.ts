// Versions, order and containment against `packaging` in Python, on the same rows in the same run.
//
// Every round has strings that were not seen before, so that no memory of earlier parses helps either side; one round warms
// the engine up and is not counted. Python is the one in BENCH_PYTHON, which has `packaging`, or a virtual environment
// that is made in the cache folder below the system's temporary one on first use.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseVersion, readSpecifierSet, sortVersions } from "../../shared/src/packaging/index.ts";
import { median, pythonWith, type Row } from "./support.ts";

interface Round {
  readonly versions: readonly string[];
  readonly specifiers: readonly string[];
  readonly candidates: readonly string[];
}

/** Seconds. */
interface Times {
  readonly parse: number;
  readonly compare: number;
  readonly contain: number;
  /** How many answers were yes: equal on both sides, or the comparison is worth nothing. */
  readonly hits: number;
}

const ROUNDS = 5;
const VERSIONS = 40_000;
const SPECIFIERS = 1_000;
const CANDIDATES = 60;
const REACH = 20;

/** A small generator of numbers, seeded, so that every run has the same rows. */
function makeRandom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 4_294_967_296) * below);
  };
}

/** Forms in about the shares that the public index has: nearly all plain, some with suffixes, few with labels or epochs. */
function makeVersion(random: (below: number) => number): string {
  const release = `${random(60)}.${random(400)}.${random(400)}`;
  const kind = random(100);
  if (kind < 80) return release;
  if (kind < 84) return `${release}rc${random(20)}`;
  if (kind < 88) return `${release}.dev${random(3000)}`;
  if (kind < 91) return `${release}.post${random(20)}`;
  if (kind < 94) return `${release}${random(2) ? "a" : "b"}${random(20)}`;
  if (kind < 96) return `${release}.${random(30)}`;
  if (kind < 98) return `${release}.20${10 + random(15)}${1000 + random(200)}`;
  return kind === 98 ? `${release}+cu${random(200)}` : `1!${release}`;
}

function makeDistinct(count: number, make: () => string): string[] {
  const found = new Set<string>();
  while (found.size < count) found.add(make());
  return [...found];
}

function makeRound(seed: number): Round {
  const random = makeRandom(seed);
  const plain = (): string => `${random(60)}.${random(400)}.${random(400)}`;
  const makeSpecifier = (): string => {
    switch (random(6)) {
      case 0:
        return `==${plain()}`;
      case 1:
        return `~=${plain()}`;
      case 2:
        return `>=${plain()},<${random(60)}`;
      case 3:
        return `>=${plain()},!=${plain()},!=${random(60)}.${random(400)}.*`;
      case 4:
        return `<${plain()}`;
      default:
        return `>=${plain()}`;
    }
  };
  return {
    versions: makeDistinct(VERSIONS, () => makeVersion(random)),
    specifiers: makeDistinct(SPECIFIERS, makeSpecifier),
    candidates: makeDistinct(CANDIDATES, () => makeVersion(random)),
  };
}

function measure(round: Round): Times {
  const start = performance.now();
  const versions = round.versions.map((text) => parseVersion(text)!);
  const parsed = performance.now();
  sortVersions(versions);
  const compared = performance.now();
  const candidates = round.candidates.map((text) => parseVersion(text)!);
  let hits = 0;
  for (const text of round.specifiers) {
    const specifier = readSpecifierSet(text);
    if (!specifier.ok) throw new Error(`not a specifier: ${text}`);
    for (const candidate of candidates)
      if (specifier.value.contains(candidate, { prereleases: true })) hits++;
  }
  const end = performance.now();
  return {
    parse: (parsed - start) / 1000,
    compare: (compared - parsed) / 1000,
    contain: (end - compared) / 1000,
    hits,
  };
}

const PEER = `
import json, sys, time
from packaging.version import Version
from packaging.specifiers import SpecifierSet
import packaging
times = []
for round in json.load(open(sys.argv[1])):
    start = time.perf_counter()
    versions = [Version(text) for text in round["versions"]]
    parsed = time.perf_counter()
    versions.sort()
    compared = time.perf_counter()
    candidates = [Version(text) for text in round["candidates"]]
    hits = 0
    for text in round["specifiers"]:
        specifier = SpecifierSet(text)
        for candidate in candidates:
            if specifier.contains(candidate, prereleases=True):
                hits += 1
    end = time.perf_counter()
    times.append({"parse": parsed - start, "compare": compared - parsed, "contain": end - compared, "hits": hits})
print(json.dumps({"version": packaging.__version__, "python": sys.version.split()[0], "times": times}))
`;

/** Measures both sides and gives one row per kind of work, and one for all of it. */
export async function run(): Promise<Row[]> {
  const rounds = Array.from({ length: ROUNDS + 1 }, (_, index) => makeRound(index + 1));
  const folder = mkdtempSync(join(tmpdir(), "thoth-bench-"));
  try {
    const file = join(folder, "rounds.json");
    writeFileSync(file, JSON.stringify(rounds));
    const answer = execFileSync(pythonWith("packaging", "packaging>=26"), ["-c", PEER, file], {
      encoding: "utf8",
    });
    const peer = JSON.parse(answer) as { version: string; python: string; times: Times[] };
    const ours = rounds.map(measure);
    ours.forEach((times, index) => {
      if (times.hits !== peer.times[index]!.hits) {
        throw new Error(
          `round ${index}: ${times.hits} versions admitted here, ${peer.times[index]!.hits} by packaging`,
        );
      }
    });
    const total = (times: Times): number => times.parse + times.compare + times.contain;
    const label = `packaging ${peer.version}, Python ${peer.python}`;
    const row = (what: string, of: (times: Times) => number): Row => {
      const [mine, theirs] = [median(ours.slice(1).map(of)), median(peer.times.slice(1).map(of))];
      const ratio = theirs / mine;
      return {
        what,
        ours: `${(mine * 1000).toFixed(1)} ms`,
        peer: `${(theirs * 1000).toFixed(1)} ms (${label})`,
        ratio,
        reach: `≥ ${REACH} × faster`,
        met: ratio >= REACH,
      };
    };
    return [
      row("parse and compare versions, test containment", total),
      row(`· parse ${VERSIONS} distinct versions`, (times) => times.parse),
      row(`· sort them`, (times) => times.compare),
      row(`· ${SPECIFIERS} specifiers, read, each against ${CANDIDATES} versions`, (times) => times.contain),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  for (const { what, ours, peer, ratio, reach, met } of await run()) {
    console.log(
      `${what}\n  ${ours} against ${peer}: ${ratio.toFixed(1)} × faster (${reach}: ${met ? "met" : "not met"})`,
    );
  }
}
