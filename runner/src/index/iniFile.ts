// Reads pip.conf as Python's configparser.RawConfigParser does with its defaults, which is how pip reads it.

export interface IniFile {
  /** section → key → value. Keys are in pip's form: lower case, dashes, no leading dashes. */
  readonly sections: ReadonlyMap<string, ReadonlyMap<string, string>>;
  /** Why the file is not one: pip then refuses to run. */
  readonly error?: string;
}

/** pip's spelling of a key: `PIP_INDEX_URL`'s rest, `index_url` and `--index-url` are one (pip `_normalize_name`). */
export function normalizeKey(key: string): string {
  return key.toLowerCase().replaceAll("_", "-").replace(/^--/, "");
}

/**
 * Sections and values of `text`. Delimiters are `=` and `:`, comments are whole lines with `#` or `;`, a more indented line
 * continues a value, `[DEFAULT]` gives defaults to every section, nothing is interpolated (Python `configparser`).
 */
export function readIniFile(text: string): IniFile {
  const sections = new Map<string, Map<string, string[]>>();
  let section: Map<string, string[]> | undefined;
  let value: string[] | undefined;
  let keyIndent = 0;
  let error: string | undefined;
  for (const [number, line] of text
    .replace(/^\uFEFF/, "")
    .split(/\r\n|\r|\n/)
    .entries()) {
    const trimmed = line.trim();
    if (trimmed === "" || trimmed.startsWith("#") || trimmed.startsWith(";")) {
      if (trimmed === "" && value) value.push("");
      continue;
    }
    const indent = line.search(/\S/);
    if (section && value && indent > keyIndent) {
      value.push(trimmed);
      continue;
    }
    keyIndent = indent;
    const header = /^\[(.+)\]/.exec(trimmed);
    if (header?.[1]) {
      value = undefined;
      section = new Map();
      if (sections.has(header[1])) error ??= `line ${number + 1} repeats the section [${header[1]}]`;
      else sections.set(header[1], section);
      continue;
    }
    if (!section) {
      error ??= `line ${number + 1} stands before any section`;
      continue;
    }
    const option = /^(.*?)\s*[=:]\s*(.*)$/.exec(trimmed);
    if (!option?.[1]) {
      error ??= `line ${number + 1} has no key and value`;
      continue;
    }
    const key = normalizeKey(option[1]);
    if (section.has(key)) error ??= `line ${number + 1} repeats ${key}`;
    value = [option[2] ?? ""];
    section.set(key, value);
  }
  const defaults = sections.get("DEFAULT");
  sections.delete("DEFAULT");
  const joined = new Map<string, ReadonlyMap<string, string>>();
  for (const [name, options] of sections) {
    const values = new Map<string, string>();
    for (const [key, lines] of [...(defaults ?? []), ...options]) values.set(key, lines.join("\n").trimEnd());
    joined.set(name, values);
  }
  return error === undefined ? { sections: joined } : { sections: joined, error };
}
