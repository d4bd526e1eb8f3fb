// Versions of Python as numbers and stretches of them: what Requires-Python and markers say, compared as releases alone.
//
// A pre-release of Python counts as its release, as installers for many environments have it: whether 3.14.0rc1 is "3.14 or
// newer" would otherwise split every answer in two.
import type { Clause, SpecifierSet } from "./specifier.ts";
import { parseVersion } from "./version.ts";

/** A release of Python as one number, in their order; `+ 1` is the place right after it. */
export type PythonCode = number;

/** From `low` on, below `high`. 0 and Infinity where there is no bound. */
export interface PythonRange {
  readonly low: PythonCode;
  readonly high: PythonCode;
}

const STEP = 1000;

/** The number of a release such as `[3, 11, 7]`. */
export function pythonCode(release: readonly number[]): PythonCode {
  let code = 0;
  for (let place = 0; place < 4; place++) code = code * STEP + Math.min(release[place] ?? 0, STEP - 1);
  return code;
}

/** The numbers of a code: two at least, more where they are not 0. A place right after a release is that of the release. */
export function pythonRelease(code: PythonCode): number[] {
  const release: number[] = [];
  let rest = code - (code % STEP);
  for (let unit = STEP ** 3; unit >= 1; unit /= STEP) {
    release.push(Math.floor(rest / unit));
    rest %= unit;
  }
  while (release.length > 2 && release.at(-1) === 0) release.pop();
  return release;
}

/** Whether it is the place right after a release, as `>` and `<=` make it. */
export function isAfterRelease(code: PythonCode): boolean {
  return code % STEP === 1;
}

/** Whether it is the first release of a series such as 3.11. */
export function isSeriesStart(code: PythonCode): boolean {
  return code % STEP ** 2 === 0;
}

/** The first release of the series after that of a code. */
export function nextSeries(code: PythonCode): PythonCode {
  return (Math.floor(code / STEP ** 2) + 1) * STEP ** 2;
}

/** What one comparison of `python_full_version` admits, lowest first; undefined where the other side is no version. */
export function pythonRangesOf(
  operator: Clause["operator"],
  text: string,
): readonly PythonRange[] | undefined {
  const isWildcard = text.endsWith(".*");
  const version = parseVersion(isWildcard ? text.slice(0, -2) : text);
  if (version === undefined) return undefined;
  const { release } = version;
  const code = pythonCode(release);
  if (isWildcard) {
    const whole = { low: code, high: nextPrefix(release) };
    return operator === "==" ? [whole] : operator === "!=" ? outside(whole) : undefined;
  }
  const single = { low: code, high: code + 1 };
  switch (operator) {
    case "==":
    case "===":
      return [single];
    case "!=":
      return outside(single);
    case ">=":
      return [{ low: code, high: Number.POSITIVE_INFINITY }];
    case ">":
      return [{ low: code + 1, high: Number.POSITIVE_INFINITY }];
    case "<":
      return code === 0 ? [] : [{ low: 0, high: code }];
    case "<=":
      return [{ low: 0, high: code + 1 }];
    case "~=":
      return [{ low: code, high: nextPrefix(release.slice(0, -1)) }];
  }
}

function nextPrefix(release: readonly number[]): PythonCode {
  return pythonCode([...release.slice(0, -1), (release.at(-1) ?? 0) + 1]);
}

function outside({ low, high }: PythonRange): PythonRange[] {
  const after = { low: high, high: Number.POSITIVE_INFINITY };
  return low === 0 ? [after] : [{ low: 0, high: low }, after];
}

/** What a comparison of `python_version` admits: that is the first two numbers of the release alone. */
export function pythonSeriesOf(
  operator: Clause["operator"],
  text: string,
): readonly PythonRange[] | undefined {
  const ranges = pythonRangesOf(operator, text);
  return (
    ranges && normalize(ranges.map(({ low, high }) => ({ low: seriesFrom(low), high: seriesFrom(high) })))
  );
}

/** The start of the first series whose two numbers, as a version, are not below the code. */
function seriesFrom(code: PythonCode): PythonCode {
  return code === 0 || code === Number.POSITIVE_INFINITY || isSeriesStart(code) ? code : nextSeries(code);
}

function normalize(ranges: readonly PythonRange[]): PythonRange[] {
  const kept: PythonRange[] = [];
  for (const range of ranges) {
    if (range.low >= range.high) continue;
    const last = kept.at(-1);
    if (last !== undefined && last.high >= range.low)
      kept[kept.length - 1] = { low: last.low, high: range.high };
    else kept.push(range);
  }
  return kept;
}

/** What is in both lists of ranges. */
export function intersectPythons(left: readonly PythonRange[], right: readonly PythonRange[]): PythonRange[] {
  const shared = left.flatMap((a) =>
    right.map((b) => ({ low: Math.max(a.low, b.low), high: Math.min(a.high, b.high) })),
  );
  return normalize(shared.sort((a, b) => a.low - b.low));
}

/**
 * The stretch from the first to the last Python that a Requires-Python admits, holes included. Without bounds where it admits
 * none, as for a text that nobody meant so.
 */
export function boundPythons(specifier: SpecifierSet): PythonRange {
  let ranges: readonly PythonRange[] = [{ low: 0, high: Number.POSITIVE_INFINITY }];
  for (const { operator, version } of specifier.clauses) {
    const admitted = pythonRangesOf(operator, version);
    if (admitted !== undefined) ranges = intersectPythons(ranges, admitted);
  }
  return { low: ranges[0]?.low ?? 0, high: ranges.at(-1)?.high ?? Number.POSITIVE_INFINITY };
}
