// Secrets that are planted where the journeys' machines keep theirs, and the search for them in all that was drawn, logged and kept.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** Each stands in one place that credentials are configured in, and nowhere else. */
export const CANARIES = {
  /** In the home folder of every journey. */
  netrc: "c4nary-netrc-7f31",
  /** Those of a journey of their own. */
  index: "c4nary-index-b802",
  extra: "c4nary-extra-55d9",
  token: "c4nary-token-e0c4",
} as const;

/** The user of every login. */
export const CANARY_USER = "canary-user";

/** A netrc for the host that the indexes of the journeys do not run on, so that it changes none of them. */
export const NETRC = `machine localhost login ${CANARY_USER} password ${CANARIES.netrc}\n`;

const traces = new Map<string, string[]>();

/** The canaries that stand in a text: as they are, in a header for a login, or encoded for an address. */
export function canariesIn(text: string): string[] {
  return Object.entries(CANARIES).flatMap(([place, secret]) => {
    const basic = Buffer.from(`${CANARY_USER}:${secret}`).toString("base64").replace(/=+$/, "");
    return [secret, basic].some((form) => text.includes(form)) ? [place] : [];
  });
}

/** Looks through a text, and keeps where a canary was found for `foundCanaries`. */
export function searchText(where: string, text: string): void {
  const found = canariesIn(text);
  if (found.length > 0) traces.set(where, found);
}

/** Looks through every file below a folder. */
export async function searchFolder(where: string, folder: string): Promise<void> {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    searchText(`${where}: ${entry.name}`, await readFile(path, "latin1").catch(() => ""));
  }
}

/** Where which canaries were found in all journeys so far, for a person. */
export function foundCanaries(): string[] {
  return [...traces].map(([where, places]) => `${where} shows the secret of ${places.join(", ")}`);
}
