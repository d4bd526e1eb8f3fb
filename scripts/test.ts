// Everything that must hold, in order of cost: format and import rule, types, unit and conformance tests, then the packed
// extension in a real workbench. Says what fails and how to run that alone; ends with one line of all tests.
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

interface Failure {
  readonly title: string;
  readonly message: string;
}

interface Suite {
  readonly name: string;
  readonly passed: number;
  readonly skipped: readonly string[];
  readonly failures: readonly Failure[];
  /** How to run it alone. */
  readonly alone: string;
}

const reports = mkdtempSync(join(tmpdir(), "thoth-test-"));
const suites: Suite[] = [];

step("format and import rule", "npm run lint", ["biome", "check", "--error-on-warnings", "."]);
suites.push(importRule());
step("types", "npm run typecheck", ["tsc", "-p", "tsconfig.json"]);
step("bundles and package", "npm run package", ["node", "scripts/package.ts"]);
mocha("standards and manifests, with branch coverage", "npm run standards", {
  // Without the conformance tables most branches are not reached, and the tests say that they were skipped.
  before: existsSync("../shared/conformance") ? ["c8"] : [],
  args: ["shared/src/**/*.test.ts", "test/{conformance,fuzz}/**/*.test.ts"],
});
mocha("parts", "npm run parts", {
  args: ["{server,runner,client}/src/**/*.test.ts", "test/{cli,hostile,server,support}/**/*.test.ts"],
});
mocha("journeys", "npm run journeys", { args: ["--config", "test/journeys/mocharc.json"] });
report();

/** A check that passes or fails as a whole. */
function step(name: string, alone: string, command: readonly string[]): void {
  const [program, ...args] = command;
  const result = spawnSync(program!, args, { encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
  const message =
    `${result.stdout ?? ""}${result.stderr ?? ""}${result.error ? result.error.message : ""}`.trim();
  const failures = result.status === 0 ? [] : [{ title: name, message }];
  suites.push({ name, alone, passed: failures.length === 0 ? 1 : 0, skipped: [], failures });
}

/** The import rule is proved by files that break it: each must be refused, by the configuration that the house is held to. */
function importRule(): Suite {
  const folder = join(reports, "import-rule");
  cpSync("test/fixtures/import-rule", folder, { recursive: true });
  const configuration = JSON.parse(readFileSync("biome.json", "utf8"));
  writeFileSync(
    join(folder, "biome.json"),
    JSON.stringify({ ...configuration, files: { includes: ["**"] } }),
  );
  const { stdout } = spawnSync("biome", ["lint", "--reporter=json", "."], { cwd: folder, encoding: "utf8" });
  const { diagnostics } = JSON.parse(stdout) as BiomeReport;
  const isRefused = ([rule, file]: readonly [string, string]): boolean =>
    diagnostics.some(({ category, location }) => category.endsWith(`/${rule}`) && location?.path === file);
  const expected = [
    ...["client", "runner", "server", "shared"].map(
      (room) => ["noRestrictedImports", `${room}/src/bad.ts`] as const,
    ),
    ...["hen", "egg"].map((name) => ["noImportCycles", `shared/src/${name}.ts`] as const),
  ];
  const missed = expected.filter((each) => !isRefused(each)).map((each) => each.join(" in "));
  const failures =
    missed.length === 0
      ? []
      : [{ title: "import rule", message: `Not refused: ${missed.join(", ")}.\n${stdout}` }];
  return {
    name: "import rule",
    alone: "npm test",
    passed: expected.length - missed.length,
    skipped: [],
    failures,
  };
}

/** What of biome's JSON report is read here. */
interface BiomeReport {
  readonly diagnostics: readonly {
    readonly category: string;
    readonly location?: { readonly path: string };
  }[];
}

interface MochaReport {
  readonly stats: { readonly passes: number };
  readonly passes: readonly { readonly fullTitle: string; readonly currentRetry: number }[];
  readonly pending: readonly { readonly fullTitle: string }[];
  readonly failures: readonly {
    readonly fullTitle: string;
    readonly err: { readonly message?: string; readonly stack?: string };
  }[];
}

function mocha(
  name: string,
  alone: string,
  run: { readonly before?: readonly string[]; readonly args: readonly string[] },
): void {
  const output = join(reports, "mocha.json");
  rmSync(output, { force: true });
  const [program, ...args] = [
    ...(run.before ?? []),
    ...["mocha", ...run.args, "--reporter", "json", "--reporter-option", `output=${output}`],
  ];
  const result = spawnSync(program!, args, { encoding: "utf8", maxBuffer: 256 * 1024 * 1024 });
  const words = `${result.stdout ?? ""}${result.stderr ?? ""}`.trim().slice(-8000);
  try {
    const read = JSON.parse(readFileSync(output, "utf8")) as MochaReport;
    const failures = read.failures.map((test) => ({
      title: test.fullTitle,
      message: test.err.stack ?? test.err.message ?? "",
    }));
    // Mocha's own status counts its failures; anything else is the coverage that was not reached, or a process that died.
    if (failures.length === 0 && result.status !== 0) failures.push({ title: name, message: words });
    const skipped = read.pending.map((test) => test.fullTitle);
    // Nothing passes quietly at a second attempt: a journey that needs one is a journey to mend.
    for (const { fullTitle, currentRetry } of read.passes) {
      if (currentRetry > 0) console.error(`passed only when run again: ${fullTitle}`);
    }
    suites.push({ name, alone, passed: read.stats.passes, skipped, failures });
  } catch {
    suites.push({
      name,
      alone,
      passed: 0,
      skipped: [],
      failures: [{ title: `${name} did not run`, message: words }],
    });
  }
}

function report(): never {
  rmSync(reports, { recursive: true, force: true });
  const failed = suites.filter((suite) => suite.failures.length > 0);
  for (const suite of failed) {
    for (const failure of suite.failures) {
      console.error(`\n✗ ${failure.title}\n${failure.message.replace(/^/gm, "  ")}`);
    }
    console.error(`\nRun ${suite.name} alone: ${suite.alone}`);
  }
  const skipped = suites.flatMap((suite) => suite.skipped);
  for (const title of skipped) console.error(`skipped: ${title}`);
  const passed = suites.reduce((sum, suite) => sum + suite.passed, 0);
  const failures = suites.reduce((sum, suite) => sum + suite.failures.length, 0);
  console.log(`${passed} passed, ${failures} failed, ${skipped.length} skipped`);
  process.exit(failures === 0 ? 0 : 1);
}
