// Compatibility tags of wheels and the ladders of platforms: PEP 425, 513, 571, 599, 600, 656, 703, 730, 738, 803.
import { readWheelFilename } from "./filename.ts";

/** A major and a minor version. */
export type Pair = readonly [major: number, minor: number];

export interface TagOptions {
  /** The version of Python, `[3, 12]`; a major version alone is allowed. */
  readonly python: Pair | readonly [number];
  /** `cp`, `pp`, …; CPython if left out. */
  readonly implementation?: string;
  /** ABIs, best first (`cp312`, `cp313t`, `pypy310_pp73`); CPython's ordinary one if left out. */
  readonly abis?: readonly string[];
  /** Platforms, best first: from one of the ladders below. */
  readonly platforms: readonly string[];
}

function nodot(version: readonly number[]): string {
  return version.slice(0, 2).join("");
}

/**
 * The tags that an interpreter takes, best first and without doubles, in the reference's order (`cpython_tags` or
 * `generic_tags`, then `compatible_tags`).
 * @param options version, implementation, ABIs and platforms of the interpreter.
 */
export function supportedTags(options: TagOptions): string[] {
  const { python, platforms } = options;
  const implementation = options.implementation ?? "cp";
  const interpreter = implementation + nodot(python);
  const tags = new Set<string>();
  const add = (one: string, abi: string): void => {
    for (const platform of platforms) tags.add(`${one}-${abi}-${platform}`);
  };
  if (implementation === "cp") addCPython(python, options.abis ?? [ordinaryAbi(python)], add);
  else {
    const abis = [...(options.abis ?? [])];
    if (!abis.includes("none")) abis.push("none");
    for (const abi of abis) add(interpreter, abi);
  }
  const generic = pythonRange(python);
  for (const one of generic) add(one, "none");
  tags.add(`${interpreter}-none-any`);
  for (const one of generic) tags.add(`${one}-none-any`);
  return [...tags];
}

function ordinaryAbi(python: readonly number[]): string {
  const hasMalloc = python[0] === 3 && python.length > 1 && python[1]! < 8;
  return `cp${nodot(python)}${hasMalloc ? "m" : ""}`;
}

function addCPython(
  python: readonly number[],
  abis: readonly string[],
  add: (one: string, abi: string) => void,
): void {
  const interpreter = `cp${nodot(python)}`;
  const isThreaded = /^cp\d+.*t/.test(abis[0] ?? "");
  const stable = isThreaded ? "abi3t" : "abi3";
  const minor = python[1];
  const hasStable = minor !== undefined && (python[0]! > 3 || (python[0] === 3 && minor >= 2));
  for (const abi of abis) {
    if (abi !== "abi3" && abi !== "none" && !(isThreaded && abi === "abi3t")) add(interpreter, abi);
  }
  if (hasStable) add(interpreter, stable);
  add(interpreter, "none");
  if (!hasStable) return;
  for (let older = minor - 1; older >= 2; older--) add(`cp${python[0]}${older}`, stable);
}

function pythonRange(python: readonly number[]): string[] {
  const [major, minor] = python;
  const names: string[] = [];
  if (minor !== undefined) names.push(`py${nodot(python)}`);
  names.push(`py${major}`);
  for (let older = (minor ?? 0) - 1; older >= 0; older--) names.push(`py${major}${older}`);
  return names;
}

const LEGACY: Readonly<Record<number, string>> = {
  17: "manylinux2014",
  12: "manylinux2010",
  5: "manylinux1",
};
const MANYLINUX_ARCHITECTURES: ReadonlySet<string> = new Set([
  "x86_64",
  "i686",
  "aarch64",
  "armv7l",
  "ppc64",
  "ppc64le",
  "s390x",
  "loongarch64",
  "riscv64",
]);
const LAST_GLIBC_MINOR = 50;

function linuxArchitectures(arch: string): readonly string[] {
  return arch === "armv8l" ? ["armv8l", "armv7l"] : [arch];
}

/**
 * The platforms that a Linux with glibc takes (PEP 600 and its forerunners), best first, the bare `linux_ARCH` leading.
 * @param arch as in tags: `x86_64`, `aarch64`, `armv8l` for 32-bit Python on 64-bit Arm.
 */
export function manylinuxPlatforms(arch: string, glibc: Pair): string[] {
  const archs = linuxArchitectures(arch);
  const platforms = archs.map((one) => `linux_${one}`);
  if (!archs.some((one) => MANYLINUX_ARCHITECTURES.has(one))) return platforms;
  const isIntel = archs.some((one) => one === "x86_64" || one === "i686");
  const [newest] = glibc;
  for (const one of archs) {
    for (let major = newest; major >= 2; major--) {
      const lowest = major === 2 ? (isIntel ? 5 : 17) : 0;
      const highest = major === newest ? glibc[1] : LAST_GLIBC_MINOR;
      for (let minor = highest; minor >= lowest; minor--) {
        platforms.push(`manylinux_${major}_${minor}_${one}`);
        const legacy = major === 2 ? LEGACY[minor] : undefined;
        if (legacy) platforms.push(`${legacy}_${one}`);
      }
    }
  }
  return platforms;
}

/** The platforms that a Linux with musl takes (PEP 656), best first, the bare `linux_ARCH` leading. */
export function musllinuxPlatforms(arch: string, musl: Pair): string[] {
  const archs = linuxArchitectures(arch);
  const platforms = archs.map((one) => `linux_${one}`);
  for (const one of archs) {
    for (let minor = musl[1]; minor >= 0; minor--) platforms.push(`musllinux_${musl[0]}_${minor}_${one}`);
  }
  return platforms;
}

function isOlder(a: Pair, b: Pair): boolean {
  return a[0] < b[0] || (a[0] === b[0] && a[1] < b[1]);
}

/** The binary formats that a macOS of this version runs on this processor, best first. */
export function macBinaryFormats(version: Pair, arch: string): string[] {
  const formats = [arch];
  if (arch === "x86_64" || arch === "i386") {
    if (isOlder(version, [10, 4])) return [];
    formats.push("intel", ...(arch === "x86_64" ? ["fat64", "fat3"] : ["fat3", "fat"]));
  } else if (arch === "ppc64") {
    if (isOlder([10, 5], version) || isOlder(version, [10, 4])) return [];
    formats.push("fat64");
  } else if (arch === "ppc") {
    if (isOlder([10, 6], version)) return [];
    formats.push("fat3", "fat");
  }
  if (arch === "arm64" || arch === "x86_64") formats.push("universal2");
  if (["x86_64", "i386", "ppc64", "ppc", "intel"].includes(arch)) formats.push("universal");
  return formats;
}

/** The platforms that a macOS takes, best first. Since macOS 11 a year's release raises the major version. */
export function macPlatforms(version: Pair, arch: string): string[] {
  const platforms: string[] = [];
  const add = (major: number, minor: number, formats: readonly string[]): void => {
    for (const format of formats) platforms.push(`macosx_${major}_${minor}_${format}`);
  };
  if (version[0] === 10) {
    for (let minor = version[1]; minor >= 0; minor--) add(10, minor, macBinaryFormats([10, minor], arch));
  }
  if (version[0] < 11) return platforms;
  for (let major = version[0]; major > 10; major--) add(major, 0, macBinaryFormats([major, 0], arch));
  // Arm came with macOS 11, but the Intel half of a universal2 file may name an older one.
  for (let minor = 16; minor > 3; minor--) {
    add(10, minor, arch === "x86_64" ? macBinaryFormats([10, minor], arch) : ["universal2"]);
  }
  return platforms;
}

/**
 * The platforms that a Windows takes: one.
 * @param arch as `platform.machine()` or a tag says: `AMD64`, `x86`, `ARM64`, `win32`.
 */
export function windowsPlatforms(arch: string): string[] {
  switch (arch.toLowerCase()) {
    case "amd64":
    case "x86_64":
    case "x64":
    case "win_amd64":
      return ["win_amd64"];
    case "arm64":
    case "aarch64":
    case "win_arm64":
      return ["win_arm64"];
    case "x86":
    case "i386":
    case "i686":
    case "win32":
      return ["win32"];
    default:
      return [`win_${arch.toLowerCase()}`];
  }
}

/** The platforms that an iOS takes (PEP 730), best first, down to 12.0. */
export function iosPlatforms(version: Pair, multiarch: string): string[] {
  const arch = multiarch.replaceAll("-", "_");
  const platforms: string[] = [];
  for (let major = version[0]; major >= 12; major--) {
    for (let minor = major === version[0] ? version[1] : 9; minor >= 0; minor--) {
      platforms.push(`ios_${major}_${minor}_${arch}`);
    }
  }
  return platforms;
}

/** The platforms that an Android takes (PEP 738), best first, down to API level 16. */
export function androidPlatforms(apiLevel: number, abi: string): string[] {
  const platforms: string[] = [];
  for (let level = apiLevel; level >= 16; level--)
    platforms.push(`android_${level}_${abi.replace(/[-. ]/g, "_")}`);
  return platforms;
}

/** The rank of each supported tag, 0 the best, for `bestTagRank`. */
export function tagRanks(supported: readonly string[]): ReadonlyMap<string, number> {
  const ranks = new Map<string, number>();
  for (const [rank, tag] of supported.entries()) if (!ranks.has(tag)) ranks.set(tag, rank);
  return ranks;
}

/** The rank of the best of a wheel's tags, undefined if the interpreter takes none of them. */
export function bestTagRank(
  wheelTags: Iterable<string>,
  supported: ReadonlyMap<string, number>,
): number | undefined {
  let best: number | undefined;
  for (const tag of wheelTags) {
    const rank = supported.get(tag);
    if (rank !== undefined && (best === undefined || rank < best)) best = rank;
  }
  return best;
}

/**
 * Those of the wheels that an interpreter takes, best first: by best tag, then by higher build tag.
 * Names that are no wheel's are left out.
 */
export function rankWheels(filenames: Iterable<string>, supported: ReadonlyMap<string, number>): string[] {
  const ranked: { filename: string; rank: number; build: readonly [number, string] }[] = [];
  for (const filename of filenames) {
    const wheel = readWheelFilename(filename);
    if (!wheel.ok) continue;
    const rank = bestTagRank(wheel.value.tags, supported);
    if (rank !== undefined) ranked.push({ filename, rank, build: wheel.value.build ?? [-1, ""] });
  }
  ranked.sort((a, b) => a.rank - b.rank || b.build[0] - a.build[0] || compareText(b.build[1], a.build[1]));
  return ranked.map((one) => one.filename);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
