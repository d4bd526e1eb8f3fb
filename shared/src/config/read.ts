// Reads `.thoth.yaml`: text in, settings and problems with their places out. Never throws.
import { isMap, isNode, LineCounter, type Node, parseDocument } from "yaml";
import type * as z from "zod";
import { type Configuration, configuration } from "./schema.ts";

/** What is wrong at one place of the file. */
export interface ConfigurationProblem {
  /** `unknown-key` is passed over; of `bad-syntax` and `bad-value` nobody knows what was meant. */
  readonly code: "bad-syntax" | "bad-value" | "unknown-key";
  readonly message: string;
  /** From 1. */
  readonly line: number;
  readonly span: { readonly start: number; readonly end: number };
}

export interface ReadConfiguration {
  /** What could be read; without the unknown keys. Undefined where the file is no configuration at all. */
  readonly configuration?: Configuration;
  readonly problems: readonly ConfigurationProblem[];
}

type Path = readonly PropertyKey[];

/** Reads the text of a `.thoth.yaml`. An empty one says nothing, which is fine. */
export function readConfiguration(text: string): ReadConfiguration {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, version: "1.2" });
  const problemAt = (
    code: ConfigurationProblem["code"],
    message: string,
    [start, end]: readonly [number, number],
  ): ConfigurationProblem => ({
    code,
    message,
    line: Math.max(1, lines.linePos(start).line),
    span: { start, end },
  });
  const [error] = document.errors;
  if (error) {
    const [first = ""] = error.message.split("\n");
    return {
      problems: [
        problemAt("bad-syntax", `this is not YAML: ${first.replace(/ at line .*$/, "")}.`, error.pos),
      ],
    };
  }
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 }) ?? {};
  } catch (fault) {
    return { problems: [problemAt("bad-syntax", `it cannot be read: ${(fault as Error).message}.`, [0, 0])] };
  }
  const problems: ConfigurationProblem[] = [];
  const read = configuration.safeParse(value);
  if (read.success) return { configuration: read.data, problems };
  let isSound = true;
  for (const issue of read.error.issues) {
    for (const { code, message, path, ofKey } of problemsOf(issue)) {
      problems.push(problemAt(code, message, rangeOf(document.contents, path, ofKey)));
      if (code !== "unknown-key") isSound = false;
    }
    if (issue.code === "unrecognized_keys") dropKeys(value, issue.path, issue.keys);
  }
  problems.sort((a, b) => a.span.start - b.span.start);
  const again = isSound ? configuration.safeParse(value) : undefined;
  return { ...(again?.success ? { configuration: again.data } : {}), problems };
}

interface Told {
  readonly code: ConfigurationProblem["code"];
  readonly message: string;
  readonly path: Path;
  readonly ofKey: boolean;
}

function problemsOf(issue: z.core.$ZodIssue): Told[] {
  const { path } = issue;
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({
      code: "unknown-key",
      message: `${[...path, key].join(".")} is not a key that Thoth knows.`,
      path: [...path, key],
      ofKey: true,
    }));
  }
  const where = path.join(".") || "the file";
  return [{ code: "bad-value", message: `${where}: ${reasonOf(issue)}.`, path, ofKey: false }];
}

function reasonOf(issue: z.core.$ZodIssue): string {
  if (issue.code === "invalid_value") return `one of ${issue.values.map(String).join(", ")} is wanted here`;
  // The first kind that was possible says what is wrong, where the value is of none.
  if (issue.code === "invalid_union") {
    const first = issue.errors.flat().find((one) => !one.message.startsWith("Invalid input"));
    return first?.message ?? "the value is of the wrong kind";
  }
  if (issue.code === "invalid_key") return "the key is not a name";
  if (issue.code === "invalid_type" && issue.message.startsWith("Invalid input")) {
    const words: Readonly<Record<string, string>> = {
      string: "a text",
      boolean: "true or false",
      array: "a list",
      object: "a table of keys",
      record: "a table of keys",
    };
    return `${words[issue.expected] ?? issue.expected} is wanted here`;
  }
  return issue.message.replace(/\.$/, "");
}

function rangeOf(root: Node | null, path: Path, ofKey: boolean): readonly [number, number] {
  let node: unknown = root;
  let key: unknown;
  for (const step of path) {
    if (isMap(node)) {
      const pair = node.items.find((one) => keyText(one.key) === String(step));
      if (!pair) break;
      key = pair.key;
      node = pair.value;
    } else if (isNode(node) && "items" in node) {
      node = (node.items as unknown[])[Number(step)];
    }
  }
  const place = ofKey || !isNode(node) ? key : node;
  const range = isNode(place) ? place.range : undefined;
  return range ? [range[0], range[1]] : [0, 0];
}

function keyText(key: unknown): string {
  return isNode(key) && "value" in key ? String(key.value) : String(key);
}

function dropKeys(value: unknown, path: Path, keys: readonly string[]): void {
  let at = value as Record<PropertyKey, unknown>;
  for (const step of path) at = at[step] as Record<PropertyKey, unknown>;
  for (const key of keys) delete at[key];
}
