// What an inspection is contained in: bubblewrap, tried by running it, with a user of its own where the runner is root.
import {
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { dirname, join, relative } from "node:path";
import { ensureFolder, type FolderFailure } from "../data/index.ts";
import type { Interpreter } from "./interpreter.ts";
import { runKept } from "./keeper.ts";
import type { InspectionLimits } from "./model.ts";
import { buildSeccompFilter } from "./seccomp.ts";
import { showable } from "./telling.ts";

/** A way to start the driver, with the folders as the driver sees them. */
export interface Containment {
  /** In words, for the result. */
  readonly description: string;
  /** What only somebody who looks closer wants to know. */
  readonly detail?: string;
  readonly contained: boolean;
  readonly command: string;
  readonly args: readonly string[];
  readonly filter?: Uint8Array;
  /** Read-only: wheels, pins, driver, script. */
  readonly input: string;
  /** Writable and bounded: environment, home, temporary files. */
  readonly work: string;
}

export interface ContainmentRequest {
  readonly interpreter: Interpreter;
  /** Folder on this machine that becomes `input`. */
  readonly staging: string;
  readonly limits: InspectionLimits;
  readonly bubblewrap: string;
  readonly signal?: AbortSignal;
}

export type ContainmentAnswer =
  | { readonly ok: true; readonly containment: Containment }
  | { readonly ok: false; readonly reason: string };

const SYSTEM_LINKS = ["/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"];
/** What programs look up that gives nothing of the machine's owner away. */
const SYSTEM_FILES = [
  "/etc/ld.so.cache",
  "/etc/ld.so.conf",
  "/etc/ld.so.conf.d",
  "/etc/alternatives",
  "/etc/localtime",
  "/etc/mime.types",
  "/etc/protocols",
  "/etc/services",
  "/etc/ssl/openssl.cnf",
  "/etc/ssl/certs",
  "/etc/pki/ca-trust/extracted",
  "/etc/pki/tls/openssl.cnf",
  "/sys/devices/system/cpu",
  "/sys/devices/system/node",
];
const SHARED_MEMORY = 256 * 1024 * 1024;

/** Builds the bubblewrap command line and runs it once: only what was seen to work is used. */
export async function prepareBubblewrap(request: ContainmentRequest): Promise<ContainmentAnswer> {
  if (process.platform !== "linux") return refused("bubblewrap runs on Linux only.");
  const filter = buildSeccompFilter(process.arch);
  if (!filter) return refused(`There is no system-call filter for ${process.arch}.`);
  const home = homedir();
  const tooWide = request.interpreter.prefixes.find((prefix) => prefix === "/" || isInside(home, prefix));
  if (tooWide !== undefined) {
    return refused(
      `The interpreter's own folder, ${tooWide}, holds the home folder, which must stay out of the sandbox.`,
    );
  }
  const root = process.getuid?.() === 0;
  const uid = root ? freshUser() : undefined;
  if (root && uid === undefined) return refused("No unused user id is left for the sandbox.");
  if (root && !existsSync("/usr/bin/setpriv")) return refused("setpriv (util-linux) is not installed.");

  const args = [...namespaceArgs(uid), ...fileArgs(request), "--seccomp", "5", "--info-fd", "4", "--"];
  if (uid !== undefined) args.push(...becomeUser(uid));
  const probe = "import os,sys; sys.stdout.write('%d %d' % (os.getuid(), os.getpid()))";
  let text = "";
  let problem = "";
  const result = await runKept({
    command: request.bubblewrap,
    args: [...args, request.interpreter.executable, "-I", "-S", "-c", probe],
    env: bwrapEnvironment,
    cwd: "/",
    filter,
    info: true,
    deadline: 20_000,
    ...(request.signal ? { signal: request.signal } : {}),
    onStandardOutput: (chunk) => {
      if (text.length < 1000) text += chunk.toString("latin1");
    },
    onOutput: (chunk) => {
      if (problem.length < 4000) problem += chunk.toString("utf8");
    },
  });
  if (result.error !== undefined) {
    const missing = result.error.includes("ENOENT");
    return refused(
      missing
        ? "bubblewrap (bwrap) is not installed."
        : `bubblewrap does not start: ${showable(result.error)}`,
    );
  }
  if (text !== `${uid ?? INNER_USER} 1`) {
    const first = problem.trim().split("\n").at(-1) ?? "";
    return refused(`bubblewrap does not work here: ${showable(first) || `exit status ${result.exit}`}.`);
  }
  return {
    ok: true,
    containment: {
      description: "bubblewrap, no network, system-call filter",
      detail: `${uid === undefined ? "user namespace" : `user ${uid}`}, memory watched`,
      contained: true,
      command: request.bubblewrap,
      args,
      filter,
      input: "/input",
      work: "/work",
    },
  };
}

/** Lays out what the system's own look-ups find inside. */
export function writeSandboxFiles(staging: string): FolderFailure | undefined {
  const failure = ensureFolder(join(staging, "etc"), 0o755);
  if (failure) return failure;
  const etc = {
    passwd: "root:x:0:0:root:/:/bin/false\nsandbox:x:1000:1000::/work/home:/bin/sh\n",
    group: "root:x:0:\nsandbox:x:1000:\n",
    hosts: "127.0.0.1 localhost\n::1 localhost\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
  };
  for (const [name, text] of Object.entries(etc))
    writeFileSync(join(staging, "etc", name), text, { mode: 0o644 });
  return undefined;
}

/** No containment at all, which only the person can ask for. */
export function withoutSandbox(staging: string): Containment {
  return {
    description: "none, as asked for",
    contained: false,
    command: "",
    args: [],
    input: staging,
    work: join(staging, "work"),
  };
}

/** The identity inside a user namespace of an ordinary user's run. */
const INNER_USER = 1000;

export const bwrapEnvironment = { PATH: "/usr/local/bin:/usr/bin:/bin", LANG: "C.UTF-8", LC_ALL: "C.UTF-8" };

function refused(reason: string): ContainmentAnswer {
  return { ok: false, reason };
}

function namespaceArgs(uid: number | undefined): string[] {
  const args = ["--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"];
  args.push("--as-pid-1", "--new-session", "--die-with-parent", "--hostname", "sandbox", "--chdir", "/");
  if (uid === undefined) {
    args.push(
      "--unshare-user",
      "--uid",
      String(INNER_USER),
      "--gid",
      String(INNER_USER),
      "--cap-drop",
      "ALL",
    );
  } else {
    // Only for the step from root to the fresh user, which sheds them.
    args.push(
      "--cap-drop",
      "ALL",
      "--cap-add",
      "CAP_SETUID",
      "--cap-add",
      "CAP_SETGID",
      "--cap-add",
      "CAP_SETPCAP",
    );
  }
  return args;
}

function becomeUser(uid: number): string[] {
  return [
    "/usr/bin/setpriv",
    `--reuid=${uid}`,
    `--regid=${uid}`,
    "--clear-groups",
    "--inh-caps=-all",
    "--ambient-caps=-all",
    "--bounding-set=-all",
    "--no-new-privs",
    "--",
  ];
}

function fileArgs({ interpreter, staging, limits }: ContainmentRequest): string[] {
  const args: string[] = [];
  const made = new Set(["/"]);
  const parents = (path: string): void => {
    const above = dirname(path);
    if (made.has(above)) return;
    parents(above);
    made.add(above);
    args.push("--perms", "0755", "--dir", above);
  };
  const shown: string[] = [];
  const show = (source: string, target: string): void => {
    if (shown.some((one) => isInside(target, one))) return;
    parents(target);
    args.push("--ro-bind", source, target);
    shown.push(target);
  };
  show("/usr", "/usr");
  for (const path of SYSTEM_LINKS) {
    const state = lstatSync(path, { throwIfNoEntry: false });
    if (state?.isSymbolicLink()) args.push("--symlink", readlinkSync(path), path);
    else if (state?.isDirectory()) show(path, path);
  }
  for (const path of SYSTEM_FILES) if (existsSync(path)) show(path, path);
  for (const name of ["passwd", "group", "hosts", "nsswitch.conf"])
    show(join(staging, "etc", name), `/etc/${name}`);
  if (existsSync("/nix/store")) show("/nix/store", "/nix/store");
  for (const prefix of interpreter.prefixes) {
    show(prefix, prefix);
    const real = realpathSync(prefix);
    if (real !== prefix) show(real, real);
  }
  const realExecutable = realpathSync(interpreter.executable);
  for (const path of [interpreter.executable, realExecutable]) show(realExecutable, path);
  if (interpreter.pip?.wheel) show(interpreter.pip.wheel, interpreter.pip.wheel);
  show(staging, "/input");
  args.push("--proc", "/proc", "--dev", "/dev");
  args.push("--perms", "1777", "--size", String(Math.min(SHARED_MEMORY, limits.disk)), "--tmpfs", "/dev/shm");
  args.push("--perms", "1777", "--size", String(limits.disk), "--tmpfs", "/work");
  parents("/var/tmp");
  args.push("--symlink", "/work/tmp", "/tmp", "--symlink", "/work/tmp", "/var/tmp");
  // The folders that bubblewrap makes itself are memory without a bound until they are read-only.
  args.push("--remount-ro", "/dev", "--remount-ro", "/");
  return args;
}

function isInside(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way === "" || (!way.startsWith("..") && !way.startsWith("/"));
}

/** A user id that nobody has and no process uses, within what this namespace can name. */
function freshUser(): number | undefined {
  let start = 2_000_000_000;
  let size = 100_000_000;
  const mapped = readFileSync("/proc/self/uid_map", "utf8")
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s+/).map(Number));
  const last = Math.max(...mapped.map(([from = 0, , count = 0]) => from + count));
  if (last <= start + size) {
    start = 61_000;
    size = 3000;
    if (last <= start + size) return undefined;
  }
  const used = new Set<number>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const state = statSync(`/proc/${name}`, { throwIfNoEntry: false });
    if (state) used.add(state.uid);
  }
  for (let attempt = 0; attempt < 1000; attempt++) {
    const uid = start + Math.floor(Math.random() * size);
    if (!used.has(uid)) return uid;
  }
  return undefined;
}
