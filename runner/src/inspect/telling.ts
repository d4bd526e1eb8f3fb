// What is shown of a log: the few lines that tell, made safe to show.

const MAX_LINE = 300;
const MAX_LINES = 6;

/** Text of unknown origin as it can be shown: no terminal sequences, no control or direction characters, no credentials. */
export function showable(text: string, limit = MAX_LINE): string {
  const plain = withoutSecrets(text.slice(0, limit * 8))
    .replace(/\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\-_])/g, "")
    .replace(/\t/g, "    ")
    .replace(
      /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g,
      (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`,
    )
    .trimEnd();
  return plain.length > limit ? `${plain.slice(0, limit - 1)}…` : plain;
}

/** URLs without what was written before the `@` of their host. */
export function withoutSecrets(text: string): string {
  // Bounded repeats: a long line of letters must not cost the square of its length.
  return text.replace(/\b([a-z][a-z0-9+.-]{0,30}:\/\/)[^\s/@'"]{1,1000}@/gi, "$1****@");
}

/**
 * The lines of an output that say what went wrong: of a Python traceback its last place and the error, of pip's
 * output its errors, else the last lines.
 */
export function tellingLines(log: string): string[] {
  const lines = log.slice(-65536).split(/\r\n|\r|\n/);
  const found =
    tracebackLines(lines) ?? errorLines(lines) ?? lines.filter((line) => line.trim() !== "").slice(-3);
  return found
    .map((line) => showable(shortenPaths(line)))
    .filter((line) => line.trim() !== "")
    .slice(0, MAX_LINES);
}

/** The single most telling line: an exception's, or pip's first error. */
export function tellingLine(log: string): string | undefined {
  const lines = tellingLines(log);
  return (lines.find((line) => /^[\w.]*(?:Error|Exception|Exit|Interrupt)\b/.test(line)) ?? lines.at(0))
    ?.replace(/^ERROR:\s*/, "")
    .trim();
}

function tracebackLines(lines: readonly string[]): string[] | undefined {
  const start = lines.findLastIndex((line) => line.startsWith("Traceback (most recent call last)"));
  if (start < 0) return undefined;
  let frame = -1;
  let end = start + 1;
  for (; end < lines.length; end++) {
    const line = lines[end]!;
    if (/^ {2}File "/.test(line)) frame = end;
    else if (line !== "" && !line.startsWith(" ")) break;
  }
  const error: string[] = [];
  for (let at = end; at < lines.length && error.length < 3; at++) {
    const line = lines[at]!;
    if (line === "" || line.startsWith("Traceback ") || line.startsWith("During handling")) break;
    error.push(line);
  }
  if (error.length === 0) return undefined;
  const place =
    frame < 0 ? [] : lines.slice(frame, Math.min(frame + 2, end)).filter((line) => !/^[\s^~]*$/.test(line));
  return [...place, ...error];
}

function errorLines(lines: readonly string[]): string[] | undefined {
  const errors = lines.filter(
    (line) =>
      /^\s*(?:ERROR|error|fatal|Fatal Python error|cause)\b/.test(line) ||
      /^ {4}(?:\S.* depends on \S|The user requested |\s+(?:Expected sha\d+|Got) )/.test(line),
  );
  // uv tells a derivation over several lines.
  const cause = lines.findIndex((line) => /^\s*(?:cause:|╰─▶|×)/.test(line));
  if (cause >= 0) {
    errors.push(
      ...lines.slice(cause, cause + MAX_LINES).filter((line) => /^\s/.test(line) && !errors.includes(line)),
    );
  }
  return errors.length > 0 ? errors : undefined;
}

/** Paths below site-packages say enough without what is before them. */
function shortenPaths(line: string): string {
  return line.replace(/(?:\/[^\s"'/]+)+\/site-packages\//g, "");
}
