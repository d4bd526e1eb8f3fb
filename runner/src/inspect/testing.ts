// What the tests of this part share: a folder of wheels, an inspection of it, and a look at what is still running.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildWheel, type WheelOptions } from "../../../test/support/wheels.ts";
import type { InspectionRequest, RequirementLine } from "./model.ts";

export const interpreter = process.env.THOTH_TEST_PYTHON ?? "python3";

/** Why the tests of the sandbox cannot run on this machine; undefined where they can. */
export function sandboxProblem(): string | undefined {
  const python = spawnSync(interpreter, ["-c", "import pip, venv"]);
  if (python.status !== 0) return "python3 with pip and venv is not installed";
  const bwrap = spawnSync("bwrap", ["--ro-bind", "/", "/", "--unshare-pid", "--unshare-net", "true"]);
  if (bwrap.error) return "bubblewrap is not installed";
  return bwrap.status === 0 ? undefined : `bubblewrap does not work here: ${bwrap.stderr}`;
}

/** Folders of one test file: wheels, cache and logs. */
export class InspectionFixture {
  readonly folder = mkdtempSync(join(tmpdir(), "thoth-inspect-"));
  readonly wheels = join(this.folder, "wheels");

  constructor() {
    mkdirSync(this.wheels);
  }

  /** A wheel with one module of its own name, or what `options` say. */
  wheel(name: string, source: string, options: Partial<WheelOptions> = {}): void {
    const built = buildWheel({
      name,
      version: "1.0",
      modules: { [name.replaceAll("-", "_")]: source },
      ...options,
    });
    writeFileSync(join(this.wheels, built.filename), built.bytes);
  }

  /** A request that looks nowhere but in the folder of wheels. */
  request(names: readonly string[], more: Partial<InspectionRequest> = {}): InspectionRequest {
    return {
      requirements: names.map((text, index) => line(text, index + 1)),
      interpreter,
      indexes: { noIndex: true, findLinks: [this.wheels], usePipConfiguration: false },
      logFolder: join(this.folder, "logs"),
      cacheFolder: join(this.folder, "cache"),
      resolver: process.env.THOTH_TEST_RESOLVER === "uv" ? "uv" : "pip",
      ...more,
    };
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export function line(text: string, number: number): RequirementLine {
  const name = /^[\w.-]+/
    .exec(text)?.[0]
    ?.toLowerCase()
    .replace(/[-_.]+/g, "-");
  return { text, path: "requirements.txt", line: number, ...(name ? { name } : {}) };
}

/** Processes whose command line holds `token`, or that belong to `uid`. */
export function processesOf(token: string, uid?: number): string[] {
  return readdirSync("/proc").flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return [];
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
      const owned = uid !== undefined && statSync(`/proc/${pid}`).uid === uid;
      // A zombie has no command line left; it holds nothing.
      return command !== "" && (owned || command.includes(token)) ? [`${pid} ${command.slice(-200)}`] : [];
    } catch {
      return [];
    }
  });
}

/** Looks until nothing of a run is left, or until patience ends; answers what is left. */
export async function waitUntilGone(
  token: string,
  uid: number | undefined,
  milliseconds: number,
): Promise<string[]> {
  const end = Date.now() + milliseconds;
  for (;;) {
    const left = processesOf(token, uid);
    if (left.length === 0 || Date.now() > end) return left;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
