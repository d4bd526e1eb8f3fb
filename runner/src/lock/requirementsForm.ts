// The requirements form of a lock: pins with hashes and who asks for each, which pip and uv install.
import type { LockedPackage, LockOutput } from "../../../shared/src/protocol/lock.ts";
import { compareTexts, isLocal, placeFrom, type WriteOptions } from "./write.ts";

/** A requirements file. The same stack gives the same bytes. */
export function writeRequirements(lock: LockOutput, { folder }: WriteOptions): string {
  const lines = [`# The stack of ${lock.path} for ${lock.environment}, made by thoth lock.`];
  const unhashed = lock.packages.find(({ artifacts }) => artifacts.length === 0);
  // pip checks the digests of all that a file names or of nothing.
  if (unhashed && lock.packages.length > 1)
    lines.push(`# Without digests: ${unhashed.name} has none, and pip takes all or none.`);
  lines.push(...lock.indexOptions);
  for (const one of lock.packages) lines.push(...requirementLines(one, folder, unhashed === undefined));
  return `${lines.map(inOneLine).join("\n")}\n`;
}

/** What ends a line, or says something else to a terminal, has no place in a line. */
function inOneLine(line: string): string {
  return line.replace(/[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]/g, "");
}

/** The lines of one package, with its hashes and who asks for it. */
export function requirementLines(one: LockedPackage, folder: string, isHashed: boolean): string[] {
  const subject = `${subjectOf(one, folder)}${one.marker === undefined ? "" : ` ; ${one.marker}`}`;
  const digests = isHashed ? [...new Set(one.artifacts.map(({ sha256 }) => sha256))].sort(compareTexts) : [];
  const lines = [subject, ...digests.map((digest) => `    --hash=sha256:${digest}`)].map(inOneLine);
  const joined = lines.map((line, index) => (index < lines.length - 1 ? `${line} \\` : line));
  const [only, ...more] = one.via;
  if (only === undefined) return joined;
  if (more.length === 0) return [...joined, `    # via ${only}`];
  return [...joined, "    # via", ...one.via.map((who) => `    #   ${who}`)];
}

function subjectOf(one: LockedPackage, folder: string): string {
  const { name, version, extras, url, vcs, directory, editable, subdirectory } = one;
  const brackets = extras.length > 0 ? `[${extras.join(",")}]` : "";
  if (url === undefined) return `${name}${brackets}==${version}`;
  if (vcs) {
    const below = vcs.subdirectory === undefined ? "" : `#subdirectory=${vcs.subdirectory}`;
    const address = `${vcs.system}+${url}@${vcs.commit}`;
    if (!editable) return `${name}${brackets} @ ${address}${below}`;
    // pip splits the line at blanks, and takes extras in this form alone.
    if (brackets !== "") return `-e "${name}${brackets} @ ${address}${below}"`;
    const parts = [`egg=${name}`, ...(vcs.subdirectory ? [`subdirectory=${vcs.subdirectory}`] : [])];
    return `-e ${address}#${parts.join("&")}`;
  }
  if (directory && isLocal(url)) {
    // A path stays as it was written: the lock is for the same folder.
    const place = one.path ?? placeFrom(folder, url);
    if (editable) return `-e ${place}${brackets}`;
    // Only a place that begins with a dot or a slash is taken for one, and `NAME @` takes addresses alone.
    if (subdirectory === undefined) return `${place}${brackets}`;
  }
  const below = subdirectory === undefined ? "" : `#subdirectory=${subdirectory}`;
  return `${name}${brackets} @ ${url}${url.includes("#") ? "" : below}`;
}
