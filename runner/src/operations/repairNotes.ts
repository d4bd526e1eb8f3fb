// What is to be known of a repair beside what it changes: releases that were passed over, and what could not be checked of those taken.
import type { Repair, Vetted } from "../advisories/index.ts";

export interface RepairNotes {
  /** For a title: the least that has to be said. */
  readonly short: readonly string[];
  /** Each with its reason. */
  readonly whole: readonly string[];
}

/** So many passed over releases are told in a title. */
const MOST_SKIPPED = 2;

/** The notes of one repair: of the projects that it moves or brings in. */
export function notesOf(repair: Repair, vetted: readonly Vetted[]): RepairNotes {
  const pins = new Set(repair.stacks.flat().map(({ name, version }) => `${name} ${version}`));
  const moved = new Set([
    ...repair.moved.map(({ name }) => name),
    ...repair.changes.map(({ name }) => name),
    ...repair.constraints.map(({ name }) => name),
  ]);
  const taken = vetted.filter(({ name, version, refused, notes }) => {
    return refused === undefined && notes.length > 0 && pins.has(`${name} ${version}`);
  });
  const skipped = skippedOf(vetted, moved);
  const more = skipped.length - MOST_SKIPPED;
  const passes = taken.flatMap((one) => one.passes ?? []);
  const open = new Set(taken.flatMap(({ unchecked }) => unchecked ?? [])).size;
  return {
    short: [
      ...skipped.slice(0, MOST_SKIPPED),
      ...(more > 0 ? [`${more} more skipped`] : []),
      ...passes.slice(0, 1),
      ...(open > 0 ? [open === 1 ? "1 check not made" : `${open} checks not made`] : []),
    ],
    whole: [
      ...skippedWhole(vetted, moved),
      ...taken.flatMap(({ name, version, notes }) => notes.map((note) => `${name} ${version}: ${note}`)),
    ],
  };
}

/** `2.3.3 skipped: publisher changed`, with the name where several projects are meant. */
export function skippedOf(vetted: readonly Vetted[], names: ReadonlySet<string>): string[] {
  const own = vetted.filter(({ name, refused }) => refused !== undefined && names.has(name));
  return own.map(({ name, version, refused }) => {
    return `${names.size > 1 ? `${name} ` : ""}${version} skipped: ${refused}`;
  });
}

function skippedWhole(vetted: readonly Vetted[], names: ReadonlySet<string>): string[] {
  return vetted.flatMap(({ name, version, refused, notes }) => {
    if (refused === undefined || !names.has(name)) return [];
    const why = notes.map((note) => note.replace(/\.$/, "")).join("; ");
    return [`${name} ${version} skipped: ${refused}${why === "" ? "" : ` (${why})`}`];
  });
}
