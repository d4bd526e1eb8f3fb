// The keeper: a small process between the runner and what it starts, which leaves nothing behind when the runner is gone.
import { spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";

/** What a keeper is told on the first line of its standard input. */
interface KeeperJob {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Written to the command's standard input, which then stays open as its lifeline. */
  readonly feed: string;
  /** Base64 of what the command reads from descriptor 5. */
  readonly filter: string;
  /** The command writes bubblewrap's `--info-fd` to descriptor 4. */
  readonly info: boolean;
  /** A folder of cgroup v2 to make a group in, and the bytes that the group is bound to; empty for none. */
  readonly groupParent: string;
  readonly groupMemory: number;
  /** Bytes and tasks of the whole process tree; 0 for unwatched. */
  readonly memory: number;
  readonly tasks: number;
  /** Milliseconds until everything is killed. */
  readonly deadline: number;
}

/** What ended a kept command, beside its own end. */
export type KeptLimit = "memory" | "tasks" | "time";

export interface KeptResult {
  readonly exit: number | null;
  readonly signal: string | null;
  readonly limit?: KeptLimit;
  /** Largest memory seen, in bytes; absent where it was not watched. */
  readonly peakMemory?: number;
  /** Why the command could not be started. */
  readonly error?: string;
}

/**
 * The keeper's program, in plain JavaScript: a bundler may rewrite functions, but not a text. It kills the whole tree when its
 * standard input ends, which is what the kernel does to it when the runner dies in whatever way.
 */
const keeperSource = String.raw`
const fs = process.getBuiltinModule("node:fs");
const { spawn: start } = process.getBuiltinModule("node:child_process");
const status = (message) => {
  try {
    fs.writeSync(4, JSON.stringify(message) + "\n");
  } catch {
    // The runner is gone: there is nobody to tell, and the end of standard input says so as well.
  }
};
let head = "";
let begun = false;
let kill = () => process.exit(0);
process.stdin.setEncoding("utf8");
process.stdin.on("data", (text) => {
  if (begun) return;
  head += text;
  const end = head.indexOf("\n");
  if (end < 0) return;
  begun = true;
  run(JSON.parse(head.slice(0, end)));
});
process.stdin.on("error", () => kill());
process.stdin.on("close", () => kill());
for (const name of ["SIGTERM", "SIGINT", "SIGHUP"]) process.on(name, () => kill());

/** A group with its bound, or nothing: the watch below holds without it. */
function makeGroup(job) {
  if (!job.groupParent) return "";
  const group = job.groupParent + "/thoth-" + process.pid + "-" + Date.now();
  try {
    // Groups of keepers that were killed stay behind, empty: they go.
    for (const name of fs.readdirSync(job.groupParent)) {
      const owner = /^thoth-(\d+)-/.exec(name);
      if (owner && !fs.existsSync("/proc/" + owner[1])) removeGroup(job.groupParent + "/" + name);
    }
    fs.mkdirSync(group);
    fs.writeFileSync(group + "/memory.max", String(job.groupMemory));
    tell(group + "/memory.swap.max", "0");
    tell(group + "/memory.oom.group", "1");
    return group;
  } catch {
    removeGroup(group);
    return "";
  }
}

function tell(file, text) {
  try {
    fs.writeFileSync(file, text, { flag: fs.constants.O_WRONLY });
  } catch {
    // An older kernel has no such file.
  }
}

function removeGroup(group) {
  try {
    fs.rmdirSync(group);
    return true;
  } catch (error) {
    return error.code !== "EBUSY";
  }
}

function killedForMemory(group) {
  try {
    return /^oom_kill [1-9]/m.test(fs.readFileSync(group + "/memory.events", "latin1"));
  } catch {
    return false;
  }
}

function run(job) {
  const group = makeGroup(job);
  // The shell puts itself into the group and becomes the command: nothing of it is ever outside.
  const enter = ["-c", 'echo $$ > "$0/cgroup.procs"; exec "$@"', group, job.command, ...job.args];
  const child = start(group ? "/bin/sh" : job.command, group ? enter : job.args, {
    cwd: job.cwd,
    env: job.env,
    detached: true,
    stdio: ["pipe", 1, 2, 3, job.info ? "pipe" : "ignore", job.filter ? "pipe" : "ignore"],
  });
  let init = 0;
  let limit;
  let peak = 0;
  const slay = (pid) => {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // Already gone.
    }
  };
  kill = () => {
    if (group) tell(group + "/cgroup.kill", "1");
    if (init > 0) slay(init);
    if (child.pid) slay(-child.pid);
    // Whatever the kernel still holds on to must not hold the keeper.
    setTimeout(() => process.exit(0), 2000);
  };
  const stop = (reason) => {
    limit ??= reason;
    kill();
  };
  child.on("error", (error) => {
    status({ error: String(error) });
    process.exit(0);
  });
  child.on("exit", (exit, signal) => {
    // A group outlives its leader: what a host tool left behind goes too.
    if (child.pid) slay(-child.pid);
    if (group && killedForMemory(group)) limit ??= "memory";
    status({ exit, signal, limit, peak });
    if (!group) process.exit(0);
    tell(group + "/cgroup.kill", "1");
    // What was killed leaves the group a moment later.
    let tries = 40;
    const leave = () => (removeGroup(group) || --tries === 0 ? process.exit(0) : setTimeout(leave, 25));
    leave();
  });
  const ignore = () => {};
  const [input, , , , info, filter] = child.stdio;
  if (input && "write" in input) input.on("error", ignore).write(job.feed);
  if (filter && "end" in filter) filter.on("error", ignore).end(Buffer.from(job.filter, "base64"));
  if (info && "setEncoding" in info) {
    let text = "";
    info.setEncoding("utf8");
    info.on("error", ignore);
    info.on("data", (piece) => {
      text += piece;
      const found = /"child-pid"\s*:\s*(\d+)/.exec(text);
      // Once told, never again: whoever else could write here would choose what is killed.
      if (found && init === 0) init = Number(found[1]);
    });
  }
  setTimeout(() => stop("time"), job.deadline).unref();
  if (job.memory || job.tasks) setInterval(() => watch(job, init || child.pid || 0), 100).unref();

  function watch(bounds, root) {
    if (!root || limit) return;
    const pids = [root];
    let tasks = 0;
    let resident = 0;
    for (let at = 0; at < pids.length && pids.length < 20000; at++) {
      const pid = pids[at];
      try {
        const threads = fs.readdirSync("/proc/" + pid + "/task");
        tasks += threads.length;
        // In kB, whatever the size of a page; a process that is ending has no such line.
        const held = /^VmRSS:\s+(\d+) kB/m.exec(fs.readFileSync("/proc/" + pid + "/status", "latin1"));
        resident += held ? Number(held[1]) * 1024 : 0;
        for (const thread of threads) {
          const children = fs.readFileSync("/proc/" + pid + "/task/" + thread + "/children", "latin1");
          for (const one of children.split(" ")) if (one) pids.push(Number(one));
        }
      } catch {
        // It ended while it was being looked at.
      }
    }
    if (bounds.memory && resident > bounds.memory) resident = shared(pids, resident);
    peak = Math.max(peak, resident);
    if (bounds.memory && resident > bounds.memory) stop("memory");
    else if (bounds.tasks && tasks >= bounds.tasks - 1) stop("tasks");
  }

  /** The tree's memory with pages that several processes share counted once. */
  function shared(pids, resident) {
    let sum = 0;
    for (const pid of pids) {
      try {
        const found = /^Pss:\s+(\d+) kB/m.exec(fs.readFileSync("/proc/" + pid + "/smaps_rollup", "latin1"));
        if (!found) return resident;
        sum += Number(found[1]) * 1024;
      } catch (error) {
        const code = error.code;
        if (code !== "ENOENT" && code !== "ESRCH") return resident;
      }
    }
    return sum;
  }
}
`;

export interface KeptOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly feed?: string;
  readonly filter?: Uint8Array;
  readonly info?: boolean;
  readonly memory?: number;
  readonly tasks?: number;
  /** A group of cgroup v2 to make for the command, and the bytes that the kernel holds it to, files in memory included. */
  readonly group?: { readonly parent: string; readonly memory: number };
  /** Milliseconds. */
  readonly deadline: number;
  /** Shown in the list of processes, to tell one keeper from another. */
  readonly label?: string;
  readonly signal?: AbortSignal;
  /** Standard output and standard error together, as they come. */
  onOutput?(chunk: Buffer): void;
  /** Standard output apart from the rest. */
  onStandardOutput?(chunk: Buffer): void;
  /** What the command writes to descriptor 3. */
  onEvent?(chunk: Buffer): void;
}

/**
 * Runs a command under a keeper and answers when it has ended. An abort, the deadline, a limit and the death of this
 * process all kill its whole tree.
 * @throws never; a command that cannot be started is `error` of the result.
 */
export function runKept(options: KeptOptions): Promise<KeptResult> {
  const job: KeeperJob = {
    command: options.command,
    args: options.args,
    env: options.env,
    cwd: options.cwd,
    feed: options.feed ?? "",
    filter: options.filter ? Buffer.from(options.filter).toString("base64") : "",
    info: options.info ?? false,
    groupParent: options.group?.parent ?? "",
    groupMemory: options.group?.memory ?? 0,
    memory: options.memory ?? 0,
    tasks: options.tasks ?? 0,
    deadline: options.deadline,
  };
  return new Promise((resolve) => {
    if (options.signal?.aborted) return resolve({ exit: null, signal: "SIGKILL" });
    const keeper = spawn(process.execPath, ["--no-warnings", "-e", keeperSource, "--", options.label ?? ""], {
      // A group of its own: a signal to the runner's whole group must not take the keeper before it has done its work.
      detached: true,
      cwd: "/",
      env: { ELECTRON_RUN_AS_NODE: "1" },
      stdio: ["pipe", "pipe", "pipe", "pipe", "pipe"],
    });
    let last: {
      exit?: number | null;
      signal?: string | null;
      limit?: KeptLimit;
      peak?: number;
      error?: string;
    } = {};
    const [control, out, err, events, status] = keeper.stdio as unknown as [Writable, ...Readable[]];
    control.on("error", () => {});
    control.write(`${JSON.stringify(job)}\n`);
    out!.on("data", (chunk: Buffer) => (options.onStandardOutput ?? options.onOutput)?.(chunk));
    err!.on("data", (chunk: Buffer) => options.onOutput?.(chunk));
    events!.on("data", (chunk: Buffer) => options.onEvent?.(chunk));
    let text = "";
    status!.setEncoding("utf8");
    status!.on("data", (piece: string) => {
      text += piece;
      const end = text.lastIndexOf("\n");
      if (end >= 0) last = JSON.parse(text.slice(text.lastIndexOf("\n", end - 1) + 1, end));
    });
    const abort = (): void => {
      control.end();
    };
    options.signal?.addEventListener("abort", abort, { once: true });
    const finish = (result: KeptResult): void => {
      options.signal?.removeEventListener("abort", abort);
      control.destroy();
      resolve(result);
    };
    keeper.on("error", (error) => finish({ exit: null, signal: null, error: String(error) }));
    keeper.on("close", () => {
      finish({
        exit: last.exit ?? null,
        signal: last.signal ?? null,
        ...(last.limit ? { limit: last.limit } : {}),
        ...(last.peak ? { peakMemory: last.peak } : {}),
        ...(last.error ? { error: last.error } : {}),
      });
    });
  });
}
