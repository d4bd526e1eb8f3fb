// Markers as decision diagrams: sets of environments that are equal exactly if they are the same node, so that conjunction,
// disjunction, negation and comparison of thousands of markers stay cheap.
//
// Every node decides one variable; below it come only variables of a later rank (Bryant 1986, with many-valued variables).
// python_version is told in terms of python_full_version, platform_system in terms of sys_platform where the two say the same.
// Comparisons whose truth is not a set of values (`in` texts, platform_release, extras) are variables of their own.
import type { Span } from "../text/span.ts";
import {
  type Marker,
  type MarkerComparison,
  type MarkerOperator,
  type MarkerVariable,
  markerToString,
} from "./marker.ts";
import { andMarkers, orMarkers } from "./markerAlgebra.ts";
import {
  isAfterRelease,
  isSeriesStart,
  nextSeries,
  type PythonCode,
  type PythonRange,
  pythonRangesOf,
  pythonRelease,
  pythonSeriesOf,
} from "./pythonRange.ts";

/** A set of environments: a node of the diagram that gave it. Equal sets are equal numbers. */
export type MarkerSet = number;

/** No environment. */
export const NEVER: MarkerSet = 0;
/** Every environment. */
export const ALWAYS: MarkerSet = 1;

/** What decides the order of variables: those that exclude each other come first, flags last. */
const RANKS: readonly MarkerVariable[] = [
  "os_name",
  "sys_platform",
  "platform_system",
  "platform_machine",
  "platform_python_implementation",
  "platform_version",
  "implementation_name",
  "python_full_version",
  "implementation_version",
];

interface Variable {
  readonly rank: number;
  /** Orders flags of one rank. */
  readonly key: string;
  readonly kind: "text" | "version" | "flag";
  readonly name: MarkerVariable;
  /** Of a flag: the comparison that it stands for. */
  readonly comparison?: MarkerComparison;
}

interface Node {
  readonly variable: number;
  /** Texts in their order, or the codes at which versions part. Of a flag none. */
  readonly cuts: readonly (string | number)[];
  /** Texts: one for each, then one for all others. Versions: one before each cut, and one after the last. Flags: false, true. */
  readonly children: readonly MarkerSet[];
  /** Which of the variables that exclude each other stand in it, one bit each. */
  readonly mask: number;
}

const NOWHERE: Span = { start: 0, end: 0 };
const SYSTEMS: Readonly<Record<string, string>> = {
  Windows: "win32",
  Darwin: "darwin",
  Linux: "linux",
  AIX: "aix",
  Emscripten: "emscripten",
  Android: "android",
};
/** Pairs that no system has at once. */
const EXCLUSIONS: readonly (readonly [MarkerVariable, string, MarkerVariable, readonly string[]])[] = [
  ["os_name", "nt", "sys_platform", ["linux", "darwin", "ios"]],
  ["os_name", "posix", "sys_platform", ["win32"]],
  ...["FreeBSD", "NetBSD", "OpenBSD", "SunOS"].map(
    (system) =>
      [
        "platform_system",
        system,
        "sys_platform",
        ["aix", "android", "emscripten", "ios", "linux", "darwin", "win32", "cygwin", "wasi"],
      ] as const,
  ),
  ...["iOS", "iPadOS"].map(
    (system) =>
      [
        "platform_system",
        system,
        "sys_platform",
        ["aix", "android", "emscripten", "linux", "darwin", "win32", "cygwin", "wasi"],
      ] as const,
  ),
];
const OPPOSITES: Readonly<Record<MarkerOperator, MarkerOperator>> = {
  "==": "!=",
  "!=": "==",
  "<": ">=",
  ">=": "<",
  ">": "<=",
  "<=": ">",
  "===": "!=",
  "~=": "!=",
  in: "not in",
  "not in": "in",
};
const MIRRORED: Readonly<Partial<Record<MarkerOperator, MarkerOperator>>> = {
  "<": ">",
  "<=": ">=",
  ">": "<",
  ">=": "<=",
};

function compare(name: MarkerVariable, operator: MarkerOperator, value: string): MarkerComparison {
  return {
    kind: "comparison",
    left: { kind: "variable", name, span: NOWHERE },
    operator,
    right: { kind: "literal", value, span: NOWHERE },
    operatorSpan: NOWHERE,
    span: NOWHERE,
  };
}

/** One comparison of a conjunction that is being written. */
interface Literal {
  readonly set: MarkerSet;
  readonly variable: number;
  readonly text?: { readonly operator: "==" | "!="; readonly value: string };
  readonly bound?: { readonly isLow: boolean; readonly code: PythonCode };
  readonly flag?: boolean;
}

/** Where the nodes live. Sets of two diagrams have nothing to do with each other. */
export class MarkerDiagram {
  readonly #nodes: Node[] = [];
  readonly #unique = new Map<string, MarkerSet>();
  readonly #variables: Variable[] = [];
  readonly #variableIds = new Map<string, number>();
  readonly #negations = new Map<MarkerSet, MarkerSet>();
  readonly #conjunctions = new Map<number, MarkerSet>();
  readonly #checked = new Map<number, MarkerSet>();
  readonly #read = new WeakMap<Marker, MarkerSet>();
  readonly #pythons = new Map<MarkerSet, PythonRange | undefined>();
  #world: MarkerSet | undefined;

  constructor() {
    // The two ends, so that numbers of nodes and of sets are the same.
    const end = { variable: -1, cuts: [], children: [], mask: 0 };
    this.#nodes.push(end, end);
  }

  /** How many nodes there are. */
  get size(): number {
    return this.#nodes.length;
  }

  /** The environments in which a marker holds; undefined always holds. */
  of(marker: Marker | undefined): MarkerSet {
    if (marker === undefined) return ALWAYS;
    const known = this.#read.get(marker);
    if (known !== undefined) return known;
    const set = this.#make(marker);
    this.#read.set(marker, set);
    return set;
  }

  #make(marker: Marker): MarkerSet {
    switch (marker.kind) {
      case "constant":
        return marker.value ? ALWAYS : NEVER;
      case "and":
        return marker.operands.reduce((set: MarkerSet, operand) => this.and(set, this.of(operand)), ALWAYS);
      case "or":
        return marker.operands.reduce((set: MarkerSet, operand) => this.or(set, this.of(operand)), NEVER);
      case "comparison":
        return this.#makeComparison(marker);
    }
  }

  #makeComparison(comparison: MarkerComparison): MarkerSet {
    const { left, right } = comparison;
    if ((left.kind === "variable") === (right.kind === "variable")) return this.#flag(comparison);
    const name = left.kind === "variable" ? left.name : (right as { name: MarkerVariable }).name;
    const value = left.kind === "literal" ? left.value : (right as { value: string }).value;
    const isMirrored = left.kind === "literal";
    switch (name) {
      case "python_version":
      case "python_full_version":
      case "implementation_version":
        return this.#makeVersions(comparison, name, value, isMirrored);
      case "platform_release":
      case "extra":
      case "extras":
      case "dependency_groups":
      case "variant_namespaces":
      case "variant_features":
      case "variant_properties":
        return this.#flag(comparison);
      default:
        return this.#makeTexts(comparison, name, value);
    }
  }

  #makeTexts(comparison: MarkerComparison, name: MarkerVariable, value: string): MarkerSet {
    const { operator } = comparison;
    // Texts have no order: of `<=` and `>=` only equality is left, of `<` and `>` nothing.
    if (operator === "<" || operator === ">") return NEVER;
    if (operator !== "==" && operator !== "!=" && operator !== "<=" && operator !== ">=") {
      return this.#flag(comparison);
    }
    const equal = this.#text(name, value);
    return operator === "!=" ? this.not(equal) : equal;
  }

  /** The environments in which a variable has a value. @param name none of versions, extras or platform_release. */
  textIs(name: MarkerVariable, value: string): MarkerSet {
    return this.#text(name, value);
  }

  #text(name: MarkerVariable, value: string): MarkerSet {
    const system = name === "platform_system" ? SYSTEMS[value] : undefined;
    if (system !== undefined) return this.#text("sys_platform", system);
    return this.#intern(this.#variable(name, "text"), [value], [ALWAYS, NEVER]);
  }

  #makeVersions(
    comparison: MarkerComparison,
    name: MarkerVariable,
    value: string,
    isMirrored: boolean,
  ): MarkerSet {
    const operator = isMirrored
      ? (MIRRORED[comparison.operator] ?? comparison.operator)
      : comparison.operator;
    const read = name === "python_version" ? pythonSeriesOf : pythonRangesOf;
    const variable = name === "python_version" ? "python_full_version" : name;
    if (operator === "in" || operator === "not in") {
      const versions = isMirrored ? [] : value.split(/[\s,|]+/).filter((one) => one !== "");
      const ranges = versions.map((one) => (/^[\d.]+$/.test(one) ? read("==", one) : undefined));
      if (versions.length === 0 || ranges.includes(undefined)) return this.#flag(comparison);
      const among = ranges.reduce((set, one) => this.or(set, this.#versions(variable, one!)), NEVER);
      return operator === "in" ? among : this.not(among);
    }
    const ranges = read(operator, value);
    return ranges === undefined ? this.#flag(comparison) : this.#versions(variable, ranges);
  }

  #versions(name: MarkerVariable, ranges: readonly PythonRange[]): MarkerSet {
    const cuts: number[] = [];
    const children: MarkerSet[] = [NEVER];
    for (const { low, high } of ranges) {
      if (low === 0) children[0] = ALWAYS;
      else {
        cuts.push(low);
        children.push(ALWAYS);
      }
      if (high === Number.POSITIVE_INFINITY) continue;
      cuts.push(high);
      children.push(NEVER);
    }
    return this.#intern(this.#variable(name, "version"), cuts, children);
  }

  /** The environments whose Python lies in a range. */
  pythonsIn(range: PythonRange): MarkerSet {
    return range.low >= range.high ? NEVER : this.#versions("python_full_version", [range]);
  }

  /** A comparison that is only true or false; its denial, where it has one, is the same flag turned over. */
  #flag(comparison: MarkerComparison): MarkerSet {
    const { operator, left } = comparison;
    const isPair = operator === "not in" || (operator === "!=" && !isRelease(left));
    const positive = isPair ? { ...comparison, operator: OPPOSITES[operator] } : comparison;
    const variable = this.#variable("extra", "flag", positive);
    return this.#intern(variable, [], isPair ? [ALWAYS, NEVER] : [NEVER, ALWAYS]);
  }

  #variable(name: MarkerVariable, kind: Variable["kind"], comparison?: MarkerComparison): number {
    const key = comparison ? `?${markerToString(comparison)}` : name;
    const known = this.#variableIds.get(key);
    if (known !== undefined) return known;
    const id = this.#variables.length;
    const rank = comparison ? RANKS.length : RANKS.indexOf(name);
    this.#variables.push({ rank, key, kind, name, ...(comparison ? { comparison } : {}) });
    this.#variableIds.set(key, id);
    return id;
  }

  /** Below 0 if the first variable is decided before the second. */
  #compareVariables(a: number, b: number): number {
    if (a === b) return 0;
    const [left, right] = [this.#variables[a]!, this.#variables[b]!];
    return left.rank - right.rank || (left.key < right.key ? -1 : 1);
  }

  #intern(variable: number, cuts: readonly (string | number)[], children: readonly MarkerSet[]): MarkerSet {
    const { kind, rank } = this.#variables[variable]!;
    const keptCuts: (string | number)[] = [];
    const kept: MarkerSet[] = [];
    if (kind === "text") {
      const others = children[cuts.length]!;
      for (const [place, cut] of cuts.entries()) {
        if (children[place] === others) continue;
        keptCuts.push(cut);
        kept.push(children[place]!);
      }
      kept.push(others);
    } else if (kind === "version") {
      kept.push(children[0]!);
      for (const [place, cut] of cuts.entries()) {
        if (children[place + 1] === kept.at(-1)) continue;
        keptCuts.push(cut);
        kept.push(children[place + 1]!);
      }
    } else if (children[0] === children[1]) return children[0]!;
    else kept.push(...children);
    if (kept.length === 1) return kept[0]!;
    const key = `${variable}|${keptCuts.join("\n")}|${kept.join()}`;
    const known = this.#unique.get(key);
    if (known !== undefined) return known;
    const set = this.#nodes.length;
    let mask = rank < 3 ? 1 << rank : 0;
    for (const child of kept) mask |= this.#nodes[child]!.mask;
    this.#nodes.push({ variable, cuts: keptCuts, children: kept, mask });
    this.#unique.set(key, set);
    return set;
  }

  /** The environments that are not in the set. */
  not(set: MarkerSet): MarkerSet {
    if (set <= ALWAYS) return set === ALWAYS ? NEVER : ALWAYS;
    const known = this.#negations.get(set);
    if (known !== undefined) return known;
    const { variable, cuts, children } = this.#nodes[set]!;
    const negation = this.#intern(
      variable,
      cuts,
      children.map((child) => this.not(child)),
    );
    this.#negations.set(set, negation);
    this.#negations.set(negation, set);
    return negation;
  }

  /** The environments in both; none where they share only such as no system has (`os_name == "nt"` on Linux). */
  and(a: MarkerSet, b: MarkerSet): MarkerSet {
    if (a === b || b === ALWAYS) return a;
    if (a === ALWAYS) return b;
    const both = this.#conjoin(a, b);
    if (both <= ALWAYS) return both;
    const { mask } = this.#nodes[both]!;
    if ((mask & (mask - 1)) === 0) return both;
    const known = this.#checked.get(both);
    if (known !== undefined) return known;
    const found = this.#conjoin(both, this.#knowWorld()) === NEVER ? NEVER : both;
    this.#checked.set(both, found);
    return found;
  }

  /** The environments in one of them. */
  or(a: MarkerSet, b: MarkerSet): MarkerSet {
    if (a === b || b === NEVER) return a;
    if (a === NEVER) return b;
    return this.not(this.and(this.not(a), this.not(b)));
  }

  /** Whether there is no environment in both. */
  areDisjoint(a: MarkerSet, b: MarkerSet): boolean {
    return this.and(a, b) === NEVER;
  }

  /** Whether every environment of the first is in the second. */
  isSubset(part: MarkerSet, whole: MarkerSet): boolean {
    return part === whole || this.and(part, this.not(whole)) === NEVER;
  }

  /** What is known of systems without being told: which pairs of values none of them has. */
  #knowWorld(): MarkerSet {
    if (this.#world !== undefined) return this.#world;
    let world = ALWAYS;
    for (const [name, value, other, values] of EXCLUSIONS) {
      for (const one of values) {
        const pair = this.#conjoin(this.#text(name, value), this.#text(other, one));
        world = this.#conjoin(world, this.not(pair));
      }
    }
    this.#world = world;
    return world;
  }

  #conjoin(a: MarkerSet, b: MarkerSet): MarkerSet {
    if (a === b || b === ALWAYS) return a;
    if (a === ALWAYS) return b;
    if (a === NEVER || b === NEVER || this.#negations.get(a) === b) return NEVER;
    const key = a < b ? a * 0x4000000 + b : b * 0x4000000 + a;
    const known = this.#conjunctions.get(key);
    if (known !== undefined) return known;
    const [left, right] = [this.#nodes[a]!, this.#nodes[b]!];
    const order = this.#compareVariables(left.variable, right.variable);
    let both: MarkerSet;
    if (order < 0) {
      both = this.#intern(
        left.variable,
        left.cuts,
        left.children.map((child) => this.#conjoin(child, b)),
      );
    } else if (order > 0) {
      both = this.#intern(
        right.variable,
        right.cuts,
        right.children.map((child) => this.#conjoin(child, a)),
      );
    } else both = this.#conjoinSame(left, right);
    this.#conjunctions.set(key, both);
    return both;
  }

  #conjoinSame(left: Node, right: Node): MarkerSet {
    const { variable } = left;
    const cuts: (string | number)[] = [];
    const children: MarkerSet[] = [];
    const isText = this.#variables[variable]!.kind === "text";
    let i = 0;
    let j = 0;
    if (!isText) children.push(this.#conjoin(left.children[0]!, right.children[0]!));
    if (this.#variables[variable]!.kind === "flag") {
      return this.#intern(variable, [], [children[0]!, this.#conjoin(left.children[1]!, right.children[1]!)]);
    }
    while (i < left.cuts.length || j < right.cuts.length) {
      const [a, b] = [left.cuts[i], right.cuts[j]];
      const takesLeft = b === undefined || (a !== undefined && a <= b);
      const takesRight = a === undefined || (b !== undefined && b <= a);
      cuts.push(takesLeft ? a! : b!);
      if (isText) {
        const own = takesLeft ? left.children[i]! : left.children.at(-1)!;
        children.push(this.#conjoin(own, takesRight ? right.children[j]! : right.children.at(-1)!));
      }
      if (takesLeft) i++;
      if (takesRight) j++;
      if (!isText) children.push(this.#conjoin(left.children[i]!, right.children[j]!));
    }
    if (isText) children.push(this.#conjoin(left.children.at(-1)!, right.children.at(-1)!));
    return this.#intern(variable, cuts, children);
  }

  /**
   * The set with flags filled in.
   * @param decide what a comparison such as `extra == "docs"` comes to; undefined leaves it.
   */
  assume(set: MarkerSet, decide: (comparison: MarkerComparison) => boolean | undefined): MarkerSet {
    if (set <= ALWAYS) return set;
    const { variable, cuts, children } = this.#nodes[set]!;
    const { comparison } = this.#variables[variable]!;
    const value = comparison && decide(comparison);
    if (value !== undefined) return this.assume(children[value ? 1 : 0]!, decide);
    return this.#intern(
      variable,
      cuts,
      children.map((child) => this.assume(child, decide)),
    );
  }

  /** From the first to the last Python in the set, holes included; undefined where that is every Python, or none. */
  pythons(set: MarkerSet): PythonRange | undefined {
    const range = this.#boundPythons(set);
    return range === undefined || (range.low === 0 && range.high === Number.POSITIVE_INFINITY)
      ? undefined
      : range;
  }

  #boundPythons(set: MarkerSet): PythonRange | undefined {
    if (set === NEVER) return undefined;
    if (set === ALWAYS) return { low: 0, high: Number.POSITIVE_INFINITY };
    if (this.#pythons.has(set)) return this.#pythons.get(set);
    const { variable, cuts, children } = this.#nodes[set]!;
    let low = Number.POSITIVE_INFINITY;
    let high = 0;
    if (this.#variables[variable]!.name === "python_full_version") {
      const first = children.findIndex((child) => child !== NEVER);
      const last = children.findLastIndex((child) => child !== NEVER);
      low = first === 0 ? 0 : (cuts[first - 1] as number);
      high = last === cuts.length ? Number.POSITIVE_INFINITY : (cuts[last] as number);
    } else {
      for (const child of children) {
        const range = this.#boundPythons(child);
        if (range === undefined) continue;
        low = Math.min(low, range.low);
        high = Math.max(high, range.high);
      }
    }
    const range = low >= high ? undefined : { low, high };
    this.#pythons.set(set, range);
    return range;
  }

  /**
   * A marker that holds in the same environments among those in `given`, as short as leaving out what follows makes it.
   * @returns undefined where it always holds; a constant where it never does.
   */
  toMarker(set: MarkerSet, given: MarkerSet = ALWAYS): Marker | undefined {
    if (this.isSubset(given, set)) return undefined;
    if (this.and(set, given) === NEVER) return { kind: "constant", value: false, span: NOWHERE };
    const outside = this.and(given, this.not(set));
    const inside = this.and(given, set);
    const cubes: (readonly Literal[])[] = [];
    let covered = NEVER;
    for (const cube of this.#paths(inside)) {
      if (this.isSubset(this.and(inside, this.#conjunction(cube)), covered)) continue;
      const short = this.#shorten(cube, outside);
      covered = this.or(covered, this.#conjunction(short));
      cubes.push(short);
    }
    const needed = this.#dropCovered(cubes, inside);
    return orMarkers(...needed.map((cube) => this.#print(cube)).sort(byText));
  }

  #conjunction(literals: readonly Literal[]): MarkerSet {
    return literals.reduce((set: MarkerSet, literal) => this.and(set, literal.set), ALWAYS);
  }

  /** Leaves out what is not needed to stay clear of what is outside, what reads worst first. */
  #shorten(cube: readonly Literal[], outside: MarkerSet): Literal[] {
    let kept = [...cube];
    const effort = (literal: Literal): number => this.#readingEffort(literal);
    for (const literal of [...cube].sort((a, b) => effort(b) - effort(a))) {
      const rest = kept.filter((one) => one !== literal);
      if (this.and(this.#conjunction(rest), outside) === NEVER) kept = rest;
    }
    return kept;
  }

  /** Exclusions read worst, the system best. */
  #readingEffort({ variable, text, flag, bound }: Literal): number {
    if (text?.operator === "!=" || flag === false) return 3;
    if (bound !== undefined) return 1;
    return this.#variables[variable]!.name === "sys_platform" ? 0 : 2;
  }

  #dropCovered(cubes: readonly (readonly Literal[])[], inside: MarkerSet): (readonly Literal[])[] {
    let kept = [...cubes];
    for (const cube of cubes) {
      const rest = kept.filter((one) => one !== cube);
      const others = rest.reduce((set: MarkerSet, one) => this.or(set, this.#conjunction(one)), NEVER);
      if (this.isSubset(this.and(inside, this.#conjunction(cube)), others)) kept = rest;
    }
    return kept;
  }

  /** Every way through the diagram that ends in "always", as comparisons. */
  *#paths(set: MarkerSet, before: readonly Literal[] = []): Generator<readonly Literal[]> {
    if (set === NEVER) return;
    if (set === ALWAYS) {
      yield before;
      return;
    }
    const { variable, cuts, children } = this.#nodes[set]!;
    const { kind, name } = this.#variables[variable]!;
    if (kind === "flag") {
      for (const value of [true, false]) {
        const own = this.#intern(variable, [], value ? [NEVER, ALWAYS] : [ALWAYS, NEVER]);
        yield* this.#paths(children[value ? 1 : 0]!, [...before, { set: own, variable, flag: value }]);
      }
      return;
    }
    if (kind === "version") {
      for (const [place, child] of children.entries()) {
        const literals: Literal[] = [...before];
        const [low, high] = [cuts[place - 1] as number | undefined, cuts[place] as number | undefined];
        if (low !== undefined) {
          const own = this.#versions(name, [{ low, high: Number.POSITIVE_INFINITY }]);
          literals.push({ set: own, variable, bound: { isLow: true, code: low } });
        }
        if (high !== undefined) {
          const own = this.#versions(name, [{ low: 0, high }]);
          literals.push({ set: own, variable, bound: { isLow: false, code: high } });
        }
        yield* this.#paths(child, literals);
      }
      return;
    }
    const denials: Literal[] = [];
    for (const [place, value] of (cuts as readonly string[]).entries()) {
      const own = this.#text(name, value);
      yield* this.#paths(children[place]!, [
        ...before,
        { set: own, variable, text: { operator: "==", value } },
      ]);
      denials.push({ set: this.not(own), variable, text: { operator: "!=", value } });
    }
    yield* this.#paths(children.at(-1)!, [...before, ...denials]);
  }

  #print(cube: readonly Literal[]): Marker {
    const versions = cube.filter(({ bound }) => bound !== undefined);
    const parts: Marker[] = [];
    for (const variable of new Set(versions.map((one) => one.variable))) {
      const bounds = versions.filter((one) => one.variable === variable).map(({ bound }) => bound!);
      parts.push(...printBounds(this.#variables[variable]!.name, bounds));
    }
    for (const { variable, text, flag } of cube) {
      const { name, comparison } = this.#variables[variable]!;
      if (text) parts.push(compare(name, text.operator, text.value));
      else if (flag !== undefined && comparison) {
        parts.push(flag ? comparison : { ...comparison, operator: OPPOSITES[comparison.operator] });
      }
    }
    return andMarkers(...parts);
  }
}

function isRelease(operand: MarkerComparison["left"]): boolean {
  return operand.kind === "variable" && operand.name === "platform_release";
}

function byText(a: Marker, b: Marker): number {
  const [left, right] = [markerToString(a), markerToString(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Bounds in words of PEP 508: of python_version where they are bounds of a series, since that is what people write. */
function printBounds(
  name: MarkerVariable,
  bounds: readonly { readonly isLow: boolean; readonly code: PythonCode }[],
): MarkerComparison[] {
  const low = bounds.find(({ isLow }) => isLow)?.code;
  const high = bounds.find(({ isLow }) => !isLow)?.code;
  const isPython = name === "python_full_version";
  if (low !== undefined && high === low + 1) return [compare(name, "==", textOf(low))];
  if (isPython && low !== undefined && isSeriesStart(low) && high === nextSeries(low)) {
    return [compare("python_version", "==", textOf(low))];
  }
  return [
    ...(low === undefined ? [] : [printBound(name, isAfterRelease(low) ? ">" : ">=", low)]),
    ...(high === undefined ? [] : [printBound(name, isAfterRelease(high) ? "<=" : "<", high)]),
  ];
}

function printBound(name: MarkerVariable, operator: MarkerOperator, code: PythonCode): MarkerComparison {
  const isSeries = name === "python_full_version" && isSeriesStart(code);
  return compare(isSeries ? "python_version" : name, operator, textOf(code));
}

function textOf(code: PythonCode): string {
  return pythonRelease(code).join(".");
}
