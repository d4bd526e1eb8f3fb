// Which kind of manifest a file is, by its name, what the editor says of it or, where a person names it, its text.
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

/**
 * The kind of a manifest whose name tells none, by its text: `pip-full.toml` or `app.Pipfile` may be what a person names. No line
 * of a requirements file begins as the tables of TOML do; undefined where nothing but such lines is there.
 */
export function manifestKindOfText(text: string): ManifestKind | undefined {
  if (/^\uFEFF?\s*\{\s*["}]/.test(text)) return "pipfile-lock";
  if (/^(?:lock-version\s*=|\[\[packages\]\])/m.test(text)) return "pylock";
  if (/^\[(?:project|build-system|dependency-groups|tool\.[\w-]+)[\].]/m.test(text)) return "pyproject";
  if (/^\[(?:packages|dev-packages|requires|pipenv|\[source\])\]/m.test(text)) return "pipfile";
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
