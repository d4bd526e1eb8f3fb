// Where a wheel can be installed, told from its tags alone: the other way round from asking whether one environment takes it.

import { readMarker } from "../../../../shared/src/packaging/marker.ts";
import {
  ALWAYS,
  type MarkerDiagram,
  type MarkerSet,
  NEVER,
} from "../../../../shared/src/packaging/markerDiagram.ts";
import { nextSeries, type PythonRange, pythonCode } from "../../../../shared/src/packaging/pythonRange.ts";

const IMPLEMENTATIONS: Readonly<Record<string, string>> = {
  cp: "CPython",
  pp: "PyPy",
  graalpy: "GraalPy",
  pyston: "Pyston",
};
const MACHINES: Readonly<Record<string, readonly string[]>> = {
  universal2: ["arm64", "x86_64"],
  universal: ["i386", "ppc", "ppc64", "x86_64"],
  intel: ["i386", "x86_64"],
  fat: ["i386", "ppc"],
  fat3: ["i386", "ppc", "x86_64"],
  fat32: ["i386", "ppc"],
  fat64: ["ppc64", "x86_64"],
};

interface PythonTag {
  readonly implementation: string;
  readonly major: number;
  readonly minor: number | undefined;
}

function readPythonTag(tag: string): PythonTag | undefined {
  const match = /^(py|cp|pp|graalpy|pyston)(\d)(\d+)?$/.exec(tag);
  if (match === null) return undefined;
  const minor = match[3] === undefined ? undefined : Number(match[3]);
  return { implementation: match[1]!, major: Number(match[2]), minor };
}

/** Whether one Python of the range may take the wheel; tags that nobody knows count as taken. */
export function takesWheel(range: PythonRange, python: string, abi: string): boolean {
  const pythons = python.split(".").map(readPythonTag);
  return abi.split(".").some((one) => {
    if (one === "abi3" || one === "abi3t") return true;
    if (one === "none") {
      return pythons.some(
        (tag) => tag === undefined || takesPythonTag(range, tag, tag.implementation === "py"),
      );
    }
    const match = /^(cp|pypy|graalpy)(\d)(\d+)/.exec(one);
    if (match === null) return !/^pypy_/.test(one);
    const tag = { implementation: match[1]!, major: Number(match[2]), minor: Number(match[3]) };
    return takesPythonTag(range, tag, false);
  });
}

/** @param isLowerBound `py37` means 3.7 or newer, `cp37` that series alone. */
function takesPythonTag(range: PythonRange, { major, minor }: PythonTag, isLowerBound: boolean): boolean {
  if (major < 3) return false;
  if (minor === undefined) return true;
  const start = pythonCode([major, minor]);
  return start < range.high && (isLowerBound || nextSeries(start) > range.low);
}

/** Where wheels can be installed, as sets of environments. */
export class WheelMarkers {
  readonly #diagram: MarkerDiagram;
  readonly #platforms = new Map<string, MarkerSet>();
  readonly #pythons = new Map<string, MarkerSet>();

  constructor(diagram: MarkerDiagram) {
    this.#diagram = diagram;
  }

  #read(text: string): MarkerSet {
    const marker = readMarker(text);
    if (!marker.ok) throw new Error(text);
    return this.#diagram.of(marker.value);
  }

  /** The systems and machines of a platform tag; several are joined by dots. Unknown ones give none. */
  platformsOf(tags: string): MarkerSet {
    let set = this.#platforms.get(tags);
    if (set === undefined) {
      set = tags.split(".").reduce((all, tag) => this.#diagram.or(all, this.#platformOf(tag)), NEVER);
      this.#platforms.set(tags, set);
    }
    return set;
  }

  #platformOf(tag: string): MarkerSet {
    if (tag === "any") return ALWAYS;
    if (tag === "win32") return this.#read('sys_platform == "win32" and platform_machine == "x86"');
    const windows = /^win_(.+)$/.exec(tag);
    if (windows) {
      const machine = windows[1] === "amd64" ? "AMD64" : windows[1] === "arm64" ? "ARM64" : windows[1]!;
      return this.#read(`sys_platform == "win32" and platform_machine == "${machine}"`);
    }
    const mac = /^macosx_\d+_\d+_(.+)$/.exec(tag);
    const linux = /^(?:manylinux(?:_\d+_\d+|1|2010|2014)|musllinux_\d+_\d+|linux)_(.+)$/.exec(tag);
    const format = mac?.[1] ?? linux?.[1];
    if (format === undefined) return NEVER;
    const machines = (MACHINES[format] ?? [format]).map((machine) => `platform_machine == "${machine}"`);
    return this.#read(`sys_platform == "${mac ? "darwin" : "linux"}" and (${machines.join(" or ")})`);
  }

  /** The Pythons and implementations of a wheel's first two tags. */
  pythonsOf(python: string, abi: string): MarkerSet {
    const key = `${python}-${abi}`;
    let set = this.#pythons.get(key);
    if (set === undefined) {
      const isStable = abi.split(".").some((one) => one === "abi3" || one === "abi3t");
      set = python
        .split(".")
        .reduce((all, tag) => this.#diagram.or(all, this.#pythonOf(tag, isStable)), NEVER);
      this.#pythons.set(key, set);
    }
    return set;
  }

  #pythonOf(text: string, isStable: boolean): MarkerSet {
    const tag = readPythonTag(text);
    if (tag === undefined) return ALWAYS;
    const { implementation, major, minor } = tag;
    const low = pythonCode([major, minor ?? 0]);
    const next = minor === undefined ? pythonCode([major + 1]) : nextSeries(low);
    const isOpen = isStable || (implementation === "py" && minor !== undefined);
    const pythons = this.#diagram.pythonsIn({ low, high: isOpen ? Number.POSITIVE_INFINITY : next });
    const name = IMPLEMENTATIONS[implementation];
    if (name === undefined) return pythons;
    return this.#diagram.and(pythons, this.#read(`platform_python_implementation == "${name}"`));
  }

  /** Where a wheel can be installed. */
  of(tagParts: string): MarkerSet {
    const [python = "", abi = "", platform = ""] = tagParts.split("-");
    return this.#diagram.and(this.platformsOf(platform), this.pythonsOf(python, abi));
  }

  /** Whether a wheel may be of use where a pin is: by system and machine, by any of the names that one machine goes by. */
  isOfUse(tagParts: string, where: MarkerSet): boolean {
    const platforms = tagParts.split("-")[2] ?? "";
    return platforms.split(".").some((tag) => {
      const set = this.#looselyOf(tag);
      return set === undefined || !this.#diagram.areDisjoint(set, where);
    });
  }

  #looselyOf(tag: string): MarkerSet | undefined {
    const key = `~${tag}`;
    let set = this.#platforms.get(key);
    if (set !== undefined) return set;
    const system = /^win/.test(tag)
      ? 'os_name == "nt" and sys_platform == "win32"'
      : /^macosx/.test(tag)
        ? 'os_name == "posix" and sys_platform == "darwin"'
        : /^(many|musl)?linux/.test(tag)
          ? 'os_name == "posix" and sys_platform == "linux"'
          : undefined;
    if (system === undefined) return undefined;
    const family = FAMILIES.find(([pattern]) => pattern.test(tag))?.[1];
    const machines = (family ?? []).map((machine) => `platform_machine == "${machine}"`);
    set = this.#read(machines.length === 0 ? system : `${system} and (${machines.join(" or ")})`);
    this.#platforms.set(key, set);
    return set;
  }
}

/** The names that `platform.machine()` has for one machine. */
const FAMILIES: readonly (readonly [RegExp, readonly string[]])[] = [
  [/_(aarch64|arm64)$/, ["aarch64", "arm64", "ARM64"]],
  [/_(x86_64|amd64)$/, ["x86_64", "amd64", "AMD64"]],
  [/_(i686|i386)$|^win32$/, ["i686", "i386", "win32", "x86"]],
  [/_armv7l$/, ["armv7l", "armv8l"]],
  [/_armv6l$/, ["armv6l"]],
  [/_ppc64le$/, ["ppc64le"]],
  [/_ppc64$/, ["ppc64"]],
  [/_s390x$/, ["s390x"]],
  [/_riscv64$/, ["riscv64"]],
  [/_loongarch64$/, ["loongarch64"]],
];
