// Pipfiles as pipenv reads them: sources, categories of packages, requires, scripts and settings, each with its place.
import { LineIndex, type Span, type Spanned } from "../text/span.ts";
import { readFileIgnores, trailingComment } from "./ignores.ts";
import type { Manifest, ManifestEntry, ManifestError, OptionEntry, SourceEntry } from "./model.ts";
import { pipfileHashInputs, sha256Hex } from "./pipfileHash.ts";
import { buildPackage, type PackageParts } from "./pipfilePackage.ts";
import { holdsVariable } from "./requirementLine.ts";
import type { TomlKey, TomlPair, TomlParser, TomlTable, TomlValue } from "./toml.ts";

/** Tables of a Pipfile that hold no packages. Every other table is a category of packages. */
const SETTINGS = new Set(["requires", "scripts", "pipenv", "pipfile"]);

/**
 * Reads a Pipfile (pipenv 2026, plette 2.4). Broken statements are errors; the good ones around them are read.
 *
 * @param toml the reader that `loadToml` gives.
 */
export function readPipfile(text: string, toml: TomlParser): Manifest {
  const byteOrderMark = text.charCodeAt(0) === 0xfeff;
  // A blank in the mark's place keeps every offset.
  const document = toml.parse(byteOrderMark ? ` ${text.slice(1)}` : text);
  const reading = new PipfileReading(text);
  for (const table of document.tables) reading.readTable(table);
  const hasDuplicate = reading.errors.some((error) => error.code === "duplicate-key");
  const faults = document.faults.filter((fault) => fault.code !== "toml-value" || !hasDuplicate);
  let inputs: string[] | undefined;
  let hashes: string[] | undefined;
  const hashInputs = () => {
    inputs ??= pipfileHashInputs(document);
    return inputs;
  };
  return {
    kind: "pipfile",
    text,
    lines: new LineIndex(text),
    entries: reading.entries.sort((a, b) => a.span.start - b.span.start),
    errors: [...faults, ...reading.errors].sort((a, b) => a.span.start - b.span.start),
    ignores: readFileIgnores(text),
    get pipfileHashInput() {
      return hashInputs()[0];
    },
    get pipfileHashInputs() {
      return hashInputs();
    },
    get pipfileHashes() {
      hashes ??= hashInputs().map(sha256Hex);
      return hashes;
    },
  };
}

class PipfileReading {
  readonly entries: ManifestEntry[] = [];
  readonly errors: ManifestError[] = [];
  readonly #text: string;
  /** The keys of every section, to find those given twice. */
  readonly #seen = new Map<string, Set<string>>();

  constructor(text: string) {
    this.#text = text;
  }

  readTable(table: TomlTable): void {
    const { header, pairs } = table;
    if (header === undefined) {
      for (const pair of pairs) this.#readRootPair(pair);
      return;
    }
    const [first, second, ...deeper] = header.keys;
    const section = first!.text;
    if (section === "source") {
      if (second === undefined && header.isArray) this.#addSource(spanOfTable(table), pairs);
      else this.#fault("invalid-source", "A source is written as [[source]].", header.span, "[[source]]");
      return;
    }
    if (header.isArray) {
      this.#fault(
        "invalid-table",
        `${section} is a table: it has single brackets.`,
        header.span,
        `[${section}]`,
      );
      return;
    }
    if (second === undefined) this.#readSection(section, pairs);
    else if (SETTINGS.has(section))
      for (const pair of pairs) this.#addOption(section, [second, ...deeper, ...pair.keys], pair);
    else if (deeper.length > 0) {
      this.#fault("invalid-table", "A package's table holds no tables of its own.", header.span);
    } else {
      this.#addPackage({
        section,
        key: second,
        style: "toml-table",
        span: spanOfTable(table),
        pairs,
        commentFrom: header.span.end,
        isWhole: true,
      });
    }
  }

  #readRootPair(pair: TomlPair): void {
    const [first, ...rest] = pair.keys;
    const section = first!.text;
    if (rest.length > 0) this.#readSection(section, [{ ...pair, keys: rest }]);
    else if (pair.value.kind === "inline-table" && section !== "source")
      this.#readSection(section, pair.value.pairs!);
    else if (pair.value.kind === "array" && section === "source") {
      for (const item of pair.value.items!) {
        if (item.kind === "inline-table") this.#addSource(item.span, item.pairs!);
        else this.#fault("invalid-source", "A source is a table with name and url.", item.span);
      }
    } else
      this.#fault(
        "unexpected-key",
        `${section} stands outside of any table.`,
        pair.span,
        "[packages] before it",
      );
  }

  #readSection(section: string, pairs: readonly TomlPair[]): void {
    const dotted = new Map<string, TomlPair[]>();
    for (const pair of pairs) {
      if (SETTINGS.has(section)) this.#addOption(section, pair.keys, pair);
      else if (pair.keys.length === 1) this.#readPackagePair(section, pair);
      else {
        const name = pair.keys[0]!.text;
        const group = dotted.get(name);
        if (group) group.push(pair);
        else dotted.set(name, [pair]);
      }
    }
    for (const group of dotted.values()) this.#addDotted(section, group);
  }

  #readPackagePair(section: string, pair: TomlPair): void {
    const key = pair.keys[0]!;
    const { value, span } = pair;
    const base = { section, key, span, commentFrom: span.end, isWhole: true };
    if (value.kind === "string") this.#addPackage({ ...base, style: "toml-string", value, pairs: [] });
    else if (value.kind === "inline-table")
      this.#addPackage({ ...base, style: "toml-inline-table", pairs: value.pairs! });
    else if (value.kind === "integer" || value.kind === "float") {
      this.#addPackage({ ...base, style: "toml-string", pairs: [], isWhole: false });
      this.#fault("invalid-value", "The version needs quotes.", value.span, `"==${value.text}"`);
    } else {
      this.#addPackage({ ...base, style: "toml-string", pairs: [], isWhole: false });
      this.#fault("invalid-value", "A package takes a version in quotes or a table.", value.span, '"*"');
    }
  }

  /** `requests.version = "*"`: several statements make one package. */
  #addDotted(section: string, group: readonly TomlPair[]): void {
    const first = group[0]!;
    const last = group.at(-1)!;
    this.#addPackage({
      section,
      key: first.keys[0]!,
      style: "toml-table",
      span: { start: first.span.start, end: last.span.end },
      pairs: group.map((pair) => ({ ...pair, keys: pair.keys.slice(1) })),
      commentFrom: last.span.end,
      // Statements that others stand between are not one stretch that could be edited.
      isWhole: this.#countLines(first.span.start, last.span.end) === group.length,
    });
  }

  #countLines(start: number, end: number): number {
    let count = 1;
    for (let at = this.#text.indexOf("\n", start); at >= 0 && at < end; at = this.#text.indexOf("\n", at + 1))
      count++;
    return count;
  }

  #addPackage(parts: PackageParts): void {
    this.#checkDuplicate(parts.section, parts.key);
    const { entry, errors } = buildPackage(this.#text, parts);
    this.entries.push(entry);
    this.errors.push(...errors);
  }

  #checkDuplicate(section: string, key: TomlKey, name = key.text): void {
    const seen = this.#seen.get(section) ?? new Set<string>();
    this.#seen.set(section, seen);
    if (seen.has(name)) this.#fault("duplicate-key", `${name} is given twice in [${section}].`, key.span);
    seen.add(name);
  }

  #addSource(span: Span, pairs: readonly TomlPair[]): void {
    const fields = new Map<string, TomlValue>();
    for (const { keys, value } of pairs) {
      const key = keys[0]!;
      if (fields.has(key.text))
        this.#fault("duplicate-key", `${key.text} is given twice in this source.`, key.span);
      fields.set(key.text, value);
    }
    const text = (key: string): Spanned | undefined => {
      const value = fields.get(key);
      if (value === undefined) this.#fault("missing-key", `The source has no ${key}.`, span, `${key} = "…"`);
      else if (value.kind !== "string")
        this.#fault("invalid-value", `The ${key} of a source is a text in quotes.`, value.span);
      else return { text: value.text, span: value.inside };
      return undefined;
    };
    const name = text("name");
    const url = text("url");
    const verify = fields.get("verify_ssl");
    if (verify !== undefined && verify.kind !== "boolean") {
      this.#fault(
        "invalid-value",
        "verify_ssl is true or false, without quotes.",
        verify.span,
        "true or false",
      );
    }
    const source: SourceEntry = {
      kind: "source",
      span,
      ...(name && { name }),
      ...(url && { url }),
      verifySsl: verify?.text !== "false",
      ...(verify && { verifySslSpan: verify.span }),
      hasVariables: url !== undefined && /\$\{?\w/.test(url.text),
    };
    this.entries.push(source);
  }

  #addOption(section: string, keys: readonly TomlKey[], pair: TomlPair): void {
    const option = keys.map((key) => key.text).join(".");
    this.#checkDuplicate(section, keys[0]!, option);
    const { value } = pair;
    const comment = trailingComment(this.#text, pair.span.end);
    const entry: OptionEntry = {
      kind: "option",
      span: pair.span,
      section,
      option,
      optionSpan: pair.keys.at(-1)!.inside,
      value: { text: value.text, span: value.inside },
      hasVariables: holdsVariable(value.text),
      ...(comment && { comment }),
    };
    this.entries.push(entry);
    if (section === "requires" && option.startsWith("python_") && value.kind !== "string") {
      this.#fault("invalid-value", `${option} needs quotes.`, value.span, `"${value.text}"`);
    }
    if (section === "pipenv" && option === "allow_prereleases" && value.kind !== "boolean") {
      this.#fault(
        "invalid-value",
        `${option} is true or false, without quotes.`,
        value.span,
        "true or false",
      );
    }
    if (
      section === "scripts" &&
      (value.text === "" || !["string", "array", "inline-table"].includes(value.kind))
    ) {
      this.#fault("invalid-value", "A script is a command in quotes.", value.span);
    }
  }

  #fault(code: string, message: string, span: Span, expected?: string): void {
    this.errors.push(expected === undefined ? { code, message, span } : { code, message, span, expected });
  }
}

function spanOfTable(table: TomlTable): Span {
  const { start, end } = table.header!.span;
  return { start, end: table.pairs.at(-1)?.span.end ?? end };
}
