// Markers as sets of environments: conjunction, disjunction, negation, simplification, disjointness.
//
// A marker is worked on as a choice of boxes (a disjunctive normal form): each box holds for some variables the values that
// they may take. python_version is told as a set of python_full_version, of which it is the first two numbers, so what is
// concluded holds for environments in which the two agree and in which python_full_version and implementation_version are
// versions. Comparisons whose truth is not a set of values that can be worked with (`in` texts, platform_release) are flags.
import type { Span } from "../text/span.ts";
import {
  type Marker,
  type MarkerComparison,
  type MarkerEnvironment,
  type MarkerOperator,
  type MarkerVariable,
  markerToString,
  readClauseCached,
  tryEvaluateMarker,
} from "./marker.ts";
import { parseVersion } from "./version.ts";
import { VersionSet } from "./versionSet.ts";

/** What one variable, or one flag, may be within a box. */
type Domain =
  | { readonly kind: "versions"; readonly set: VersionSet }
  | { readonly kind: "texts"; readonly values: ReadonlySet<string>; readonly excluded: boolean }
  | { readonly kind: "flag"; readonly value: boolean; readonly comparison: MarkerComparison };

type Box = ReadonlyMap<string, Domain>;

// Beyond this many boxes nothing is concluded: markers of real projects have under ten.
const MAX_BOXES = 256;
const NOWHERE: Span = { start: 0, end: 0 };

class TooComplex extends Error {}

/** Both hold. */
export function andMarkers(...markers: readonly (Marker | undefined)[]): Marker {
  return combine("and", markers);
}

/** One of them holds. A marker that is not there (undefined) always holds. */
export function orMarkers(...markers: readonly (Marker | undefined)[]): Marker {
  return combine("or", markers);
}

function constant(value: boolean): Marker {
  return { kind: "constant", value, span: NOWHERE };
}

function combine(kind: "and" | "or", markers: readonly (Marker | undefined)[]): Marker {
  const absorbing = kind === "or";
  const operands: Marker[] = [];
  const seen = new Set<string>();
  for (const marker of markers) {
    const one = marker ?? constant(true);
    if (one.kind === "constant") {
      if (one.value === absorbing) return constant(absorbing);
      continue;
    }
    for (const part of one.kind === kind ? one.operands : [one]) {
      const text = markerToString(part);
      if (seen.has(text)) continue;
      seen.add(text);
      operands.push(
        part.kind === "and" || part.kind === "or" ? { ...part, parenthesized: kind === "and" } : part,
      );
    }
  }
  if (operands.length === 0) return constant(!absorbing);
  if (operands.length === 1) return operands[0]!;
  return { kind, operands, parenthesized: false, span: NOWHERE };
}

function compare(variable: MarkerVariable, operator: MarkerOperator, value: string): MarkerComparison {
  return {
    kind: "comparison",
    left: { kind: "variable", name: variable, span: NOWHERE },
    operator,
    right: { kind: "literal", value, span: NOWHERE },
    operatorSpan: NOWHERE,
    span: NOWHERE,
  };
}

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

/**
 * The marker that holds where this one does not. Comparisons of Python's version are turned around exactly, pre-releases
 * included; `===`, and an order of texts or of platform_release, by the opposite operator.
 */
export function negateMarker(marker: Marker): Marker {
  switch (marker.kind) {
    case "constant":
      return constant(!marker.value);
    case "and":
      return orMarkers(...marker.operands.map(negateMarker));
    case "or":
      return andMarkers(...marker.operands.map(negateMarker));
    case "comparison":
      return negateComparison(marker);
  }
}

function negateComparison(comparison: MarkerComparison): Marker {
  const found = domainOf(comparison);
  if (found === undefined) return constant(true);
  const { name, domain } = found;
  // `===` compares text, so that `3.11.*` is no version that any Python has; after `!=` it would be a series.
  if (comparison.operator === "===" && literalOf(comparison)?.endsWith(".*")) return constant(true);
  if (domain.kind === "versions") {
    const variable = comparison.left.kind === "variable" ? comparison.left.name : undefined;
    const printed = printVersions(domain.set.complement());
    if (printed && !(variable === "python_version" && isPlain(comparison))) return rename(printed, name);
  }
  if (domain.kind === "texts")
    return printTexts(name as MarkerVariable, { ...domain, excluded: !domain.excluded });
  return { ...comparison, operator: OPPOSITES[comparison.operator] };
}

function literalOf({ left, right }: MarkerComparison): string | undefined {
  return left.kind === "literal" ? left.value : right.kind === "literal" ? right.value : undefined;
}

/** Whether turning the operator around is exact: python_version has neither pre- nor post-releases. */
function isPlain(comparison: MarkerComparison): boolean {
  const { operator, right } = comparison;
  return (
    operator !== "~=" && operator !== "===" && right.kind === "literal" && /^\d+\.\d+$/.test(right.value)
  );
}

/** Whether a comparison of texts can be asked of this variable at all, and where it stands. */
function domainOf(comparison: MarkerComparison): { name: string; domain: Domain } | undefined {
  const { left, right, operator } = comparison;
  const flag = (): { name: string; domain: Domain } => flagOf(comparison);
  if (left.kind === "variable" && right.kind === "variable") return flag();
  const variable = left.kind === "variable" ? left.name : (right as { name: MarkerVariable }).name;
  const literal = left.kind === "literal" ? left.value : (right as { value: string }).value;
  if (left.kind === "literal" && right.kind === "literal") return flag();
  switch (variable) {
    case "python_version":
    case "python_full_version":
    case "implementation_version": {
      const set =
        left.kind === "variable" ? versionsOf(operator, literal) : mirroredVersionsOf(operator, literal);
      if (set === undefined) return flag();
      return variable === "python_version"
        ? { name: "python_full_version", domain: { kind: "versions", set: set.pullBackMinor() } }
        : { name: variable, domain: { kind: "versions", set } };
    }
    case "platform_release":
    case "extra":
    case "extras":
    case "dependency_groups":
    case "variant_namespaces":
    case "variant_features":
    case "variant_properties":
      return flag();
  }
  if (operator === "<" || operator === ">") return undefined;
  if (operator === "==" || operator === "<=" || operator === ">=" || operator === "!=") {
    return {
      name: variable,
      domain: { kind: "texts", values: new Set([literal]), excluded: operator === "!=" },
    };
  }
  return flag();
}

function versionsOf(operator: MarkerOperator, literal: string): VersionSet | undefined {
  if (operator === "in" || operator === "not in" || operator === "===") return undefined;
  return readClauseCached(operator + literal)?.toVersionSet();
}

/** `"3.8" <= variable`: the reference asks whether 3.8 meets the clause that the variable's value makes. */
function mirroredVersionsOf(operator: MarkerOperator, literal: string): VersionSet | undefined {
  const version = parseVersion(literal);
  if (!version || version.order % 2 !== 0 || version.isPrerelease || version.isPostrelease) return undefined;
  switch (operator) {
    case "==":
      return VersionSet.fromParsed("==", version);
    case "!=":
      return VersionSet.fromParsed("!=", version);
    case "<=":
      return VersionSet.atLeast(version);
    case "<":
      return VersionSet.strictlyAfter(version);
    case ">":
      return VersionSet.strictlyBefore(version);
    case ">=":
      return VersionSet.fromParsed("<=", version);
    default:
      return undefined;
  }
}

/** A comparison that is only true or false; its denial, where it has one, is the same flag turned over. */
function flagOf(comparison: MarkerComparison): { name: string; domain: Domain } {
  const { operator } = comparison;
  const isPair = operator === "!=" || operator === "not in";
  const isVersionLike = comparison.left.kind === "variable" && comparison.left.name === "platform_release";
  if (isPair && !(isVersionLike && operator === "!=")) {
    const positive = { ...comparison, operator: OPPOSITES[operator] };
    return {
      name: `?${markerToString(positive)}`,
      domain: { kind: "flag", value: false, comparison: positive },
    };
  }
  return { name: `?${markerToString(comparison)}`, domain: { kind: "flag", value: true, comparison } };
}

/** The part that two domains of one variable share; undefined if there is none. */
function meet(a: Domain, b: Domain): Domain | undefined {
  if (a.kind === "versions" && b.kind === "versions") {
    const set = a.set.intersect(b.set);
    return set.isEmpty ? undefined : { kind: "versions", set };
  }
  if (a.kind === "flag" && b.kind === "flag") return a.value === b.value ? a : undefined;
  if (a.kind !== "texts" || b.kind !== "texts") return undefined;
  if (a.excluded && b.excluded) return { ...a, values: new Set([...a.values, ...b.values]) };
  const [inner, outer] = a.excluded ? [b, a] : [a, b];
  const values = [...inner.values].filter((value) => outer.values.has(value) !== outer.excluded);
  return values.length === 0 ? undefined : { kind: "texts", values: new Set(values), excluded: false };
}

/** What is in either; undefined if that is everything. */
function join(a: Domain, b: Domain): Domain | undefined {
  const denied = meetDenied(a, b);
  return denied === undefined ? undefined : deny(denied);
}

function meetDenied(a: Domain, b: Domain): Domain | undefined {
  const [left, right] = [deny(a), deny(b)];
  return left && right && meet(left, right);
}

/** Everything that is not in it; undefined if that is nothing. */
function deny(domain: Domain): Domain | undefined {
  switch (domain.kind) {
    case "versions": {
      const set = domain.set.complement();
      return set.isEmpty ? undefined : { kind: "versions", set };
    }
    case "texts":
      return { ...domain, excluded: !domain.excluded };
    case "flag":
      return { ...domain, value: !domain.value };
  }
}

function isWithin(inner: Domain, outer: Domain): boolean {
  const outside = deny(outer);
  return outside === undefined || meet(inner, outside) === undefined;
}

function isBoxWithin(inner: Box, outer: Box): boolean {
  for (const [name, domain] of outer) {
    const own = inner.get(name);
    if (own === undefined || !isWithin(own, domain)) return false;
  }
  return true;
}

function meetBoxes(a: Box, b: Box): Box | undefined {
  const box = new Map(a);
  for (const [name, domain] of b) {
    const own = box.get(name);
    const shared = own ? meet(own, domain) : domain;
    if (shared === undefined) return undefined;
    box.set(name, shared);
  }
  return box;
}

/** @throws TooComplex where there would be more than MAX_BOXES. */
function boxesOf(marker: Marker): readonly Box[] {
  switch (marker.kind) {
    case "constant":
      return marker.value ? [new Map()] : [];
    case "comparison": {
      const found = domainOf(marker);
      if (found === undefined) return [];
      const { name, domain } = found;
      if (domain.kind === "versions" && domain.set.isEmpty) return [];
      if (domain.kind === "versions" && domain.set.isAll) return [new Map()];
      return [new Map([[name, domain]])];
    }
    case "or":
      return reduce(marker.operands.flatMap((operand) => boxesOf(operand)));
    case "and": {
      let boxes: readonly Box[] = [new Map()];
      for (const operand of marker.operands) {
        const next: Box[] = [];
        for (const right of boxesOf(operand)) {
          for (const left of boxes) {
            const box = meetBoxes(left, right);
            if (box) next.push(box);
          }
          if (next.length > MAX_BOXES * 4) throw new TooComplex();
        }
        boxes = reduce(next);
      }
      return boxes;
    }
  }
}

/** Takes out boxes that lie in others, joins boxes that differ in one variable, widens boxes into what others cover. */
function reduce(given: readonly Box[]): readonly Box[] {
  let boxes = dropCovered(given);
  if (boxes.length > MAX_BOXES) throw new TooComplex();
  if (boxes.length > 24) return boxes;
  for (let changed = true; changed; ) {
    changed = false;
    search: for (let i = 0; i < boxes.length; i++) {
      for (let j = 0; j < boxes.length; j++) {
        if (i === j) continue;
        const joined = i < j ? joinBoxes(boxes[i]!, boxes[j]!) : undefined;
        if (joined) {
          boxes = dropCovered([
            ...boxes.slice(0, i),
            joined,
            ...boxes.slice(i + 1, j),
            ...boxes.slice(j + 1),
          ]);
          changed = true;
          break search;
        }
        const widened = widen(boxes[i]!, boxes[j]!);
        if (widened) {
          boxes = dropCovered([...boxes.slice(0, i), widened, ...boxes.slice(i + 1)]);
          changed = true;
          break search;
        }
      }
    }
  }
  return boxes;
}

function dropCovered(boxes: readonly Box[]): readonly Box[] {
  return boxes.filter(
    (box, i) =>
      !boxes.some((other, j) => i !== j && isBoxWithin(box, other) && (j < i || !isBoxWithin(other, box))),
  );
}

function joinBoxes(a: Box, b: Box): Box | undefined {
  if (a.size !== b.size) return undefined;
  let differing: string | undefined;
  for (const [name, domain] of a) {
    const other = b.get(name);
    if (other === undefined) return undefined;
    if (isWithin(domain, other) && isWithin(other, domain)) continue;
    if (differing !== undefined) return undefined;
    differing = name;
  }
  if (differing === undefined) return a;
  const box = new Map(a);
  const joined = join(a.get(differing)!, b.get(differing)!);
  if (joined) box.set(differing, joined);
  else box.delete(differing);
  return box;
}

/** The first box without a bound beyond which the second one covers it anyway. */
function widen(box: Box, cover: Box): Box | undefined {
  for (const [name, domain] of box) {
    if (!isFlippable(domain)) continue;
    const outside = deny(domain);
    const rest = new Map(box);
    if (outside) rest.set(name, outside);
    if (outside !== undefined && !isBoxWithin(rest, cover)) continue;
    const widened = new Map(box);
    widened.delete(name);
    return widened;
  }
  return undefined;
}

/** A comparison that may be neither true nor denied (platform_release that is no version) cannot be turned over. */
function isFlippable(domain: Domain): boolean {
  if (domain.kind !== "flag") return true;
  const { operator } = domain.comparison;
  return operator === "==" || operator === "in";
}

function printVersions(set: VersionSet): Marker | undefined {
  const clauses = set.toClauses();
  if (clauses === undefined) return undefined;
  const variable: MarkerVariable = "python_full_version";
  const choices = clauses.map((conjunction) =>
    andMarkers(...conjunction.map(({ operator, version }) => compare(variable, operator, version))),
  );
  return orMarkers(...choices);
}

/** The same versions in terms of python_version, where the bounds are bounds of a series such as 3.8. */
function printMinor(set: VersionSet): Marker | undefined {
  const clauses = set.toClauses();
  if (clauses === undefined || !set.isMinorAligned) return undefined;
  const choices: Marker[] = [];
  for (const conjunction of clauses) {
    const parts: Marker[] = [];
    for (const { operator, version } of conjunction) {
      const pair = /^(\d+\.\d+)(?:\.0)*(\.dev0|\.\*)?$/.exec(version) ?? /^(\d+)(?:\.dev0)?()$/.exec(version);
      if (pair === null) return undefined;
      const value = pair[1]!.includes(".") ? pair[1]! : `${pair[1]}.0`;
      parts.push(compare("python_version", operator, value));
    }
    choices.push(andMarkers(...parts));
  }
  return orMarkers(...choices);
}

function rename(marker: Marker, name: string): Marker {
  if (marker.kind === "and" || marker.kind === "or") {
    return { ...marker, operands: marker.operands.map((operand) => rename(operand, name)) };
  }
  if (marker.kind !== "comparison" || marker.left.kind !== "variable") return marker;
  return { ...marker, left: { ...marker.left, name: name as MarkerVariable } };
}

function printTexts(variable: MarkerVariable, domain: Domain & { kind: "texts" }): Marker {
  const parts = [...domain.values].map((value) => compare(variable, domain.excluded ? "!=" : "==", value));
  return domain.excluded ? andMarkers(...parts) : orMarkers(...parts);
}

function printDomain(name: string, domain: Domain): Marker | undefined {
  switch (domain.kind) {
    case "texts":
      return printTexts(name as MarkerVariable, domain);
    case "flag": {
      const { comparison, value } = domain;
      if (value) return comparison;
      return isFlippable(domain) ? { ...comparison, operator: OPPOSITES[comparison.operator] } : undefined;
    }
    case "versions": {
      const minor = name === "python_full_version" ? printMinor(domain.set) : undefined;
      if (minor) return minor;
      const full = printVersions(domain.set);
      return full && rename(full, name);
    }
  }
}

function printBoxes(boxes: readonly Box[]): Marker | undefined {
  const choices: Marker[] = [];
  for (const box of boxes) {
    const parts: Marker[] = [];
    for (const [name, domain] of box) {
      const part = printDomain(name, domain);
      if (part === undefined) return undefined;
      parts.push(part);
    }
    choices.push(andMarkers(...parts));
  }
  return orMarkers(...choices);
}

function substitute(marker: Marker, known: Partial<MarkerEnvironment>): Marker {
  switch (marker.kind) {
    case "constant":
      return marker;
    case "comparison": {
      const { left, right } = marker;
      const variable =
        left.kind === "variable" ? left.name : right.kind === "variable" ? right.name : undefined;
      if (variable === undefined || known[variable] === undefined) return marker;
      const result = tryEvaluateMarker(marker, known);
      return constant(result.ok && result.value);
    }
    case "and":
      return andMarkers(...marker.operands.map((operand) => substitute(operand, known)));
    case "or":
      return orMarkers(...marker.operands.map((operand) => substitute(operand, known)));
  }
}

/**
 * A marker that holds in the same environments and is no longer, the values in `known` filled in. A marker that cannot be
 * made shorter comes back as it is; one that always or never holds as a constant.
 */
export function simplifyMarker(marker: Marker, known: Partial<MarkerEnvironment> = {}): Marker {
  const given = Object.keys(known).length === 0 ? marker : substitute(marker, known);
  try {
    const printed = printBoxes(boxesOf(given));
    if (printed === undefined) return given;
    if (printed.kind === "constant") return printed;
    return markerToString(printed).length < markerToString(given).length ? printed : given;
  } catch (error) {
    if (error instanceof TooComplex) return given;
    throw error;
  }
}

/** What values of one variable say about others, on every system that Python runs on. */
const IMPLICATIONS: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, string>>>>>> = {
  sys_platform: {
    win32: { os_name: "nt", platform_system: "Windows" },
    linux: { os_name: "posix" },
    darwin: { os_name: "posix", platform_system: "Darwin" },
  },
  platform_system: {
    Windows: { os_name: "nt", sys_platform: "win32" },
    Linux: { os_name: "posix" },
    Darwin: { os_name: "posix", sys_platform: "darwin" },
  },
  os_name: { nt: { sys_platform: "win32", platform_system: "Windows" } },
  implementation_name: {
    cpython: { platform_python_implementation: "CPython" },
    pypy: { platform_python_implementation: "PyPy" },
  },
  platform_python_implementation: {
    CPython: { implementation_name: "cpython" },
    PyPy: { implementation_name: "pypy" },
  },
};

/** Whether no system has all the values that the box asks for, `sys_platform == "win32"` with `os_name == "posix"` say. */
function isImpossible(box: Box): boolean {
  for (const [name, domain] of box) {
    const implied = IMPLICATIONS[name];
    if (!implied || domain.kind !== "texts" || domain.excluded) continue;
    const isOut = [...domain.values].every((value) =>
      Object.entries(implied[value] ?? {}).some(([other, expected]) => {
        const own = box.get(other);
        return own?.kind === "texts" && own.values.has(expected) === own.excluded;
      }),
    );
    if (isOut) return true;
  }
  return false;
}

/**
 * Whether there is no environment in which both hold. Extras count as independent of each other, since several can be
 * asked for at once. False also means: not shown to be disjoint.
 */
export function areDisjoint(a: Marker, b: Marker): boolean {
  try {
    return boxesOf({ kind: "and", operands: [a, b], parenthesized: false, span: NOWHERE }).every(
      isImpossible,
    );
  } catch (error) {
    if (error instanceof TooComplex) return false;
    throw error;
  }
}
