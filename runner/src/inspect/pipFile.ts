// What pip is handed: a requirements file with its options in it, and the arguments of every call.
import { writeFileSync } from "node:fs";
import { indexSettings } from "./askIndexes.ts";
import type { InspectionIndexes } from "./model.ts";
import type { ResolveRequest } from "./resolving.ts";

/** Options as lines of a file rather than arguments, which every user of the machine could read. */
export function pipOptionLines(indexes: InspectionIndexes): string {
  const lines: string[] = [];
  if (indexes.noIndex) lines.push("--no-index");
  if (indexes.indexUrl !== undefined) lines.push(`--index-url ${indexes.indexUrl}`);
  for (const url of indexes.extraIndexUrls ?? []) lines.push(`--extra-index-url ${url}`);
  for (const place of indexes.findLinks ?? []) lines.push(`--find-links ${place}`);
  for (const host of indexes.trustedHosts ?? []) lines.push(`--trusted-host ${host}`);
  if (indexes.pre) lines.push("--pre");
  return lines.map((line) => `${line.replace(/[\r\n]/g, "")}\n`).join("");
}

/** What every call of pip is given: nothing is built, nothing is asked, and offline nothing leaves the machine. */
export function pipArguments(request: ResolveRequest): string[] {
  const args = ["--no-input", "--no-color", "--disable-pip-version-check"];
  if (request.indexes.usePipConfiguration === false) args.push("--isolated");
  // A proxy that nobody is: files are still read, nothing else is reached.
  if (request.offline) args.push("--proxy", "http://127.0.0.1:1", "--retries", "0");
  // Where nobody has said how often: pip's own five times with their pauses are too long for a person who waits.
  else args.push("--retries", String(indexSettings(request).retries));
  return args;
}

/** Writes a file that pip reads with `-r`: options first, then the lines. */
export function writePipFile(path: string, indexes: InspectionIndexes, body: string): void {
  writeFileSync(path, pipOptionLines(indexes) + body, { mode: 0o600 });
}
