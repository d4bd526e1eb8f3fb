// Sets of versions: unions of intervals of PEP 440's total order, canonical, hashable, closed under union, intersection
// and complement.
//
// The set knows nothing of the pre-release policy: `>=1` holds 2.0a1 here, since 2.0a1 lies beyond 1 in the order. Who
// chooses among versions applies the policy on top (see SpecifierSet.filter). Local labels are part of the order: `==1.0`
// holds 1.0+cu118, since PEP 440 makes a clause without a label match any label; `==1.0+cu118` holds that one alone.
import {
  type CutMode,
  compareVersions,
  cutOrders,
  increment,
  keyOf,
  orderOf,
  parseVersion,
  textOf,
  type Version,
  type VersionParts,
} from "./version.ts";

/** The comparison operators of PEP 440. */
export type Operator = "==" | "!=" | "<=" | ">=" | "<" | ">" | "~=" | "===";

/**
 * A place between two neighbouring versions. Every place has one form only: where there is a least version above it, the
 * cut is "before" that version.
 */
class Cut {
  declare readonly order: number;
  declare private readonly version: Version | undefined;
  declare private readonly place: CutPlace;
  declare private spot: Spot | undefined;
  declare private knownKey: string | undefined;

  constructor(order: number, version: Version | undefined, place: CutPlace, spot: Spot | undefined) {
    this.order = order;
    this.version = version;
    this.place = place;
    this.spot = spot;
    this.knownKey = undefined;
  }

  private get found(): Spot {
    this.spot ??= spotOf(this.version!.parts, this.place);
    return this.spot;
  }

  get parts(): VersionParts {
    return this.found.parts;
  }

  get mode(): CutMode {
    return this.found.mode;
  }

  get key(): string {
    this.knownKey ??= keyOf(this.parts, this.mode);
    return this.knownKey;
  }
}

/** Where a cut stands, seen from the version that a clause names. */
type CutPlace = "before" | "after" | "first" | "after-locals" | "after-posts" | "next" | "next-compatible";

/** Where a cut stands in its one form. */
interface Spot {
  readonly parts: VersionParts;
  readonly mode: CutMode;
}

function spotOf(parts: VersionParts, place: CutPlace): Spot {
  switch (place) {
    case "before":
    case "after":
      return { parts, mode: place };
    case "first":
      return { parts: firstOf(parts), mode: "before" };
    case "after-locals":
      return { parts: afterLocals(parts), mode: "before" };
    case "after-posts":
      return afterPosts(parts);
    case "next":
      return { parts: nextPrefix(parts), mode: "before" };
    case "next-compatible":
      return { parts: nextPrefix({ ...parts, release: parts.release.slice(0, -1) }), mode: "before" };
  }
}

/** A cut of a version: its order from the version's where that suffices, so that the pieces are rarely needed. */
function cutAt(version: Version, place: CutPlace): Cut {
  const { order } = version;
  const quick =
    place === "before"
      ? order
      : place === "first"
        ? cutOrders.first(order)
        : place === "after-locals"
          ? cutOrders.afterLocals(order)
          : place === "after-posts"
            ? cutOrders.afterFinal(order)
            : place === "after" && order % 2 === 0
              ? order + 1
              : -1;
  if (quick >= 0) return new Cut(quick, version, place, undefined);
  const spot = spotOf(version.parts, place);
  return new Cut(orderOf(spot.parts, spot.mode), version, place, spot);
}

function cutBefore(parts: VersionParts): Cut {
  return new Cut(orderOf(parts, "before"), undefined, "before", { parts, mode: "before" });
}

function compareCuts(a: Cut, b: Cut): number {
  if (a.order !== b.order) return a.order - b.order;
  if (a.order % 2 === 0) return 0;
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
}

function isBeyond(version: Version, cut: Cut): boolean {
  if (version.order !== cut.order) return version.order > cut.order;
  return cut.order % 2 === 0 || version.key >= cut.key;
}

const LEAST: VersionParts = {
  epoch: "0",
  release: ["0"],
  pre: undefined,
  post: undefined,
  dev: "0",
  local: undefined,
};

/** The least version above a version and all its local labels. */
function afterLocals(parts: VersionParts): VersionParts {
  const { post, dev } = parts;
  if (dev !== undefined) return { ...parts, dev: increment(dev), local: undefined };
  return { ...parts, post: post === undefined ? "0" : increment(post), dev: "0", local: undefined };
}

/** The place above a version, its local labels and its post-releases. */
function afterPosts(parts: VersionParts): Spot {
  const { pre, post, dev } = parts;
  if (dev !== undefined || post !== undefined) return { parts: afterLocals(parts), mode: "before" };
  if (pre === undefined) return { parts: { ...parts, local: undefined }, mode: "after-posts" };
  return {
    parts: { ...parts, pre: [pre[0], increment(pre[1])], dev: "0", local: undefined },
    mode: "before",
  };
}

function nextPrefix(parts: VersionParts): VersionParts {
  const release = parts.release.slice();
  release[release.length - 1] = increment(release[release.length - 1]!);
  return { epoch: parts.epoch, release, pre: undefined, post: undefined, dev: "0", local: undefined };
}

function firstOf(parts: VersionParts): VersionParts {
  return { ...parts, pre: undefined, post: undefined, dev: "0", local: undefined };
}

/** Before the development releases that lead to a version which is no pre-release itself; a post-release keeps its number. */
function cutBeforeFirst(version: Version): Cut {
  const order = cutOrders.first(version.order);
  if (order >= 0) return new Cut(order, version, "first", undefined);
  return cutBefore({ ...version.parts, dev: "0", local: undefined });
}

/** A set of versions. Immutable; `key` is equal exactly for equal sets. */
export class VersionSet {
  /** No version. */
  static readonly empty: VersionSet = new VersionSet(false, []);
  /** Every version. */
  static readonly all: VersionSet = new VersionSet(true, []);

  readonly #starts: boolean;
  readonly #cuts: readonly Cut[];
  #key: string | undefined;

  private constructor(starts: boolean, cuts: readonly Cut[]) {
    this.#starts = starts;
    this.#cuts = cuts;
    this.#key = undefined;
  }

  static #of(starts: boolean, cuts: readonly Cut[]): VersionSet {
    const first = cuts[0];
    // The order 0 is that of 0.dev0, before which there is nothing.
    if (first?.order === 0) return VersionSet.#of(!starts, cuts.slice(1));
    if (cuts.length === 0) return starts ? VersionSet.all : VersionSet.empty;
    return new VersionSet(starts, cuts);
  }

  /** That version alone: not its local labels. */
  static singleton(version: Version): VersionSet {
    return VersionSet.#of(false, [cutAt(version, "before"), cutAt(version, "after")]);
  }

  /** Every version from `version` on. */
  static atLeast(version: Version): VersionSet {
    return VersionSet.#of(false, [cutAt(version, "before")]);
  }

  /** Every version before `version` in the order, its pre-releases included (PEP 440's `<` leaves those out). */
  static strictlyBefore(version: Version): VersionSet {
    return VersionSet.#of(true, [cutAt(version, "before")]);
  }

  /** Every version after `version` and its local labels in the order, post-releases included. */
  static strictlyAfter(version: Version): VersionSet {
    return VersionSet.#of(false, [cutAt(version, "after-locals")]);
  }

  /**
   * What one clause admits (PEP 440, "Version specifiers"), pre-releases included.
   * @param version with `.*` at its end for a prefix match. `===` gives the one version that the text reads as, or nothing.
   * @throws RangeError if the version is none, since clauses are checked when read.
   */
  static fromClause(operator: Operator, version: string): VersionSet {
    const wildcard = version.endsWith(".*") && operator !== "===";
    const parsed = parseVersion(wildcard ? version.slice(0, -2) : version);
    if (operator === "===") return parsed ? VersionSet.singleton(parsed) : VersionSet.empty;
    if (!parsed) throw new RangeError(`not a version: ${version}`);
    return VersionSet.fromParsed(operator, parsed, wildcard);
  }

  /** As `fromClause`, for a version that is read already. */
  static fromParsed(operator: Exclude<Operator, "===">, version: Version, wildcard = false): VersionSet {
    if (wildcard) return VersionSet.#of(operator === "!=", [cutAt(version, "first"), cutAt(version, "next")]);
    switch (operator) {
      case ">=":
        return VersionSet.#of(false, [cutAt(version, "before")]);
      case "<=":
        return VersionSet.#of(true, [cutAt(version, "after-locals")]);
      case ">":
        return VersionSet.#of(false, [cutAt(version, "after-posts")]);
      case "<":
        return VersionSet.#of(true, [
          version.isPrerelease ? cutAt(version, "before") : cutBeforeFirst(version),
        ]);
      case "==":
      case "!=": {
        const end = cutAt(version, version.isLocal ? "after" : "after-locals");
        return VersionSet.#of(operator === "!=", [cutAt(version, "before"), end]);
      }
      case "~=":
        return VersionSet.#of(false, [cutAt(version, "before"), cutAt(version, "next-compatible")]);
    }
  }

  /** Exactly these versions. */
  static of(versions: Iterable<Version>): VersionSet {
    const cuts: Cut[] = [];
    let last: Version | undefined;
    for (const version of [...versions].sort(compareVersions)) {
      if (last && compareVersions(last, version) === 0) continue;
      cuts.push(cutAt(version, "before"), cutAt(version, "after"));
      last = version;
    }
    return VersionSet.#of(false, cuts);
  }

  get isEmpty(): boolean {
    return this === VersionSet.empty;
  }

  get isAll(): boolean {
    return this === VersionSet.all;
  }

  /** Equal exactly for equal sets: for maps and sets. */
  get key(): string {
    this.#key ??= (this.#starts ? "1" : "0") + this.#cuts.map((cut) => cut.key).join("\n");
    return this.#key;
  }

  contains(version: Version): boolean {
    const cuts = this.#cuts;
    let low = 0;
    let high = cuts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isBeyond(version, cuts[middle]!)) low = middle + 1;
      else high = middle;
    }
    return (low & 1) === 1 ? !this.#starts : this.#starts;
  }

  /**
   * Which of many versions the set holds, as stretches of places in the list: quicker than asking for each.
   * @param sorted in their order, lowest first.
   * @returns pairs of the first place and the one after the last.
   */
  stretchesIn(sorted: readonly Version[]): (readonly [start: number, end: number])[] {
    const stretches: (readonly [number, number])[] = [];
    let isIn = this.#starts;
    let start = 0;
    for (const cut of this.#cuts) {
      let low = start;
      let high = sorted.length;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if (isBeyond(sorted[middle]!, cut)) high = middle;
        else low = middle + 1;
      }
      if (isIn && low > start) stretches.push([start, low]);
      isIn = !isIn;
      start = low;
    }
    if (isIn && start < sorted.length) stretches.push([start, sorted.length]);
    return stretches;
  }

  complement(): VersionSet {
    return VersionSet.#of(!this.#starts, this.#cuts);
  }

  union(other: VersionSet): VersionSet {
    if (this === other || this.isAll || other.isEmpty) return this;
    if (this.isEmpty || other.isAll) return other;
    return this.#merge(other, (a, b) => a || b);
  }

  intersect(other: VersionSet): VersionSet {
    if (this === other || this.isEmpty || other.isAll) return this;
    if (this.isAll || other.isEmpty) return other;
    return this.#merge(other, (a, b) => a && b);
  }

  /** What is in this set and not in the other. */
  difference(other: VersionSet): VersionSet {
    return this.#merge(other, (a, b) => a && !b);
  }

  #merge(other: VersionSet, combine: (a: boolean, b: boolean) => boolean): VersionSet {
    const left = this.#cuts;
    const right = other.#cuts;
    let inLeft = this.#starts;
    let inRight = other.#starts;
    const starts = combine(inLeft, inRight);
    let inside = starts;
    const cuts: Cut[] = [];
    let i = 0;
    let j = 0;
    while (i < left.length || j < right.length) {
      const a = left[i];
      const b = right[j];
      const order = a === undefined ? 1 : b === undefined ? -1 : a === b ? 0 : compareCuts(a, b);
      const at = order <= 0 ? a! : b!;
      if (order <= 0) {
        inLeft = !inLeft;
        i++;
      }
      if (order >= 0) {
        inRight = !inRight;
        j++;
      }
      if (combine(inLeft, inRight) !== inside) {
        inside = !inside;
        cuts.push(at);
      }
    }
    return VersionSet.#of(starts, cuts);
  }

  equals(other: VersionSet): boolean {
    if (this === other) return true;
    if (this.#starts !== other.#starts || this.#cuts.length !== other.#cuts.length) return false;
    return this.#cuts.every((cut, index) => compareCuts(cut, other.#cuts[index]!) === 0);
  }

  isSubset(other: VersionSet): boolean {
    return this.#merge(other, (a, b) => a && !b).isEmpty;
  }

  isDisjoint(other: VersionSet): boolean {
    return this.#merge(other, (a, b) => a && b).isEmpty;
  }

  /** Whether every version in the set is a pre-release (true of the empty set). */
  get holdsPrereleasesOnly(): boolean {
    for (const [lower, upper] of this.#intervals()) {
      if (upper === undefined || lower?.mode !== "before") {
        if (lower !== undefined || upper === undefined) return false;
        if (!isBeyond(RELEASE_ZERO, upper)) return false;
        continue;
      }
      const nearest = parseVersion(textOf(nearestRelease(lower.parts)))!;
      if (!isBeyond(nearest, upper)) return false;
    }
    return true;
  }

  /**
   * The same set in clauses: a choice of conjunctions, each of clauses as PEP 440 has them; undefined where no clauses say it.
   * Every version is one conjunction without clauses, no version is no conjunction.
   */
  toClauses(): readonly (readonly PlainClause[])[] | undefined {
    if (this.isAll) return [[]];
    if (this.isEmpty) return [];
    const convex = this.#convexClauses();
    if (convex) return [convex];
    const choices: PlainClause[][] = [];
    for (const [lower, upper] of this.#intervals()) {
      const clauses = intervalClauses(lower, upper);
      if (clauses === undefined) return undefined;
      choices.push(clauses);
    }
    return choices;
  }

  /** One stretch with holes that `!=` can make; undefined where the set is not that. */
  #convexClauses(): PlainClause[] | undefined {
    const intervals = [...this.#intervals()];
    if (intervals.length === 1) return intervalClauses(...intervals[0]!);
    const bounds = intervalClauses(intervals[0]![0], intervals.at(-1)![1]);
    if (bounds === undefined) return undefined;
    for (let index = 1; index < intervals.length; index++) {
      const name = pointName(intervals[index - 1]![1], intervals[index]![0]);
      if (name === undefined) return undefined;
      bounds.push({ operator: "!=", version: name });
    }
    return bounds;
  }

  /**
   * The versions whose first two release numbers, taken as a version of their own, lie in this set: what a comparison of
   * `python_version` says about `python_full_version`.
   */
  pullBackMinor(): VersionSet {
    const cuts: Cut[] = [];
    for (const cut of this.#cuts) {
      const { epoch, release } = cut.parts;
      if (epoch !== "0") continue;
      const pair = [release[0]!, release[1] ?? "0"];
      const version = parseVersion(pair.join("."))!;
      if (!isBeyond(version, cut)) pair[1] = increment(pair[1]!);
      const pulled = cutBefore({ ...LEAST, release: pair });
      const last = cuts.at(-1);
      if (last && compareCuts(last, pulled) === 0) cuts.pop();
      else cuts.push(pulled);
    }
    return VersionSet.#of(this.#starts, cuts);
  }

  /** Whether every end of the set lies at the start of a series of two numbers, as `3.8`. */
  get isMinorAligned(): boolean {
    return this.#cuts.every((cut) => {
      const { release } = cut.parts;
      return isFirstOfRelease(cut) && release.slice(2).every((segment) => segment === "0");
    });
  }

  *#intervals(): Generator<readonly [Cut | undefined, Cut | undefined]> {
    const cuts = this.#cuts;
    if (this.#starts) yield [undefined, cuts[0]];
    for (let index = this.#starts ? 1 : 0; index < cuts.length; index += 2)
      yield [cuts[index], cuts[index + 1]];
  }

  /** The set in the words of specifiers: `>=1,<2 or ==3.1.*`; `any version`, `no version`. */
  toString(): string {
    if (this.isAll) return "any version";
    if (this.isEmpty) return "no version";
    const holes = this.complement();
    const isHoled = this.#starts && this.#cuts.length > 1 && this.#cuts.length % 2 === 0;
    if (isHoled) {
      const names = [...holes.#intervals()].map(([lower, upper]) => pointName(lower, upper));
      if (names.every((name) => name !== undefined)) return names.map((name) => `!=${name}`).join(",");
    }
    return [...this.#intervals()].map(([lower, upper]) => intervalText(lower, upper)).join(" or ");
  }
}

/** A clause without its place in a text. */
export interface PlainClause {
  readonly operator: Operator;
  readonly version: string;
}

function intervalClauses(lower: Cut | undefined, upper: Cut | undefined): PlainClause[] | undefined {
  const point = pointName(lower, upper);
  if (point !== undefined) return [{ operator: "==", version: point }];
  const clauses: PlainClause[] = [];
  if (lower?.mode === "after") return undefined;
  if (lower) clauses.push({ operator: lower.mode === "before" ? ">=" : ">", version: textOf(lower.parts) });
  if (upper === undefined) return clauses;
  if (upper.mode !== "before") return undefined;
  const { parts } = upper;
  const version = textOf(parts);
  const words = upperText(upper);
  if (words.startsWith("<=")) clauses.push({ operator: "<=", version: words.slice(2) });
  else if (words.startsWith("<")) clauses.push({ operator: "<", version: words.slice(1) });
  // PEP 440's < leaves out the pre-releases of its version: this says the same with them.
  else clauses.push({ operator: "<=", version }, { operator: "!=", version });
  return clauses;
}

const RELEASE_ZERO = parseVersion("0")!;

/** The least version that is not a pre-release at or above a version. */
function nearestRelease(parts: VersionParts): VersionParts {
  if (parts.pre !== undefined)
    return { ...parts, pre: undefined, post: undefined, dev: undefined, local: undefined };
  if (parts.dev !== undefined) return { ...parts, dev: undefined, local: undefined };
  return parts;
}

function isFirstOfRelease(cut: Cut): boolean {
  const { pre, post, dev, local } = cut.parts;
  return cut.mode === "before" && dev === "0" && !pre && post === undefined && !local;
}

/** `1.0` for the interval of `==1.0`, `1.*` for that of `==1.*`. */
function pointName(lower: Cut | undefined, upper: Cut | undefined): string | undefined {
  if (lower === undefined || upper === undefined || lower.mode !== "before") return undefined;
  if (upper.mode === "after" && upper.key === `${lower.key}\0`) return textOf(lower.parts);
  if (lower.parts.local === undefined && compareCuts(cutBefore(afterLocals(lower.parts)), upper) === 0)
    return textOf(lower.parts);
  if (!isFirstOfRelease(lower) || !isFirstOfRelease(upper)) return undefined;
  const { epoch, release } = lower.parts;
  for (let length = 1; length <= release.length; length++) {
    if (release.slice(length).some((segment) => segment !== "0")) continue;
    const prefix = { ...lower.parts, release: release.slice(0, length) };
    if (compareCuts(cutBefore(nextPrefix(prefix)), upper) === 0) {
      return `${epoch === "0" ? "" : `${epoch}!`}${prefix.release.join(".")}.*`;
    }
  }
  return undefined;
}

function intervalText(lower: Cut | undefined, upper: Cut | undefined): string {
  const point = pointName(lower, upper);
  if (point !== undefined) return `==${point}`;
  return [lower && lowerText(lower), upper && upperText(upper)]
    .filter((text) => text !== undefined)
    .join(",");
}

function lowerText(cut: Cut): string {
  if (cut.mode === "before") return `>=${textOf(cut.parts)}`;
  return cut.mode === "after" ? `beyond ${textOf(cut.parts)}` : `>${textOf(cut.parts)}`;
}

/** Cuts that no clause of PEP 440 can end at are told in words. */
function upperText(cut: Cut): string {
  const { parts } = cut;
  if (cut.mode === "after-posts") return `<=${textOf(parts)} and its post-releases`;
  if (cut.mode === "after") return `<=${textOf(parts)}`;
  if (isFirstOfRelease(cut)) return `<${textOf({ ...parts, dev: undefined })}`;
  const { post } = parts;
  if (post !== undefined && parts.dev === "0" && parts.local === undefined) {
    const previous = post === "0" ? undefined : String(BigInt(post) - 1n);
    return `<=${textOf({ ...parts, post: previous, dev: undefined })}`;
  }
  if (parts.pre === undefined && parts.dev === undefined) return `before ${textOf(parts)}`;
  return `<${textOf(parts)}`;
}
