// What the readers of archives have in common: their bounds, how they give up, and how a name from an archive is shown.

/** Bytes that a member, and that all together, may unpack to. */
export const MOST_MEMBER = 512 * 1024 * 1024;
export const MOST_ALL = 4 * 1024 * 1024 * 1024;

/** An archive that cannot be taken for one at all. */
export class BadArchive extends Error {}

/** Nothing was found wrong as far as it was looked into, which is not all of it. */
export class NotLookedInto extends Error {}

/** Whether a member's name leads out of the folder that it is unpacked into. */
export function isUnsafe(name: string): boolean {
  return (
    name.startsWith("/") || /^[A-Za-z]:/.test(name) || name.includes("\\") || name.split("/").includes("..")
  );
}

/** A name from an archive, as it may stand in a sentence. */
export function show(name: string): string {
  const clean = name.replace(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu, "?");
  return clean.length > 120 ? `${clean.slice(0, 119)}…` : clean;
}
