// The wheel tags of a described Python on a described platform, best first.
import {
  macPlatforms,
  manylinuxPlatforms,
  musllinuxPlatforms,
  type Pair,
  supportedTags,
  windowsPlatforms,
} from "../packaging/tags.ts";

export interface TagSource {
  /** `python_full_version`. */
  readonly pythonVersion: string;
  /** `sys.implementation.name`. */
  readonly implementation: string;
  /** Built without the global interpreter lock (PEP 703). */
  readonly freeThreaded?: boolean;
  /** `sys.platform`. */
  readonly platform: string;
  readonly architecture: string;
  readonly libc?: { readonly family: "glibc" | "musl"; readonly version: string };
  readonly macos?: readonly [number, number];
}

/** The tags that the interpreter takes (PEP 425), as the reference's `sys_tags` would give them there. */
export function tagsOf(source: TagSource): string[] {
  const [major = 3, minor = 0] = source.pythonVersion.split(".").map((part) => Number.parseInt(part, 10));
  const python: Pair = [major, minor];
  const platforms = platformsOf(source);
  if (source.implementation === "pypy") {
    return supportedTags({ python, implementation: "pp", abis: [`pypy${major}${minor}_pp73`], platforms });
  }
  if (source.implementation !== "cpython") {
    return supportedTags({ python, implementation: source.implementation, abis: [], platforms });
  }
  return supportedTags({
    python,
    platforms,
    ...(source.freeThreaded ? { abis: [`cp${major}${minor}t`] } : {}),
  });
}

function platformsOf({ platform, architecture, libc, macos }: TagSource): string[] {
  if (platform === "win32") return windowsPlatforms(architecture);
  if (platform === "darwin") return macPlatforms(macos ?? [11, 0], architecture);
  if (libc?.family === "musl") return musllinuxPlatforms(architecture, pairOf(libc.version));
  return libc ? manylinuxPlatforms(architecture, pairOf(libc.version)) : [`linux_${architecture}`];
}

function pairOf(version: string): Pair {
  const [major = 0, minor = 0] = version.split(".").map((part) => Number.parseInt(part, 10));
  return [major, minor];
}
