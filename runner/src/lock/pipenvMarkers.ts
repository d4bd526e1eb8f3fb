// The markers of a Pipfile.lock as pipenv 2026 writes them: what a release asks of Python, and what the Pipfile says of a package.
import { PIPFILE_MARKER_KEYS } from "../../../shared/src/manifest/pipfileMarkerKeys.ts";
import { type Marker, markerToString, readMarker } from "../../../shared/src/packaging/marker.ts";
import { readSpecifierSet } from "../../../shared/src/packaging/specifier.ts";
import { compareTexts } from "./write.ts";

/** What a Pipfile's entry says of where it is used. */
export interface PipfileMarkers {
  /** The value of `markers`. */
  readonly markers?: string | undefined;
  /** The other keys, each as a marker: `sys_platform == 'win32'`. */
  readonly keys: readonly string[];
  /** Whether the entry is spelled as the lock spells it: only then does pipenv join the keys to Requires-Python a second time. */
  readonly isKey?: boolean | undefined;
}

/** Picks the parts of a marker out of an entry's keys; undefined where it has none. */
export function parsePipfileMarkers(
  keys: readonly { readonly key: string; readonly value: string }[],
): PipfileMarkers | undefined {
  const markers = keys.find(({ key }) => key === "markers")?.value;
  const others = PIPFILE_MARKER_KEYS.flatMap((name) => {
    const found = keys.find(({ key }) => key === name);
    return found ? [`${name} ${found.value}`] : [];
  });
  return markers === undefined && others.length === 0 ? undefined : { markers, keys: others };
}

export interface MarkerParts {
  /** The Requires-Python of the file that is taken. */
  readonly requiresPython?: string | undefined;
  /** Of the requirement that brought it in, where the Pipfile does not name it. */
  readonly required?: Marker | undefined;
  /** Of the Pipfile's entry. */
  readonly own?: PipfileMarkers | undefined;
  /** Of the entries that alone bring it in. */
  readonly inherited?: string | undefined;
}

/** The `markers` of an entry; undefined where it has none. */
export function pipenvMarker({ requiresPython, required, own, inherited }: MarkerParts): string | undefined {
  const python = requiresPython === undefined ? undefined : markerOfPython(requiresPython);
  if (own?.markers !== undefined) return joined([own.markers, ...own.keys]);
  if (own) {
    const second = own.isKey ? joined(own.keys) : undefined;
    return joined(python === undefined ? own.keys : [both(python, second), ...own.keys]);
  }
  if (inherited !== undefined) return normal(inherited);
  const text = python ?? (required && markerToString(required));
  return text === undefined || /extra/.test(text) ? undefined : normal(text);
}

/** Requires-Python and the keys, in the parentheses that pipenv sets. */
function both(python: string, keys: string | undefined): string {
  if (keys === undefined) return python;
  return python.includes(keys) ? python : `(${python}) and (${keys})`;
}

function joined(parts: readonly (string | undefined)[]): string | undefined {
  const texts = [...new Set(parts.flatMap((part) => (part === undefined ? [] : [normal(part)])))];
  if (texts.length === 0) return undefined;
  const sorted = texts.sort(compareTexts);
  return normal(
    sorted.map((text) => (texts.length > 1 && / or /.test(text) ? `(${text})` : text)).join(" and "),
  );
}

/** As `packaging` prints it, with single quotes. What is no marker stays as it is. */
function normal(text: string): string {
  const read = readMarker(text);
  return read.ok ? markerToString(read.value).replaceAll('"', "'") : text;
}

interface Clause {
  readonly operator: string;
  readonly version: readonly string[];
}

/** How many minor versions of each Python pipenv counts on; beyond them it leaves bounds as they are. */
const LAST_MINOR: Readonly<Record<string, number>> = { 1: 7, 2: 7, 3: 11, 4: 0 };

/** Requires-Python as a marker (pipenv, `marker_from_specifier`): `>=3.8,!=3.9.1` → two comparisons, by version. */
export function markerOfPython(text: string): string | undefined {
  const bare = text.trim();
  if (["", "*", "any", "<any>"].includes(bare.toLowerCase())) return undefined;
  const clauses = readClauses(/^(?:[<>=!~])/.test(bare) ? bare : `==${bare}`);
  if (clauses === undefined || clauses.length === 0) return undefined;
  const comparisons = groupClauses(clauses).sort((a, b) => compareVersions(a.version, b.version));
  return normal(comparisons.map(({ text: comparison }) => comparison).join(" and "));
}

function readClauses(text: string): Clause[] | undefined {
  // `3.*` and the wrong `3.7*` are both taken for the versions that they begin with.
  const pieces = text.split(",").map((piece) => piece.trim().replace(/(?:\.\*)?\**$/, ""));
  const read = readSpecifierSet(pieces.filter((piece) => piece !== "").join(","));
  if (!read.ok) return undefined;
  return read.value.clauses.map(({ operator, version }) =>
    shiftBound({ operator, version: version.split(".") }),
  );
}

/** `>3.6` becomes `>=3.7` and `<=3.6` `<3.7`: half-open ranges, as far as the versions of Python are known. */
function shiftBound(clause: Clause): Clause {
  const operator = { ">": ">=", "<=": "<" }[clause.operator];
  if (operator === undefined) return clause;
  const [major = "", minor] = clause.version;
  const next = minor === undefined ? 1 : Number(minor) + 1;
  const last = LAST_MINOR[major];
  if (last === undefined || !(next <= last)) return clause;
  return { operator, version: [major, String(next)] };
}

interface Comparison {
  readonly text: string;
  /** What it is sorted by. */
  readonly version: readonly string[];
}

/** One comparison for each operator and length of version: of lower bounds the lowest, of upper ones the highest. */
function groupClauses(clauses: readonly Clause[]): Comparison[] {
  const groups = new Map<string, Clause[]>();
  const key = ({ operator, version }: Clause): string => `${operator} ${version.length > 2}`;
  const sorted = [...clauses].sort(
    (a, b) => compareTexts(key(a), key(b)) || compareVersions(a.version, b.version),
  );
  for (const clause of sorted) {
    const group = groups.get(key(clause)) ?? [];
    if (!group.some((other) => compareVersions(other.version, clause.version) === 0)) group.push(clause);
    groups.set(key(clause), group);
  }
  return [...groups.values()].flatMap((group) => {
    const [first] = group as [Clause];
    const { operator } = first;
    if (operator === ">" || operator === ">=") return [comparison(first)];
    if (operator === "<" || operator === "<=") return [comparison(group.at(-1)!)];
    if (operator !== "==" || group.length === 1) return group.map(comparison);
    return [
      { text: `(${group.map((clause) => comparison(clause).text).join(" or ")})`, version: first.version },
    ];
  });
}

function comparison({ operator, version }: Clause): Comparison {
  const variable = version.length > 2 ? "python_full_version" : "python_version";
  return { text: `${variable} ${operator} '${version.join(".")}'`, version };
}

function compareVersions(a: readonly string[], b: readonly string[]): number {
  for (let at = 0; at < Math.max(a.length, b.length); at++) {
    const [left, right] = [a[at], b[at]];
    if (left === undefined || right === undefined) return left === undefined ? -1 : 1;
    const difference = Number(left) - Number(right);
    if (difference !== 0) return Number.isNaN(difference) ? compareTexts(left, right) : difference;
  }
  return 0;
}
