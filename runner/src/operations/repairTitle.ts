// A repair in one line: what changes, what that brings or drops where it is not what the lines name, and what it clears.
import { compareVersions, parseVersion } from "../../../shared/src/packaging/version.ts";
import { count } from "../../../shared/src/rules/words.ts";
import type { Move, Repair } from "../advisories/index.ts";
import type { Pin } from "../resolve/index.ts";

/** So many changes of one kind are named; of more, the first two and a number. */
const MOST_NAMED = 3;

/**
 * `Raise flask to 2.3.2 and hold werkzeug to >=2.2,<3 (fixes 3 advisories; resolves with 43 packages)`; where a package is repaired by
 * way of another one, with what becomes of it: `Raise flask to 2.3.2 (brings werkzeug 2.3.8; …)`.
 * @param pins what the repair resolves to, by name.
 */
export function titleOf(
  repair: Repair,
  pins: ReadonlyMap<string, Pin>,
  isLocked: boolean,
  notes: readonly string[],
): string {
  const { changes, constraints, fixed, moved } = repair;
  const isOfLines = changes.length + constraints.length > 0;
  const moves = isOfLines
    ? changes.map(({ name, to }) => ({ name, told: `${name} to ${to.replace(/^={2,3}/, "")}` }))
    : moved.map(({ name, to }) => ({ name, told: `${name} to ${to}` }));
  const lowered = new Set(moved.filter(isDown).map(({ name }) => name));
  const told = (ones: readonly { readonly told: string }[]): string[] => ones.map((one) => one.told);
  const parts: [verb: string, what: readonly string[]][] = [
    ["raise", told(moves.filter(({ name }) => !lowered.has(name)))],
    ["lower", told(moves.filter(({ name }) => lowered.has(name)))],
    ["hold", constraints.map(({ name, specifier }) => `${name} to ${specifier}`)],
  ];
  const said = parts.flatMap(([verb, what]) => (what.length === 0 ? [] : [`${verb} ${joinSome(what)}`]));
  const lock = isLocked ? (isOfLines ? " with the lock" : " in the lock") : "";
  const proof = [
    ...(isOfLines ? becomingOf(repair, pins) : []),
    fixed.length === 1 ? "fixes 1 advisory" : `fixes ${fixed.length} advisories`,
    `resolves with ${count(pins.size, "package")}`,
    ...notes,
  ];
  const title = `${joinWords(said)}${lock} (${proof.join("; ")})`;
  return `${title.charAt(0).toUpperCase()}${title.slice(1)}`;
}

/** What becomes of packages that are cleared and that no changed line names: `brings werkzeug 2.3.8`, `drops six`. */
function becomingOf({ changes, constraints, fixed }: Repair, pins: ReadonlyMap<string, Pin>): string[] {
  const named = new Set([...changes, ...constraints].map(({ name }) => name));
  const others = [...new Set(fixed.map(({ name }) => name))].filter((name) => !named.has(name));
  const brought = others.flatMap((name) => (pins.has(name) ? [`${name} ${pins.get(name)!.version}`] : []));
  const dropped = others.filter((name) => !pins.has(name));
  return [
    ...(brought.length > 0 ? [`brings ${joinSome(brought)}`] : []),
    ...(dropped.length > 0 ? [`drops ${joinSome(dropped)}`] : []),
  ];
}

function isDown({ from, to }: Move): boolean {
  const [before, after] = [parseVersion(from), parseVersion(to)];
  return before !== undefined && after !== undefined && compareVersions(after, before) < 0;
}

function joinSome(words: readonly string[]): string {
  if (words.length <= MOST_NAMED) return joinWords(words);
  return `${words.slice(0, 2).join(", ")} and ${words.length - 2} more`;
}

function joinWords(words: readonly string[]): string {
  if (words.length < 2) return words.join("");
  return `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}
