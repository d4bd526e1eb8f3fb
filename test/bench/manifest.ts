// Requirements files against pip-requirements-parser in Python, and a 5 MB lock against JSON.parse, in the same run.
//
// Every round has a text that was not read before. Python is the one in BENCH_PYTHON, which has pip-requirements-parser, or
// a virtual environment that is made in the cache folder below the system's temporary one on first use.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { readPipfileLock } from "../../shared/src/manifest/pipfileLock.ts";
import { readRequirements } from "../../shared/src/manifest/requirements.ts";
import { pythonWith, type Row } from "./support.ts";

const ROUNDS = 15;

/** A requirements file of the kind people have: pins, ranges, extras, markers, comments, a hash here and there. */
function makeRequirements(lines: number, round: number): string {
  const made: string[] = [];
  for (let at = 0; at < lines; at++) {
    const name = `package-${round}-${at}`;
    switch (at % 10) {
      case 0:
        made.push(`# group ${at}`);
        break;
      case 1:
        made.push(`${name}[extra]>=${at % 9}.${round},<${(at % 9) + 2}  # why`);
        break;
      case 2:
        made.push(`${name}==${at}.1 ; python_version < "3.${at % 13}"`);
        break;
      case 3:
        made.push(`${name}==1.${at} --hash=sha256:${String(at).padStart(64, "0")}`);
        break;
      default:
        made.push(`${name}==${round}.${at}.0`);
    }
  }
  return `${made.join("\n")}\n`;
}

function makeLock(round: number): string {
  const packages = (from: number) =>
    Object.fromEntries(
      Array.from({ length: 1550 }, (_, at) => [
        `package-${from + at}`,
        {
          hashes: Array.from(
            { length: 16 },
            (_, hash) => `sha256:${String(round * 1e6 + at * 16 + hash).padStart(64, "a")}`,
          ),
          index: "pypi",
          markers: `python_version >= '3.${at % 12}'`,
          version: `==${round}.${at}`,
        },
      ]),
    );
  const meta = { hash: { sha256: "0".repeat(64) }, "pipfile-spec": 6, requires: {}, sources: [] };
  return JSON.stringify({ _meta: meta, default: packages(0), develop: packages(5000) }, null, 4);
}

/** Milliseconds of the fastest of the rounds, after one that warms up. */
function fastest<T>(texts: readonly T[], work: (text: T) => unknown): number {
  let best = Number.POSITIVE_INFINITY;
  texts.forEach((text, round) => {
    const start = performance.now();
    work(text);
    if (round > 0) best = Math.min(best, performance.now() - start);
  });
  return best;
}

const PEER = `
import sys, time, json, pip_requirements_parser as p
best = 1e9
for path in json.load(sys.stdin):
    start = time.perf_counter()
    p.RequirementsFile.from_file(path)
    best = min(best, time.perf_counter() - start)
print(best * 1000)
`;

function peerTime(texts: readonly string[]): number {
  const folder = mkdtempSync(join(tmpdir(), "thoth-bench-"));
  try {
    const paths = texts.map((text, at) => {
      const path = join(folder, `requirements-${at}.txt`);
      writeFileSync(path, text);
      return path;
    });
    const out = execFileSync(
      pythonWith("pip_requirements_parser", "pip-requirements-parser==32.0.1"),
      ["-c", PEER],
      { input: JSON.stringify(paths) },
    );
    return Number(out.toString());
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function milliseconds(value: number): string {
  return `${value.toFixed(2)} ms`;
}

/** Measures what this part of the house promises; each row says whether its reach is met. */
export async function run(): Promise<Row[]> {
  const read = (text: string) => readRequirements(text, { kind: "requirements" });
  const texts = (lines: number, seed: number) =>
    Array.from({ length: ROUNDS }, (_, at) => makeRequirements(lines, seed + at));
  // The engine has seen the code by then, as a server has.
  for (const text of texts(1000, 500)) read(text);
  const small = texts(1000, 0);
  const thousand = fastest([...small, ...texts(1000, 20), ...texts(1000, 40)], read);
  // Ten files of 1,000 lines are as much for the engine to keep and collect as one of 10,000.
  const tens = Array.from({ length: ROUNDS }, (_, at) =>
    texts(1000, 1000 + at * 10)
      .concat(texts(1000, 5000 + at * 10))
      .slice(0, 10),
  );
  const ownThousand = fastest(tens, (ten) => ten.map(read)) / 10;
  const tenThousand = fastest(texts(10_000, 2000), read);
  const peer = peerTime(small);
  const locks = Array.from({ length: ROUNDS }, (_, at) => makeLock(at));
  const parse = fastest(locks, (text) => JSON.parse(text));
  const lock = fastest(locks, (text) => readPipfileLock(text));
  const bytes = (locks[0]!.length / 1e6).toFixed(1);
  return [
    {
      what: "parse requirements of 1,000 lines",
      ours: milliseconds(thousand),
      peer: `${milliseconds(peer)} (pip-requirements-parser)`,
      ratio: peer / thousand,
      reach: "at least 20 times faster",
      met: peer / thousand >= 20,
    },
    {
      what: "parse requirements of 10,000 lines",
      ours: milliseconds(tenThousand),
      peer: `${milliseconds(ownThousand)} (own 1,000)`,
      ratio: tenThousand / ownThousand,
      reach: "at most 11 times",
      met: tenThousand / ownThousand <= 11,
    },
    {
      what: `parse a Pipfile.lock of ${bytes} MB with ranges`,
      ours: milliseconds(lock),
      peer: `${milliseconds(parse)} (JSON.parse)`,
      ratio: lock / parse,
      reach: "at most 8 times",
      met: lock / parse <= 8,
    },
  ];
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  console.table(await run());
}
