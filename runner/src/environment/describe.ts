// The runtime environment of a folder: the interpreter's values, what options put in their place, and where each came from.
import { dirname } from "node:path";
import { markersOf } from "../../../shared/src/environment/markers.ts";
import type { RuntimeEnvironment } from "../../../shared/src/environment/model.ts";
import { tagsOf } from "../../../shared/src/environment/tags.ts";
import { readInstalled, sitePackagesOf } from "./installed.ts";
import { findInterpreter, modified, readVirtualEnvironment, realPath } from "./interpreter.ts";
import { kernelNames, linuxLibc, thisMachine } from "./machine.ts";
import { type NamedPlatform, PLATFORM_EXAMPLES, parsePlatform } from "./platforms.ts";
import { type ProbeAnswer, probeInterpreter, readAnswer } from "./probe.ts";

/** Keeps what interpreters said of themselves between processes. */
export interface ProbeCache {
  read(key: string): string | undefined;
  write(key: string, text: string): void;
}

export interface DescribeOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  readonly home: string;
  /** The folder of the manifest: absolute. */
  readonly cwd: string;
  readonly workspace?: string;
  /** A path of an interpreter or of a virtual environment's folder. */
  readonly interpreter?: string;
  /** `3.11` or `3.11.7`: in place of the interpreter's own. A path counts as `interpreter`. */
  readonly python?: string;
  /**
   * What the manifest itself asks for, used where nothing else is said: a Pipfile's `python_version`, or the lowest that
   * `requires-python` admits, which stands back where the interpreter's own version is admitted.
   */
  readonly manifestPython?: {
    readonly version: string;
    readonly origin: string;
    admits?(version: string): boolean;
  };
  /** uv's platform name or a wheel platform tag. */
  readonly platformName?: string;
  /** `all`, or the PEP 503 names whose installed distributions are wanted. */
  readonly installed?: "all" | ReadonlySet<string>;
  /** False: nothing is run, not even to ask a Python for its version (an untrusted folder). */
  readonly mayRun?: boolean;
  readonly cache?: ProbeCache | (() => Promise<ProbeCache>);
  readonly signal?: AbortSignal;
}

export interface DescribeFault {
  readonly code: "unknown-platform" | "unknown-python" | "interpreter-not-found" | "interpreter-broken";
  readonly message: string;
  readonly next: string;
}

interface Python {
  readonly version?: string;
  readonly versionOrigin: string;
  readonly implementation: string;
  readonly executable?: string;
  readonly executableOrigin?: string;
  readonly prefix?: string;
  readonly platform?: NamedPlatform;
  readonly sitePackages: readonly string[];
  readonly notes: readonly string[];
}

/**
 * Describes the runtime environment. Nothing runs where the interpreter's files tell its version (a virtual environment); else
 * it is asked once and the answer kept. No Python is an environment without a version, with the reason in `notes`; a fault is
 * only what the person named and is wrong.
 */
export async function describeEnvironment(
  options: DescribeOptions,
): Promise<{ readonly environment: RuntimeEnvironment } | { readonly fault: DescribeFault }> {
  const named = options.platformName === undefined ? undefined : parsePlatform(options.platformName);
  if (options.platformName !== undefined && !named) {
    return {
      fault: {
        code: "unknown-platform",
        message: `The platform ${options.platformName} is not known.`,
        next: `Name one such as ${PLATFORM_EXAMPLES}.`,
      },
    };
  }
  const asked = askedPython(options);
  if ("code" in asked) return { fault: asked };
  const python = await findPython({ ...options, ...asked.options });
  if ("code" in python) return { fault: python };
  const { manifestPython } = options;
  const isAdmitted =
    asked.version === manifestPython && python.version && manifestPython?.admits?.(python.version);
  return { environment: compose(options, python, named, isAdmitted ? undefined : asked.version) };
}

const OPTION = "option --python";

type AskedPython = {
  readonly options: Partial<DescribeOptions>;
  readonly version?: { readonly version: string; readonly origin: string };
};

/** `--python` is a version or a path, as uv has it. */
function askedPython(options: DescribeOptions): AskedPython | DescribeFault {
  const { python } = options;
  if (python === undefined) {
    const { manifestPython } = options;
    return manifestPython && /^\d+\.\d+/.test(manifestPython.version)
      ? { options: {}, version: manifestPython }
      : { options: {} };
  }
  const version = /^(?:python|cpython|py)?@?(\d+\.\d+(?:\.\d+)?(?:(?:a|b|rc)\d+)?)$/i.exec(python)?.[1];
  if (version) return { options: {}, version: { version, origin: OPTION } };
  if (/^(?:python|cpython|py)?@?\d+(\.|$)|^[<>=~!]/.test(python) && !/[\\/]/.test(python)) {
    return {
      code: "unknown-python",
      message: `${python} is not a Python version.`,
      next: "Name one such as 3.11 or 3.11.7, or the path of an interpreter.",
    };
  }
  return { options: { interpreter: options.interpreter ?? python } };
}

async function findPython(options: DescribeOptions): Promise<Python | DescribeFault> {
  const found = findInterpreter(options);
  if (found === undefined) {
    return {
      versionOrigin: "",
      implementation: "cpython",
      sitePackages: [],
      notes: ["No Python was found: no .venv here or above, no VIRTUAL_ENV, none on PATH."],
    };
  }
  if ("missing" in found) {
    return {
      code: "interpreter-not-found",
      message: `There is no Python at ${found.missing}.`,
      next: "Name an interpreter, the folder of a virtual environment, or a version such as 3.11.",
    };
  }
  const virtual = readVirtualEnvironment(found.path);
  if (virtual?.version !== undefined) {
    const prefixes = [virtual.folder];
    if (virtual.systemSitePackages && virtual.home) prefixes.push(dirname(virtual.home));
    return {
      version: virtual.version,
      versionOrigin: `${virtual.folder}/pyvenv.cfg`,
      implementation: virtual.implementation ?? "cpython",
      executable: found.path,
      executableOrigin: found.origin,
      prefix: virtual.folder,
      sitePackages: prefixes.flatMap((prefix) => sitePackagesOf(prefix, virtual.version)),
      notes: [],
    };
  }
  const answer = await askInterpreter(found.path, options);
  if ("failure" in answer) {
    if (options.interpreter !== undefined) {
      return {
        code: "interpreter-broken",
        message: `${found.path} is not a Python that answers: ${answer.failure}.`,
        next: "Name another interpreter, or a version such as 3.11.",
      };
    }
    return {
      versionOrigin: "",
      implementation: "cpython",
      executable: found.path,
      executableOrigin: found.origin,
      sitePackages: [],
      notes: [`${found.path} does not say its version: ${answer.failure}.`],
    };
  }
  return {
    version: answer.version,
    versionOrigin: `${found.path}, asked`,
    implementation: answer.implementation,
    executable: found.path,
    executableOrigin: found.origin,
    prefix: virtual?.folder ?? answer.prefix,
    ...platformOf(answer, found.path),
    sitePackages: virtual ? sitePackagesOf(virtual.folder, answer.version) : answer.sitePackages,
    notes: [],
  };
}

async function askInterpreter(
  path: string,
  options: DescribeOptions,
): Promise<ProbeAnswer | { readonly failure: string }> {
  const real = realPath(path);
  const key = `environment 1\n${path}\n${real}\n${modified(real) ?? ""}`;
  const cache = typeof options.cache === "function" ? await options.cache() : options.cache;
  const kept = readAnswer(cache?.read(key) ?? "");
  if (kept) return kept;
  if (options.mayRun === false) return { failure: "nothing is run in a folder that is not trusted" };
  const answer = await probeInterpreter(path, {
    env: options.env,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  if (!("failure" in answer)) cache?.write(key, JSON.stringify(answer));
  return answer;
}

function platformOf(answer: ProbeAnswer, executable: string): { readonly platform?: NamedPlatform } {
  const { platform, architecture, macos } = answer;
  if (platform !== "linux" && platform !== "darwin" && platform !== "win32") return {};
  const libc = answer.libc ?? (platform === "linux" ? linuxLibc(executable) : undefined);
  return {
    platform: {
      platform,
      architecture,
      ...(libc === undefined ? {} : { libc }),
      ...(macos === undefined ? {} : { macos }),
    },
  };
}

/**
 * `3.11` that a person names is 3.11.0, as in uv: a stack for it has to hold for each of its patches. What a manifest says of the same
 * series as the interpreter's is the interpreter.
 */
function chosenVersion(
  python: Python,
  asked: AskedPython["version"],
): { readonly version?: string; readonly origin: string } {
  if (!asked)
    return {
      ...(python.version === undefined ? {} : { version: python.version }),
      origin: python.versionOrigin,
    };
  const [major, minor, patch] = asked.version.split(".");
  if (patch !== undefined) return { version: asked.version, origin: asked.origin };
  if (asked.origin !== OPTION && python.version?.startsWith(`${major}.${minor}.`)) {
    return { version: python.version, origin: `${asked.origin}, patch level of ${python.executable}` };
  }
  return { version: `${major}.${minor}.0`, origin: asked.origin };
}

function compose(
  options: DescribeOptions,
  python: Python,
  named: NamedPlatform | undefined,
  asked: AskedPython["version"],
): RuntimeEnvironment {
  const machine = named ?? python.platform ?? thisMachine(python.executable);
  const chosen = chosenVersion(python, asked);
  const platformOrigin = named ? "option --platform" : "this machine";
  const origins: Record<string, string> = {
    platform: platformOrigin,
    architecture: platformOrigin,
    implementation: python.version ? (python.executableOrigin ?? "default") : "default",
  };
  if (chosen.version) origins.pythonVersion = chosen.origin;
  if (python.executable) origins.executable = python.executableOrigin ?? "";
  if (machine.libc) origins.libc = platformOrigin;
  const isForeign = named !== undefined || chosen.version !== python.version;
  const notes = [...python.notes];
  if (isForeign && python.executable && chosen.version !== python.version && python.version) {
    notes.push(
      `The interpreter found is Python ${python.version}; ${chosen.origin} asks for ${chosen.version}.`,
    );
  }
  const markers = chosen.version
    ? markersOf({
        pythonVersion: chosen.version,
        implementation: python.implementation,
        platform: machine.platform,
        architecture: machine.architecture,
        ...(named ? {} : { kernel: kernelNames() }),
      })
    : undefined;
  const { installed } = options;
  return {
    name: "this machine",
    ...(chosen.version === undefined ? {} : { pythonVersion: chosen.version }),
    implementation: python.implementation,
    ...(python.executable === undefined ? {} : { executable: python.executable }),
    ...(python.prefix === undefined ? {} : { prefix: python.prefix }),
    platform: machine.platform,
    architecture: machine.architecture,
    ...(machine.libc === undefined ? {} : { libc: machine.libc }),
    ...(markers === undefined ? {} : { markers }),
    ...(chosen.version === undefined
      ? {}
      : {
          tags: tagsOf({
            pythonVersion: chosen.version,
            implementation: python.implementation,
            freeThreaded: python.sitePackages.some((folder) => /python\d+\.\d+t[\\/]/.test(folder)),
            ...machine,
          }),
        }),
    // What another Python on another platform would have installed is not known from this one.
    ...(installed === undefined || named !== undefined
      ? {}
      : { installed: readInstalled(python.sitePackages, installed === "all" ? {} : { names: installed }) }),
    origins,
    notes,
  };
}
