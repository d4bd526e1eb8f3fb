// The real workbench that journeys, the README picture and `thoth --editor` use: code-server, installed on first use, and its processes.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { closeSync, existsSync, openSync } from "node:fs";
import { mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { dirname, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { unzipSync } from "fflate";

const run = promisify(execFile);

/** The repository root. */
export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "..");

/** Where downloads that are no part of the repository are kept: `THOTH_CACHE`, else an ignored folder in the clone. */
export const CACHE = resolve(process.env.THOTH_CACHE ?? join(ROOT, ".thoth-cache"));

/** The major version that is installed; npm picks the newest of it that runs under this Node. */
const CODE_SERVER = "code-server@4";

/** The native parts that VS Code's server loads at start; its other native parts are for features that are off here. */
const NATIVE_PARTS = ["@vscode/spdlog", "@vscode/native-watchdog", "@parcel/watcher"];

/** Reports what is being done, one short line per step. */
export type Report = (line: string) => void;

/** The headers inside the npm package `node`, so that building native parts downloads nothing. */
async function nodeHeaders(): Promise<string> {
  const platform = `node-${process.platform}-${process.arch}`;
  const places = [
    join(ROOT, "node_modules/node/node_modules", platform),
    join(ROOT, "node_modules", platform),
    resolve(process.execPath, "../.."),
  ];
  const found = places.find((place) => existsSync(join(place, "include/node/node.h")));
  if (found === undefined)
    throw new Error(`No Node headers in ${places.join(", ")}. Run npm ci under Node 24.`);
  return found;
}

async function npm(args: string[], cwd: string, environment: Record<string, string> = {}): Promise<void> {
  // npm chooses versions by the Node that it runs under: under Node 20 it silently takes an old code-server.
  const env = {
    ...process.env,
    ...environment,
    PATH: `${dirname(process.execPath)}:${process.env.PATH ?? ""}`,
  };
  await run("npm", [...args, "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd,
    env,
    maxBuffer: 64 * 1024 * 1024,
  });
}

/** Waits until no other process installs into `folder`, then holds it for the time of `work`. */
async function exclusively<T>(folder: string, work: () => Promise<T>): Promise<T> {
  const lock = `${folder}.lock`;
  await mkdir(dirname(lock), { recursive: true });
  for (;;) {
    try {
      await mkdir(lock);
      break;
    } catch {
      const age = await stat(lock)
        .then((found) => Date.now() - found.mtimeMs)
        .catch(() => 0);
      if (age > 15 * 60_000) await rm(lock, { recursive: true, force: true });
      await sleep(500);
    }
  }
  try {
    return await work();
  } finally {
    await rm(lock, { recursive: true, force: true });
  }
}

/**
 * Installs code-server on first use.
 * Returns the path of its entry script, which Node 24 runs.
 * Throws when npm fails, with npm's own words.
 */
export async function installWorkbench(report: Report = () => {}): Promise<string> {
  const folder = join(CACHE, "code-server");
  const server = join(folder, "node_modules/code-server");
  const entry = join(server, "out/node/entry.js");
  const stamp = join(folder, "installed");
  if (existsSync(stamp) && existsSync(entry)) return entry;
  return exclusively(folder, async () => {
    if (existsSync(stamp)) return entry;
    const headers = await nodeHeaders();
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, "package.json"), '{"private":true}\n');
    report("Installing a workbench (code-server), once");
    await npm(["install", CODE_SERVER, "--ignore-scripts"], folder);
    const workbench = join(server, "lib/vscode");
    report("Installing what the workbench needs");
    await npm(["install", "--omit=dev", "--ignore-scripts"], workbench);
    report("Building its native parts");
    await npm(["rebuild", ...NATIVE_PARTS], workbench, { npm_config_nodedir: headers });
    const { version } = JSON.parse(await readFile(join(server, "package.json"), "utf8")) as {
      version: string;
    };
    await writeFile(`${stamp}.part`, `${version}\n`);
    await rename(`${stamp}.part`, stamp);
    return entry;
  });
}

/** The first Chromium on PATH, or the one that `CHROMIUM` names. */
export function findChromium(): string | undefined {
  if (process.env.CHROMIUM !== undefined) return process.env.CHROMIUM;
  const names = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];
  const folders = (process.env.PATH ?? "").split(":").filter((folder) => folder !== "");
  return folders
    .flatMap((folder) => names.map((name) => join(folder, name)))
    .find((candidate) => existsSync(candidate));
}

/** Unpacks a VSIX the way an editor installs it: `FOLDER/PUBLISHER.NAME-VERSION`. Returns that folder. */
export async function unpackExtension(vsix: string, extensionsFolder: string): Promise<string> {
  const files = unzipSync(await readFile(vsix));
  const manifestBytes = files["extension/package.json"];
  if (manifestBytes === undefined) throw new Error(`${vsix} holds no extension.`);
  const manifest = JSON.parse(new TextDecoder().decode(manifestBytes)) as Record<string, string>;
  const target = join(extensionsFolder, `${manifest.publisher}.${manifest.name}-${manifest.version}`);
  for (const [name, bytes] of Object.entries(files)) {
    if (!name.startsWith("extension/") || name.endsWith("/")) continue;
    const path = resolve(target, name.slice("extension/".length));
    if (!path.startsWith(`${target}/`))
      throw new Error(`${vsix} holds ${name}, which climbs out of its folder.`);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, bytes);
  }
  return target;
}

export interface ServerOptions {
  /** What `installWorkbench` returned. */
  readonly entry: string;
  /** A folder for user data, extensions and logs; the caller removes it. */
  readonly profile: string;
  /** Written as the user's settings before the start. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Added to the environment of the workbench, and so of every extension; `undefined` takes a variable away. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Whether every folder counts as trusted. */
  readonly trusted?: boolean;
  readonly port?: number;
  /** Leaves settings that are already in the profile as they are. */
  readonly keepSettings?: boolean;
}

export interface RunningServer {
  readonly address: string;
  readonly port: number;
  /** The process group's leader. */
  readonly pid: number;
  readonly extensionsFolder: string;
  readonly logFile: string;
  /** Ends the workbench and everything it started. */
  stop(): Promise<void>;
}

/** Settings that keep the workbench quiet, still and off the network. */
const QUIET_SETTINGS = {
  "chat.disableAIFeatures": true,
  "telemetry.telemetryLevel": "off",
  "workbench.startupEditor": "none",
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "workbench.enableExperiments": false,
  "workbench.tips.enabled": false,
  "workbench.reduceMotion": "on",
  "extensions.autoUpdate": false,
  "extensions.autoCheckUpdates": false,
  "extensions.ignoreRecommendations": true,
  "update.mode": "none",
  "git.openRepositoryInParentFolders": "never",
  "security.workspace.trust.startupPrompt": "never",
  "security.workspace.trust.banner": "never",
};

/** A port that nothing listens on at this moment. */
export async function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const probe = createServer();
    probe.once("error", fail);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => (typeof address === "object" && address !== null ? done(address.port) : fail()));
    });
  });
}

function endGroup(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(-pid, signal);
    return true;
  } catch {
    return false;
  }
}

async function stopServer(child: ChildProcess): Promise<void> {
  const pid = child.pid;
  if (pid === undefined) return;
  const ended =
    child.exitCode !== null || child.signalCode !== null
      ? Promise.resolve()
      : new Promise<void>((done) => child.once("exit", () => done()));
  endGroup(pid, "SIGTERM");
  const patience = new AbortController();
  await Promise.race([ended, sleep(2000, undefined, { signal: patience.signal }).catch(() => {})]);
  patience.abort();
  endGroup(pid, "SIGKILL");
}

/**
 * Starts one code-server under this Node (24) with a profile of its own and waits until it answers.
 * Throws with the end of its log when it ends before that.
 */
export async function startWorkbench(options: ServerOptions): Promise<RunningServer> {
  const port = options.port ?? (await freePort());
  const userData = join(options.profile, "user-data");
  const extensionsFolder = join(options.profile, "extensions");
  const logFile = join(options.profile, "code-server.log");
  await mkdir(join(userData, "User"), { recursive: true });
  await mkdir(extensionsFolder, { recursive: true });
  const settingsFile = join(userData, "User/settings.json");
  if (options.keepSettings !== true || !existsSync(settingsFile)) {
    const settings = { ...QUIET_SETTINGS, ...options.settings };
    await writeFile(settingsFile, `${JSON.stringify(settings, undefined, 2)}\n`);
  }
  const configuration = join(options.profile, "code-server.yaml");
  await writeFile(configuration, "auth: none\n");
  const args = [
    options.entry,
    ...["--config", configuration, "--auth", "none", "--bind-addr", `127.0.0.1:${port}`],
    ...["--disable-telemetry", "--disable-update-check", "--disable-getting-started-override"],
    ...["--user-data-dir", userData, "--extensions-dir", extensionsFolder, "--ignore-last-opened"],
    ...(options.trusted === false ? [] : ["--disable-workspace-trust"]),
  ];
  const env: Record<string, string | undefined> = {
    ...process.env,
    PATH: `${dirname(process.execPath)}:${process.env.PATH ?? ""}`,
    ...options.environment,
  };
  for (const name of ["VSCODE_IPC_HOOK_CLI", "VSCODE_PROXY_URI", "PORT"]) delete env[name];
  for (const [name, value] of Object.entries(env)) if (value === undefined) delete env[name];
  const log = openSync(logFile, "w");
  const child = spawn(process.execPath, args, { env, stdio: ["ignore", log, log], detached: true });
  closeSync(log);
  // Whoever started it may end before it stops it.
  const endWithUs = (): void => void (child.pid !== undefined && endGroup(child.pid, "SIGKILL"));
  process.once("exit", endWithUs);
  child.once("exit", () => process.off("exit", endWithUs));
  const failed = new Promise<never>((_done, fail) => {
    child.once("error", fail);
    child.once("exit", async (code) => {
      const words = await readFile(logFile, "utf8").catch(() => "");
      fail(new Error(`The workbench ended with ${code}:\n${words.slice(-2000)}`));
    });
  });
  failed.catch(() => {});
  const address = `http://127.0.0.1:${port}`;
  await Promise.race([failed, untilHealthy(address)]).catch(async (problem) => {
    await stopServer(child);
    throw problem;
  });
  return { address, port, pid: child.pid ?? 0, extensionsFolder, logFile, stop: () => stopServer(child) };
}

async function untilHealthy(address: string): Promise<void> {
  const end = Date.now() + 60_000;
  for (;;) {
    const answered = await fetch(`${address}/healthz`)
      .then((answer) => answer.ok)
      .catch(() => false);
    if (answered) return;
    if (Date.now() > end) throw new Error(`The workbench did not answer at ${address} within a minute.`);
    await sleep(50);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const entry = await installWorkbench((line) => process.stderr.write(`${line}\n`));
  process.stdout.write(`${entry}\n`);
}
