// Resolving, on the frozen part of the public index, against uv, pip, pipenv and resolvelib in the same run.
//
// The index is served on loopback and warmed by a throw-away client before anything is timed. Ours and a peer's runs take turns, each
// round in the other order. "Warm" keeps both sides' caches, "cold" begins without them. Every process is a fresh one, Node on the
// bundle; uv gets its interpreter's real path, as a shim before it would be timed too.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { measureGrowth } from "./core/growth.ts";
import { Resident } from "./core/resident.ts";
import {
  BUNDLE,
  cleanEnvironment,
  findPeer,
  median,
  needBundle,
  pythonWith,
  type Row,
  realPython,
  SNAPSHOT,
  serveSnapshot,
  timed,
} from "./support.ts";

const SETS = [
  "seed-flask-tensorflow",
  "data-science",
  "boto3",
  "aws-backtracking",
  "torch-transformers",
  "starlette-fastapi",
  "scraping",
  "django-celery",
];
const PYTHON = "3.11.7";
const PLATFORM = "x86_64-manylinux_2_28";
const WARM_ROUNDS = 15;
const COLD_ROUNDS = 5;
const SLOW_ROUNDS = 3;
const MEMORY_ROUNDS = 3;
const CORE = fileURLToPath(new URL("./core/resolveCore.ts", import.meta.url));
const SCENARIO = fileURLToPath(
  new URL("../../../shared/conformance/resolver-benchmarks/pyrax_198.json", import.meta.url),
);

/** Sets that make every resolver search: the reach of a resident re-resolve is another one there. */
const SEARCHING = new Set(["boto3", "aws-backtracking"]);
const CONFLICTS = ["conflict-numpy", "conflict-pydantic"];

/** Measures; empty, with a line that says so, where the frozen index is not beside the clone. */
export async function run(): Promise<Row[]> {
  if (!existsSync(SNAPSHOT)) {
    console.error(`resolve: ${SNAPSHOT} is not there, so nothing was measured.`);
    return [];
  }
  await needBundle();
  const folder = mkdtempSync(join(tmpdir(), "thoth-bench-resolve-"));
  const index = await serveSnapshot();
  try {
    const bench = new Bench(folder, index.url);
    return [
      ...(await bench.resident()),
      ...bench.lockWarm(),
      ...bench.lockUniversal(),
      ...bench.lockCold(),
      bench.lockAgainstPip(),
      bench.lockAgainstPipenv(),
      ...bench.memory(),
      coreAgainstResolvelib(),
      ...(await measureGrowth()),
    ];
  } finally {
    index.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Times {
  readonly set: string;
  readonly ours: number;
  readonly theirs: number;
}

class Bench {
  readonly #folder: string;
  readonly #url: string;
  readonly #env: NodeJS.ProcessEnv;
  readonly #uv = findPeer("uv");
  readonly #python = realPython();

  constructor(folder: string, url: string) {
    this.#folder = folder;
    this.#url = url;
    this.#env = cleanEnvironment(folder);
  }

  /** A line comes and goes in a text that is open, as while a person types; uv begins anew each time. */
  async resident(): Promise<Row[]> {
    const runner = await Resident.start(
      {
        cwd: this.#folder,
        indexUrl: this.#url,
        knowledge: join(this.#folder, "knowledge.db"),
        python: PYTHON,
        platform: PLATFORM,
      },
      this.#env,
    );
    try {
      const rows: Row[] = [];
      for (const set of SETS) rows.push(await this.#reResolve(runner, set));
      for (const set of CONFLICTS) rows.push(await this.#relax(runner, set));
      return rows;
    } finally {
      runner.close();
    }
  }

  async #reResolve(runner: Resident, set: string): Promise<Row> {
    const text = readFileSync(setFile(set), "utf8");
    const ours: number[] = [];
    const theirs: number[] = [];
    for (let round = 0; round <= WARM_ROUNDS; round++) {
      const edited = round % 2 === 0 ? `${text}packaging\n` : text;
      const { state, time } = await runner.resolve(edited, { relaxations: false });
      if (state !== "resolves") throw new Error(`${set} is ${state}`);
      ours.push(time);
      theirs.push(timed(this.#uv, this.#theirs(setFile(set)), this.#env));
    }
    const reach = SEARCHING.has(set) ? 1 : 0.25;
    const times = { ours: median(ours.slice(1)), theirs: median(theirs.slice(1)) };
    return against(`re-resolve after an edit, resident: ${set}`, "uv", times, reach);
  }

  async #relax(runner: Resident, set: string): Promise<Row> {
    const text = readFileSync(setFile(set), "utf8");
    const ours: number[] = [];
    const theirs: number[] = [];
    for (let round = 0; round <= WARM_ROUNDS; round++) {
      const edited = round % 2 === 0 ? `${text}packaging\n` : text;
      const { state, relaxations, time } = await runner.resolve(edited, { relaxations: true });
      if (state !== "conflict" || relaxations === 0) throw new Error(`${set} is ${state}`);
      ours.push(time);
      theirs.push(timed(this.#uv, this.#theirs(setFile(set)), this.#env, { status: 1 }));
    }
    const times = { ours: median(ours.slice(1)), theirs: median(theirs.slice(1)) };
    return against(`all relaxations of a conflict, resident: ${set}`, "uv's failure", times, 1);
  }

  lockWarm(): Row[] {
    const times = SETS.map((set) => this.#alternate(set, WARM_ROUNDS, [], []));
    return summary("lock, warm, whole process", times, { each: 3, middle: 2 });
  }

  lockUniversal(): Row[] {
    const times = SETS.map((set) => this.#alternate(set, SLOW_ROUNDS + 2, ["--universal"], ["--universal"]));
    return summary("lock --universal, warm, whole process", times, { each: 3 });
  }

  lockCold(): Row[] {
    const times = SETS.map((set) => this.#alternate(set, COLD_ROUNDS, [], [], () => this.#forget()));
    return summary("lock, cold, whole process", times, { each: 1.5 });
  }

  lockAgainstPip(): Row {
    const set = "django-celery";
    const pip = [
      ...["-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet", "--only-binary", ":all:"],
      ...["--report", join(this.#folder, "pip.json"), "--index-url", this.#url, "--python-version", PYTHON],
      ...["--platform", "manylinux_2_28_x86_64", "--platform", "manylinux_2_17_x86_64"],
      ...["--target", join(this.#folder, "target"), "--cache-dir", join(this.#folder, "pip-cache")],
      ...["-r", setFile(set)],
    ];
    const python = pythonWith("pip", "pip>=26");
    const times = turns(
      SLOW_ROUNDS,
      () => timed(process.execPath, this.#ours(setFile(set)), this.#env),
      () => timed(python, pip, this.#env),
    );
    return faster(`lock ${set}, warm, against pip`, "pip", times, 8);
  }

  lockAgainstPipenv(): Row {
    const project = join(this.#folder, "pipenv");
    mkdirSync(project, { recursive: true });
    const manifest = join(project, "Pipfile");
    writeFileSync(manifest, pipfileOf("django-celery", this.#url));
    const pipenv = findPeer("pipenv");
    const env = {
      ...this.#env,
      PIPENV_IGNORE_VIRTUALENVS: "1",
      PIP_ONLY_BINARY: ":all:",
      WORKON_HOME: join(this.#folder, "environments"),
      PIPENV_CACHE_DIR: join(this.#folder, "pipenv-cache"),
    };
    const times = turns(
      SLOW_ROUNDS,
      () => timed(process.execPath, this.#ours(manifest, ["--as", "pipfile-lock"]), this.#env),
      () => timed(pipenv, ["lock", "--python", this.#python], env, { cwd: project }),
    );
    return faster("lock the same Pipfile, warm, against pipenv", "pipenv", times, 20);
  }

  memory(): Row[] {
    return SETS.map((set) => {
      const file = setFile(set);
      const peak = (command: string, args: readonly string[]) =>
        median(
          Array.from({ length: MEMORY_ROUNDS }, () => peakOf(this.#python, [command, ...args], this.#env)),
        );
      const ours = peak(process.execPath, this.#ours(file));
      const theirs = peak(this.#uv, this.#theirs(file));
      const limit = 2 * theirs + 25;
      return {
        what: `peak memory, lock ${set}, warm`,
        ours: `${ours} MB`,
        peer: `uv ${theirs} MB`,
        ratio: ours / theirs,
        reach: `≤ 2 × + 25 MB = ${limit} MB`,
        met: ours <= limit,
      };
    });
  }

  #alternate(
    set: string,
    rounds: number,
    ours: readonly string[],
    theirs: readonly string[],
    before: () => void = () => {},
  ): Times {
    const file = setFile(set);
    const times = turns(
      rounds,
      () => timed(process.execPath, this.#ours(file, ours), this.#env),
      () => timed(this.#uv, this.#theirs(file, theirs), this.#env),
      before,
    );
    return { set, ...times };
  }

  #ours(manifest: string, more: readonly string[] = []): string[] {
    const platform = more.includes("--universal") ? [] : ["--platform", PLATFORM];
    return [
      ...[BUNDLE, "lock", manifest, "-o", join(this.#folder, "ours.lock"), "--upgrade", "--quiet"],
      ...["--index-url", this.#url, "--knowledge", join(this.#folder, "knowledge.db")],
      ...["--only-binary", ":all:", "--python", PYTHON, ...platform, ...more],
    ];
  }

  #theirs(manifest: string, more: readonly string[] = []): string[] {
    const platform = more.includes("--universal") ? [] : ["--python-platform", PLATFORM];
    return [
      ...["pip", "compile", manifest, "-o", join(this.#folder, "theirs.lock"), "--upgrade", "--quiet"],
      ...["--index-url", this.#url, "--cache-dir", join(this.#folder, "uv-cache"), "--no-config"],
      ...["--only-binary", ":all:", "--python-version", PYTHON, "--python", this.#python, ...platform],
      ...["--no-header", "--generate-hashes", ...more],
    ];
  }

  #forget(): void {
    for (const end of ["", "-wal", "-shm"]) rmSync(join(this.#folder, `knowledge.db${end}`), { force: true });
    rmSync(join(this.#folder, "uv-cache"), { recursive: true, force: true });
  }
}

function setFile(set: string): string {
  return join(SNAPSHOT, "sets", `${set}.in`);
}

/** In turns, the order changing each round, so that whatever else the machine does meets both; the first round is not counted. */
function turns(
  rounds: number,
  ours: () => number,
  theirs: () => number,
  before: () => void = () => {},
): { ours: number; theirs: number } {
  const times = { ours: [] as number[], theirs: [] as number[] };
  for (let round = 0; round <= rounds; round++) {
    before();
    if (round % 2 === 1) times.theirs.push(theirs());
    times.ours.push(ours());
    if (round % 2 === 0) times.theirs.push(theirs());
  }
  return { ours: median(times.ours.slice(1)), theirs: median(times.theirs.slice(1)) };
}

function summary(
  what: string,
  times: readonly Times[],
  reach: { readonly each: number; readonly middle?: number },
): Row[] {
  const rows = times.map((time) => against(`${what}: ${time.set}`, "uv", time, reach.each));
  if (reach.middle === undefined) return rows;
  const ratio = median(rows.map((row) => row.ratio));
  const middle = {
    what: `${what}: at the median`,
    ours: "",
    peer: "uv",
    ratio,
    reach: `≤ ${reach.middle} ×`,
    met: ratio <= reach.middle,
  };
  return [...rows, middle];
}

function against(
  what: string,
  peer: string,
  { ours, theirs }: { readonly ours: number; readonly theirs: number },
  reach: number,
): Row {
  const ratio = ours / theirs;
  return {
    what,
    ours: `${ours.toFixed(1)} ms`,
    peer: `${peer} ${theirs.toFixed(0)} ms`,
    ratio,
    reach: `≤ ${reach} ×`,
    met: ratio <= reach,
  };
}

function faster(
  what: string,
  peer: string,
  times: { readonly ours: number; readonly theirs: number },
  least: number,
): Row {
  const ratio = times.theirs / times.ours;
  return {
    what,
    ours: `${times.ours.toFixed(0)} ms`,
    peer: `${peer} ${times.theirs.toFixed(0)} ms`,
    ratio,
    reach: `≥ ${least} × faster`,
    met: ratio >= least,
  };
}

/** The lines of a set as a Pipfile with this one source. */
function pipfileOf(set: string, url: string): string {
  const lines = readFileSync(setFile(set), "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [, name, extras, version] = /^([\w.-]+)(?:\[(.*)\])?(.*)$/.exec(line)!;
      const asked = `version = "${version === "" ? "*" : version}"`;
      return `${name} = { ${extras === undefined ? "" : `extras = ["${extras}"], `}${asked} }`;
    });
  return `[[source]]\nname = "frozen"\nurl = "${url}"\nverify_ssl = false\n\n[packages]\n${lines.join("\n")}\n`;
}

const PEAK = `
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
sys.exit(done.returncode)
`;

/** The peak of a process's resident memory in MiB, as the system counted it. */
function peakOf(python: string, command: readonly string[], env: NodeJS.ProcessEnv): number {
  return Number(execFileSync(python, ["-c", PEAK, ...command], { env, encoding: "utf8" }));
}

const RESOLVELIB = fileURLToPath(new URL("./core/resolvelib_pyrax.py", import.meta.url));

/** A fresh process each, which reads the scenario first and tells how long resolving alone took. */
function coreAgainstResolvelib(): Row {
  const tell = (command: string, args: readonly string[]): number => {
    const { status, stdout, stderr } = spawnSync(command, args, { encoding: "utf8" });
    if (status !== 0) throw new Error(stderr);
    return Number(stdout);
  };
  const python = pythonWith("resolvelib", "resolvelib packaging");
  const times = turns(
    SLOW_ROUNDS,
    () => tell(process.execPath, [CORE, SCENARIO]),
    () => tell(python, [RESOLVELIB, SCENARIO]),
  );
  return against("pyrax_198, core alone, fresh process, metadata in memory", "resolvelib", times, 0.02);
}
