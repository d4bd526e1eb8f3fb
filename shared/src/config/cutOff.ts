// Cut-offs: a date, a moment, or a span before now, as uv's `--exclude-newer` takes them.

/** Milliseconds since the epoch, or why the text means none. */
export type CutOff = { readonly time: number } | { readonly fault: string };

const DAY = 86_400_000;

/** Milliseconds by every spelling of a unit. Months and years have no one length, so that uv takes none. */
const UNITS: readonly (readonly [RegExp, number])[] = [
  [/^(?:w|wks?|weeks?)$/, 7 * DAY],
  [/^(?:d|days?)$/, DAY],
  [/^(?:h|hrs?|hours?)$/, 3_600_000],
  [/^(?:m|mins?|minutes?)$/, 60_000],
  [/^(?:s|secs?|seconds?)$/, 1000],
];

/** What is written without a length of its own. */
const NO_LENGTH = /^(?:months?|mos?|years?|yrs?|y)$/;

/**
 * Reads `2026-01-31` (the whole of that day, UTC), `2026-01-31T12:00:00Z`, `3 days`, `1 week, 2 days`, `P7D` or `PT36H`.
 * @param now milliseconds since the epoch: what a span counts back from.
 */
export function readCutOff(text: string, now: number): CutOff {
  const written = text.trim();
  if (/^\d{4}-\d{2}-\d{2}$/.test(written)) {
    const day = Date.parse(`${written}T00:00:00Z`);
    const isReal = !Number.isNaN(day) && new Date(day).toISOString().startsWith(written);
    return isReal ? { time: day + DAY } : { fault: `${written} is not in the calendar` };
  }
  if (/^\d{4}-\d{2}-\d{2}[T ]/i.test(written)) return readMoment(written);
  const span = /^[+-]?p/i.test(written) ? readIsoSpan(written) : readSpan(written);
  return typeof span === "number" ? { time: now - span } : span;
}

function readMoment(written: string): CutOff {
  // Without an offset a moment would be another one on each machine.
  const isPlaced = /(?:z|[+-]\d{2}(?::?\d{2})?)$/i.test(written.slice(11));
  const time = Date.parse(isPlaced ? written : `${written}Z`);
  return Number.isNaN(time) ? { fault: `${written} is no moment` } : { time };
}

function readIsoSpan(written: string): number | { readonly fault: string } {
  const match =
    /^[+-]?p(?:(\d+)y)?(?:(\d+)m)?(?:(\d+)w)?(?:(\d+)d)?(?:t(?:(\d+(?:[.,]\d+)?)h)?(?:(\d+(?:[.,]\d+)?)m)?(?:(\d+(?:[.,]\d+)?)s)?)?$/i.exec(
      written,
    );
  const parts = match?.slice(1) ?? [];
  if (!match || parts.every((part) => part === undefined))
    return { fault: `${written} is no ISO 8601 duration` };
  const [years, months, ...others] = parts.map((part) => Number((part ?? "0").replace(",", ".")));
  if (years || months)
    return { fault: `${written} counts in months or years, which have no one length: write days` };
  const lengths = [7 * DAY, DAY, 3_600_000, 60_000, 1000];
  return others.reduce((sum, count, at) => sum + count * lengths[at]!, 0);
}

function readSpan(written: string): number | { readonly fault: string } {
  const body = written.replace(/^[+-]\s*/, "").replace(/\s+ago$/i, "");
  const parts = [...body.matchAll(/\s*(\d+(?:\.\d+)?)\s*([a-z]+)\s*(?:,(?!\s*$))?/giy)];
  const length = parts.reduce((sum, part) => sum + part[0].length, 0);
  if (parts.length === 0 || length !== body.length) {
    return { fault: `${written} is neither a date like 2026-01-31 nor a span like 3 days` };
  }
  let span = 0;
  for (const [, count = "", unit = ""] of parts) {
    const word = unit.toLowerCase();
    if (NO_LENGTH.test(word)) {
      return { fault: `${written} counts in ${word}, which have no one length: write days` };
    }
    const known = UNITS.find(([pattern]) => pattern.test(word));
    if (!known) return { fault: `${written} counts in ${word}, which is no unit of time` };
    span += Number(count) * known[1];
  }
  return span;
}
