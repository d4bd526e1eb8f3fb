// Counts, durations and what was not checked, said alike by every command.
import type { NotChecked } from "../../../../shared/src/protocol/operation.ts";
import { escapeControls, type Terminal, wrap } from "../terminal.ts";

/** `1 file`, `2 files`, `2 indexes`. */
export function count(number: number, noun: string, plural = `${noun}s`): string {
  return `${number} ${number === 1 ? noun : plural}`;
}

/** `1 error, 2 warnings`, leaving out what is not there. */
export function joinCounts(counts: readonly (readonly [number, string])[]): string {
  return counts
    .filter(([number]) => number > 0)
    .map(([number, noun]) => count(number, noun))
    .join(", ");
}

/** `1.2 s`, `350 ms`, `2 min 5 s`. Milliseconds go in. */
export function duration(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  const seconds = milliseconds / 1000;
  if (seconds < 100) return `${seconds.toFixed(1)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

/** `12 KiB`, `3.4 MiB`. */
export function bytes(number: number): string {
  if (number < 1024) return `${number} B`;
  const units = ["KiB", "MiB", "GiB", "TiB"];
  let value = number / 1024;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

/** A word as a shell takes it. */
export function shellWord(text: string): string {
  return /^[\w./@%+=:,…-]+$/.test(text) ? text : `'${escapeControls(text).replaceAll("'", "'\\''")}'`;
}

/** What was not checked, one line per reason, with what it concerns. */
export function notCheckedLines(items: readonly NotChecked[], terminal: Terminal, verbose = false): string[] {
  const byReason = new Map<string, string[]>();
  for (const { what, reason } of items) byReason.set(reason, [...(byReason.get(reason) ?? []), what]);
  return [...byReason].flatMap(([reason, whats]) => {
    const most = verbose ? whats.length : 5;
    const shown = whats.slice(0, most).join(", ");
    const more = whats.length > most ? ` and ${whats.length - most} more` : "";
    const tidy = reason.replace(/(^|: )Not checked: /g, "$1").replace(/\.$/, "");
    const lines = wrap(
      `Not checked: ${escapeControls(shown + more)}: ${escapeControls(tidy)}.`,
      terminal.columns,
    );
    return lines.map((line) => line.replace(/^Not checked/, (words) => terminal.style("yellow", words)));
  });
}
