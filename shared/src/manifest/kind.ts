// Which kind of manifest a file is, by its name and what the editor says of it.
import type { ManifestKind } from "./model.ts";
import { isPylockName } from "./pylockModel.ts";

/**
 * The kind of manifest that a path or URI names; undefined where it names none.
 *
 * @param languageId what the editor calls the file: `pip-requirements` makes requirements of any name.
 */
export function manifestKindOf(path: string, languageId?: string): ManifestKind | undefined {
  const parts = path.replace(/[?#].*$/, "").split(/[/\\]/);
  const name = decode(parts.at(-1) ?? "");
  const folder = decode(parts.at(-2) ?? "").toLowerCase();
  if (name === "Pipfile") return "pipfile";
  if (name === "Pipfile.lock") return "pipfile-lock";
  if (isPylockName(name)) return "pylock";
  if (name === "pyproject.toml") return "pyproject";
  const lower = name.toLowerCase();
  const isText = /\.(?:txt|in|pip)$/.test(lower);
  if (isText && /(?:^|[-_.\s])constraints?(?:[-_.\s]|$)/.test(lower)) return "constraints";
  if (isText && lower.includes("requirements")) return "requirements";
  if (isText && folder === "constraints") return "constraints";
  if (isText && folder === "requirements") return "requirements";
  if (/^(?:requirements|.*[-_.]requirements)$/.test(lower)) return "requirements";
  if (languageId === "pip-requirements") return lower.includes("constraint") ? "constraints" : "requirements";
  return undefined;
}

/** Whether tools write such a file from another one, so that nobody edits it by hand. */
export function isLockKind(kind: ManifestKind): kind is "pipfile-lock" | "pylock" {
  return kind === "pipfile-lock" || kind === "pylock";
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
