// Which files of a release the target takes, and, where it takes none, the one reason that is nearest to the mark.

import { expandTags } from "../../../../shared/src/packaging/filename.ts";
import { readSpecifierSetLenient } from "../../../../shared/src/packaging/lenient.ts";
import { normalizeName } from "../../../../shared/src/packaging/name.ts";
import { boundPythons, pythonCode } from "../../../../shared/src/packaging/pythonRange.ts";
import type { SpecifierSet } from "../../../../shared/src/packaging/specifier.ts";
import { bestTagRank, tagRanks } from "../../../../shared/src/packaging/tags.ts";
import { splitVariant } from "../../../../shared/src/packaging/variants.ts";
import type { Version } from "../../../../shared/src/packaging/version.ts";
import type { PageFile } from "../../index/index.ts";
import type { FilePolicy, FilterCode, NameSet, Target } from "./model.ts";

/** What a release's files come to. `yanked` releases can be used where one is asked for by name. */
export type Verdict = FilterCode | "usable";

/** Nearest to being usable first: that one is told. */
const NEAREST: readonly FilterCode[] = [
  "yanked",
  "requires-python",
  "variant",
  "tag",
  "only-sdist",
  "only-wheels",
  "cut-off",
  "no-files",
];

const NEVER = -1;

/** Judges files by the policy that holds for every project, and by what a runtime environment takes. */
export abstract class FileJudge {
  readonly #policy: FilePolicy;
  /** Rank by the three parts of a wheel's tag as written, since few are distinct; -1 for none. */
  readonly #wheelRanks = new Map<string, number>();

  constructor(policy: FilePolicy) {
    this.#policy = policy;
  }

  /** The rank of a wheel by the parts of its tag, 0 the best; -1 where it is not taken. */
  protected abstract rankTags(python: string, abi: string, platform: string): number;

  /** Whether a file is taken by its Requires-Python. */
  protected abstract takesPython(requiresPython: string): boolean;

  /** What one release comes to: usable as soon as one file is. */
  judge(name: string, files: readonly PageFile[]): Verdict {
    let nearest = NEAREST.length - 1;
    for (const file of files) {
      const verdict = this.#judgeFile(name, file);
      if (verdict === "usable") return verdict;
      nearest = Math.min(nearest, NEAREST.indexOf(verdict));
    }
    return NEAREST[nearest]!;
  }

  /** The files that can be used, best first: wheels by tag and build, then sdists. Yanked ones count where they are asked for. */
  usableFiles(name: string, files: readonly PageFile[], takesYanked: boolean): PageFile[] {
    const ranked: { file: PageFile; variant: number; rank: number; build: number }[] = [];
    for (const file of files) {
      const verdict = this.#judgeFile(name, file);
      if (verdict !== "usable" && !(takesYanked && verdict === "yanked")) continue;
      const filename = plainName(file);
      const rank = isWheel(file) ? this.#wheelRank(filename) : Number.MAX_SAFE_INTEGER;
      const variant = file.variant?.rank ?? Number.MAX_SAFE_INTEGER;
      ranked.push({ file, variant, rank, build: buildNumber(filename) });
    }
    // A variant says more of where a wheel is to run than its tags do (draft PEP 825, "Variant ordering").
    ranked.sort((a, b) => a.variant - b.variant || a.rank - b.rank || b.build - a.build);
    return ranked.map(({ file }) => file);
  }

  #judgeFile(name: string, file: PageFile): Verdict {
    const { onlyBinary, noBinary, excludeNewer, excludeNewerPackages } = this.#policy;
    const cutOff = excludeNewerPackages?.get(name) ?? excludeNewer;
    // A file of unknown age cannot be shown to be old enough.
    if (cutOff !== undefined && cutOff !== Number.POSITIVE_INFINITY) {
      if (file.uploadTime === undefined || file.uploadTime >= cutOff) return "cut-off";
    }
    if (isWheel(file)) {
      if (includes(noBinary, name)) return "only-wheels";
      if (this.#wheelRank(plainName(file)) === NEVER) {
        return splitVariant(file.filename) && !file.variant ? "variant" : "tag";
      }
    } else if (includes(onlyBinary, name)) return "only-sdist";
    if (file.requiresPython !== undefined && !this.takesPython(file.requiresPython)) return "requires-python";
    return file.yanked === undefined || this.#policy.takesYanked ? "usable" : "yanked";
  }

  #wheelRank(filename: string): number {
    const parts = tagPartsOf(filename);
    let rank = this.#wheelRanks.get(parts);
    if (rank === undefined) {
      const [python, abi, platform] = parts.split("-");
      rank = platform === undefined ? NEVER : this.rankTags(python!, abi!, platform);
      this.#wheelRanks.set(parts, rank);
    }
    return rank;
  }
}

/** A wheel's name without the label of a variant that was chosen. */
function plainName({ filename, variant }: PageFile): string {
  return variant ? `${filename.slice(0, -variant.label.length - ".whl".length - 1)}.whl` : filename;
}

/** `cp312-abi3-win_amd64` of a wheel's name. */
export function tagPartsOf(filename: string): string {
  const end = filename.length - 4;
  let start = end;
  for (let part = 0; part < 3 && start > 0; part++) start = filename.lastIndexOf("-", start - 1);
  return filename.slice(start + 1, end);
}

/** What one environment takes. */
export class Compatibility extends FileJudge {
  readonly #python: Version;
  readonly #ignoresCaps: boolean;
  readonly #ranks: ReadonlyMap<string, number>;
  readonly #pythons = new Map<string, boolean>();

  constructor(target: Target, policy: FilePolicy) {
    super(policy);
    this.#python = target.python;
    this.#ignoresCaps = policy.ignoresPythonCaps === true;
    this.#ranks = tagRanks(target.tags);
  }

  /** Whether the target's Python is among those that a Requires-Python admits; a text that cannot be read admits all. */
  admitsPython(text: string): boolean {
    let known = this.#pythons.get(text);
    if (known === undefined) {
      const read = readSpecifierSetLenient(text);
      known = !read.ok || this.#takes(read.value.specifier);
      this.#pythons.set(text, known);
    }
    return known;
  }

  #takes(specifier: SpecifierSet): boolean {
    if (!this.#ignoresCaps) return specifier.contains(this.#python);
    return boundPythons(specifier).low <= pythonCode(this.#python.release);
  }

  protected takesPython(requiresPython: string): boolean {
    return this.admitsPython(requiresPython);
  }

  protected rankTags(python: string, abi: string, platform: string): number {
    return bestTagRank(expandTags(python, abi, platform), this.#ranks) ?? NEVER;
  }
}

export function isWheel(file: PageFile): boolean {
  return file.filename.endsWith(".whl");
}

function buildNumber(filename: string): number {
  const parts = filename.split("-");
  return parts.length === 6 ? Number.parseInt(parts[2]!, 10) : -1;
}

function includes(set: NameSet | undefined, name: string): boolean {
  return set !== undefined && (set.all || set.names.has(name));
}

/** Reads `:all:`, `:none:` and names, as pip's --only-binary and --no-binary take them: the last `:all:` or `:none:` counts. */
export function readNameSet(values: readonly string[]): NameSet {
  let all = false;
  const names = new Set<string>();
  for (const value of values.flatMap((one) => one.split(","))) {
    if (value === ":all:") all = true;
    else if (value === ":none:") {
      all = false;
      names.clear();
    } else if (value !== "") names.add(normalizeName(value));
  }
  return { all, names };
}
