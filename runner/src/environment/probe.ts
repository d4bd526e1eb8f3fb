// Asks an interpreter about itself, once: for what its files do not say. A probe costs some 35 ms, so its answer is kept.

/** What an interpreter says of itself. */
export interface ProbeAnswer {
  /** `python_full_version` of PEP 508. */
  readonly version: string;
  /** `sys.implementation.name`. */
  readonly implementation: string;
  readonly prefix: string;
  /** `sys.platform`. */
  readonly platform: string;
  /** `platform.machine()`, or what it was built for where that differs. */
  readonly architecture: string;
  readonly libc?: { readonly family: "glibc" | "musl"; readonly version: string };
  readonly macos?: readonly [number, number];
  readonly sitePackages: readonly string[];
}

/** Isolated and without `site`, so that no file of an environment runs: `.pth` files and `sitecustomize` are code. */
const PROGRAM = `
import json, os, platform, sys, sysconfig
v = sys.version_info
level = {"alpha": "a", "beta": "b", "candidate": "rc"}.get(v.releaselevel)
answer = {
    "version": "%d.%d.%d" % v[:3] + ("%s%d" % (level, v.serial) if level else ""),
    "implementation": sys.implementation.name,
    "prefix": sys.prefix,
    "platform": sys.platform,
    "architecture": platform.machine(),
    "sitePackages": [],
}
build = sysconfig.get_platform()
if sys.platform == "linux" and sys.maxsize <= 2**32 and answer["architecture"] in ("x86_64", "aarch64"):
    answer["architecture"] = {"x86_64": "i686", "aarch64": "armv7l"}[answer["architecture"]]
if sys.platform == "win32" and build in ("win32", "win-amd64", "win-arm64"):
    answer["architecture"] = {"win32": "x86", "win-amd64": "AMD64", "win-arm64": "ARM64"}[build]
if sys.platform == "darwin":
    answer["macos"] = [int(n) for n in (platform.mac_ver()[0].split(".") + ["0"])[:2]]
if sys.platform.startswith("linux"):
    try:
        name, number = os.confstr("CS_GNU_LIBC_VERSION").split()
        answer["libc"] = {"family": "glibc", "version": ".".join(number.split(".")[:2])}
    except Exception:
        pass
try:
    import site
    folders = list(site.getsitepackages())
except Exception:
    folders = []
for key in ("purelib", "platlib"):
    folder = sysconfig.get_path(key)
    if folder and folder not in folders:
        folders.append(folder)
answer["sitePackages"] = folders
print(json.dumps(answer))
`;

export interface ProbeFailure {
  readonly failure: string;
}

/**
 * Runs the interpreter once, isolated, with an empty environment but for what the loader needs.
 * Never throws for what the interpreter does; throws what `signal` aborted with.
 */
export async function probeInterpreter(
  executable: string,
  options: {
    readonly env: Readonly<Record<string, string | undefined>>;
    readonly signal?: AbortSignal;
    /** Milliseconds. */
    readonly limit?: number;
  },
): Promise<ProbeAnswer | ProbeFailure> {
  options.signal?.throwIfAborted();
  const kept = [
    "PATH",
    "HOME",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "SYSTEMROOT",
    "SystemRoot",
    "TEMP",
    "TMP",
  ];
  const env = Object.fromEntries(
    kept.flatMap((key) => (options.env[key] === undefined ? [] : [[key, options.env[key]]])),
  );
  const limit = options.limit ?? 10_000;
  // Loaded here: an answer that was kept needs no process.
  const { spawn } = process.getBuiltinModule("node:child_process");
  return await new Promise((settle, reject) => {
    const child = spawn(executable, ["-I", "-S", "-B", "-c", PROGRAM], {
      env,
      stdio: ["ignore", "pipe", "pipe"],
      windowsHide: true,
    });
    let out = "";
    let err = "";
    let timedOut = false;
    const kill = () => void child.kill("SIGKILL");
    const timer = setTimeout(() => {
      timedOut = true;
      kill();
    }, limit);
    const cancel = () => {
      kill();
      reject(options.signal?.reason);
    };
    options.signal?.addEventListener("abort", cancel, { once: true });
    const done = (answer: ProbeAnswer | ProbeFailure) => {
      clearTimeout(timer);
      options.signal?.removeEventListener("abort", cancel);
      settle(answer);
    };
    child.stdout.setEncoding("utf8").on("data", (piece: string) => {
      if (out.length < 100_000) out += piece;
    });
    child.stderr.setEncoding("utf8").on("data", (piece: string) => {
      if (err.length < 10_000) err += piece;
    });
    child.on("error", (error: NodeJS.ErrnoException) =>
      done({ failure: `it cannot be run (${error.code ?? error.message})` }),
    );
    child.on("close", (code) => {
      if (timedOut) return done({ failure: `it did not answer within ${Math.round(limit / 1000)} s` });
      const answer = readAnswer(out);
      if (answer) return done(answer);
      const said = err.trim().split("\n").at(-1)?.slice(0, 200);
      done({ failure: `it ended with status ${code ?? "unknown"}${said ? `: ${said}` : ""}` });
    });
  });
}

/** Judges what a probe printed, or what was kept of an earlier one. */
export function readAnswer(text: string): ProbeAnswer | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text.trim().split("\n").at(-1) ?? "");
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const answer = value as Record<string, unknown>;
  const texts = ["version", "implementation", "prefix", "platform", "architecture"];
  if (!texts.every((key) => typeof answer[key] === "string")) return undefined;
  if (!/^\d+\.\d+\.\d+/.test(answer.version as string)) return undefined;
  if (!Array.isArray(answer.sitePackages)) return undefined;
  return answer as unknown as ProbeAnswer;
}
