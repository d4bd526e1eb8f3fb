// What every command of a clone needs first: the npm packages, a Node 24, and for tests Debian's programs.
// Plain JavaScript without dependencies, since it runs before anything is installed and under Node 20.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { accessSync, constants, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");

/** Programs that the tests drive, and the Debian package of each. */
const programs = {
  chromium: "chromium",
  bwrap: "bubblewrap",
  python3: "python3",
  make: "make",
  "g++": "g++",
  git: "git",
};

/** @param {string} line */
export function say(line) {
  process.stderr.write(`${line}\n`);
}

/**
 * @param {string} what @param {string} next
 * @returns {never}
 */
export function fail(what, next) {
  say(`thoth: ${what}`);
  say(`       ${next}`);
  process.exit(2);
}

/** @param {string} program */
function onPath(program) {
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      // Not in this folder.
    }
  }
  return false;
}

/** Runs a program and ends with its own words when it fails. @param {string} program @param {string[]} args @param {string} what */
function must(program, args, what) {
  const result = spawnSync(program, args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  if (result.error) fail(`${what}: ${result.error.message}.`, `Is ${program} installed?`);
  if (result.status !== 0) {
    process.stderr.write(`${result.stdout ?? ""}${result.stderr ?? ""}`);
    fail(`${what} failed.`, `Its own words are above. The command was: ${program} ${args.join(" ")}`);
  }
}

/** Installs the npm packages when they are missing or belong to another lockfile. */
export function installPackages() {
  const lockfile = readFileSync(join(root, "package-lock.json"));
  const digest = createHash("sha256").update(lockfile).digest("hex");
  const mark = join(root, "node_modules", ".thoth-installed");
  if (existsSync(mark) && readFileSync(mark, "utf8") === digest) return;
  say("Installing the npm packages, once. This takes about half a minute.");
  must("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], "npm ci");
  writeFileSync(mark, digest);
}

/** The path of a Node 24 or newer: this one, else the npm package's. */
export function findNode() {
  if (Number(process.versions.node.split(".")[0]) >= 24) return process.execPath;
  const packaged = join(root, "node_modules", ".bin", "node");
  const version = spawnSync(packaged, ["--version"], { encoding: "utf8" });
  if (version.status === 0 && Number(version.stdout.slice(1).split(".")[0]) >= 24) return packaged;
  return fail(
    `Node 24 is needed, this is ${process.version}, and the npm package node did not install one.`,
    "Install Node 24 or newer, or let npm run the install script of the package node.",
  );
}

/** An environment in which `node` is Node 24 and the packages' programs are found. @param {string} node */
export function withNode(node) {
  const folders = [dirname(node), join(root, "node_modules", ".bin"), process.env.PATH ?? ""];
  return { ...process.env, PATH: folders.join(delimiter) };
}

/** Builds what `./thoth` runs, when a source is newer than the bundle. @param {string} node */
export function build(node) {
  const bundle = join(root, "dist", "thoth.js");
  if (existsSync(bundle) && !newerThan(statSync(bundle).mtimeMs)) return bundle;
  say("Building.");
  const result = spawnSync(node, ["scripts/build.ts"], { cwd: root, env: withNode(node), encoding: "utf8" });
  if (result.status !== 0) {
    process.stderr.write(`${result.stdout ?? ""}${result.stderr ?? ""}`);
    fail("The build failed.", "Its own words are above. npm run typecheck tells more.");
  }
  return bundle;
}

/** Whether a source is newer than `time`, asked of git's list where there is one. @param {number} time */
function newerThan(time) {
  const listed = spawnSync(
    "git",
    [
      "ls-files",
      "-co",
      "--exclude-standard",
      "client",
      "server",
      "runner",
      "shared",
      "scripts/build.ts",
      "package.json",
    ],
    { cwd: root, encoding: "utf8" },
  );
  if (listed.status !== 0) return false;
  for (const file of listed.stdout.split("\n")) {
    if (file === "") continue;
    try {
      if (statSync(join(root, file)).mtimeMs > time) return true;
    } catch {
      // Deleted, not newer.
    }
  }
  return false;
}

/** Installs Debian's programs where that may be done, else names them. */
export function installPrograms() {
  const missing = Object.keys(programs).filter((program) => !onPath(program));
  const venv = spawnSync("python3", ["-c", "import venv, ensurepip"], { stdio: "ignore" });
  const packages = missing.map((program) => programs[program]);
  if (venv.status !== 0) packages.push("python3-venv");
  if (packages.length === 0) return;
  const command = `apt-get install -y ${packages.join(" ")}`;
  if (process.getuid?.() !== 0 || !onPath("apt-get")) {
    fail(`the tests need ${packages.join(", ")}.`, `On Debian: sudo ${command}`);
  }
  say(`Installing Debian's ${packages.join(", ")}.`);
  must("apt-get", ["update", "-qq"], "apt-get update");
  process.env.DEBIAN_FRONTEND = "noninteractive";
  must("apt-get", ["install", "-y", "-qq", "--no-install-recommends", ...packages], command);
}
