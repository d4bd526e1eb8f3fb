// A check of 100 packages as a whole process, against uv on the same names from the same index in the same run.
//
// The index is the frozen one behind a proxy on loopback that adds 20 ms to every answer. "Cold" begins without any stored page on
// both sides, "warm" with all of them. uv gets `--no-deps`, so that both look at 100 projects and their newest metadata.
// uv is installed by pip into the cache folder below the system's temporary one on first use, or is the one in BENCH_UV.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  BUNDLE,
  cleanEnvironment,
  findPeer,
  median,
  needBundle,
  type Row,
  realPython,
  SNAPSHOT,
  serveSnapshot,
  timed,
} from "./support.ts";

const PACKAGES = 100;
const COLD_ROUNDS = 7;
const WARM_ROUNDS = 15;
const COLD_REACH = 1.5;
const WARM_REACH = 3;

/** Measures; empty, with a line that says so, where the frozen index is not beside the clone. */
export async function run(): Promise<Row[]> {
  if (!existsSync(SNAPSHOT)) {
    console.error(`check: ${SNAPSHOT} is not there, so the check was not measured.`);
    return [];
  }
  await needBundle();
  const folder = mkdtempSync(join(tmpdir(), "thoth-bench-check-"));
  const index = await serveSnapshot(20);
  try {
    const manifest = join(folder, "requirements.txt");
    writeFileSync(manifest, `${pickNames().join("\n")}\n`);
    return measure(folder, manifest, index.url, findPeer("uv"));
  } finally {
    index.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function measure(folder: string, manifest: string, url: string, uv: string): Row[] {
  const env = cleanEnvironment(folder);
  const python = realPython();
  const knowledge = join(folder, "knowledge.db");
  const cache = join(folder, "uv-cache");
  const ours = () =>
    timed(
      process.execPath,
      [BUNDLE, "check", manifest, "--index-url", url, "--knowledge", knowledge, "--quiet"],
      env,
    );
  const theirs = () =>
    timed(
      uv,
      [
        "pip",
        "compile",
        "--no-deps",
        "--no-header",
        "--quiet",
        "--no-config",
        "--cache-dir",
        cache,
        "--python",
        python,
        "--only-binary",
        ":all:",
        "--index-url",
        url,
        manifest,
      ],
      env,
    );
  const forget = () => {
    for (const name of readdirSync(folder)) {
      if (name.startsWith("knowledge.db")) rmSync(join(folder, name));
    }
    rmSync(cache, { recursive: true, force: true });
  };
  const cold = alternate(COLD_ROUNDS, ours, theirs, forget);
  const warm = alternate(WARM_ROUNDS, ours, theirs, () => {});
  return [
    row("check of 100 packages, cold, 20 ms delay, whole process", cold, COLD_REACH),
    row("check of 100 packages, warm, whole process", warm, WARM_REACH),
  ];
}

interface Pair {
  readonly ours: number;
  readonly theirs: number;
}

/** In turns, so that whatever else the machine does meets both; the first round warms the index up and is not counted. */
function alternate(rounds: number, ours: () => number, theirs: () => number, before: () => void): Pair {
  const times: Pair[] = [];
  for (let round = 0; round <= rounds; round++) {
    before();
    times.push({ ours: ours(), theirs: theirs() });
  }
  times.shift();
  return { ours: median(times.map((pair) => pair.ours)), theirs: median(times.map((pair) => pair.theirs)) };
}

function row(what: string, { ours, theirs }: Pair, reach: number): Row {
  const ratio = ours / theirs;
  return {
    what,
    ours: `${Math.round(ours)} ms`,
    peer: `uv ${Math.round(theirs)} ms`,
    ratio,
    reach: `≤ ${reach} ×`,
    met: ratio <= reach,
  };
}

/** Names that uv resolved on this snapshot, spread evenly over the alphabet. */
function pickNames(): string[] {
  const names = new Set<string>();
  const answers = join(SNAPSHOT, "answers");
  for (const file of readdirSync(answers)) {
    if (!file.endsWith(".py311.txt")) continue;
    for (const [, name] of readFileSync(join(answers, file), "utf8").matchAll(
      /^([a-z0-9.-]+)(?:\[.*\])?==/gm,
    )) {
      if (name !== undefined) names.add(name);
    }
  }
  const sorted = [...names].sort();
  return Array.from({ length: PACKAGES }, (_, at) => sorted[Math.floor((at * sorted.length) / PACKAGES)]!);
}
