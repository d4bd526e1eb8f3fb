// The settings of one document, read with a schema: a bad value is told once and its default taken.
import * as z from "zod";
import { prereleaseMode } from "../../shared/src/config/prerelease.ts";

const severity = z.enum(["error", "warning", "information", "hint", "off"]);

/** Setting (below `thoth.`) → what it must be, and its default. */
const schema = {
  enable: z.boolean().default(true),
  "environment.python": z.string().default(""),
  "environment.pythonVersion": z
    .string()
    .regex(/^(?:\d+\.\d+(?:\.\d+)?)?$/, "expected a version such as 3.11")
    .default(""),
  "environment.platform": z.string().default(""),
  "index.url": z.string().default(""),
  "index.extraUrls": z.array(z.string()).default([]),
  "index.findLinks": z.array(z.string()).default([]),
  "index.strategy": z.enum(["", "first-index", "unsafe-first-match", "unsafe-best-match"]).default(""),
  "index.usePipConfiguration": z.boolean().default(true),
  "resolve.prerelease": z.union([z.literal(""), prereleaseMode]).default(""),
  "resolve.buildSdists": z.boolean().default(false),
  offline: z.boolean().default(false),
  rules: z.record(z.string(), severity).default({}),
  "inlayHints.enable": z.boolean().default(true),
  "codeLens.enable": z.boolean().default(true),
  "runner.node": z.string().default(""),
  "knowledge.file": z.string().default(""),
  "validation.timeout": z.number().positive().default(600),
  "validation.memory": z.number().positive().default(4096),
  "validation.script": z.string().default(""),
  "validation.allowWithoutSandbox": z.boolean().default(false),
} as const;

type Values = { readonly [Key in keyof typeof schema]: z.infer<(typeof schema)[Key]> };

/** Settings by their names below `thoth.`. */
export interface Settings extends Values {
  /** Grows with every change, so that answers know on which settings they stand. */
  readonly revision: number;
}

export interface SettingProblem {
  readonly setting: string;
  /** One sentence with the default that is used in its place. */
  readonly message: string;
}

/** Reads the section `thoth` as an editor gives it: nested objects, flat dotted names, or a mixture. */
export function readSettings(
  section: unknown,
  revision = 0,
): { settings: Settings; problems: SettingProblem[] } {
  const values: Record<string, unknown> = {};
  const problems: SettingProblem[] = [];
  for (const [name, shape] of Object.entries(schema)) {
    const given = lookUp(section, name);
    const read = shape.safeParse(given ?? undefined);
    if (read.success) {
      values[name] = read.data;
      continue;
    }
    const fallback: unknown = shape.parse(undefined);
    values[name] = fallback;
    const [issue] = read.error.issues;
    const why = issue?.message.replace(/^Invalid \w+: /, "") ?? "it is not valid";
    problems.push({
      setting: `thoth.${name}`,
      message: `The setting thoth.${name} is not used: ${why}. The default is ${JSON.stringify(fallback)}.`,
    });
  }
  return { settings: { ...(values as Values), revision }, problems };
}

export const defaultSettings: Settings = readSettings({}).settings;

function lookUp(section: unknown, name: string): unknown {
  if (typeof section !== "object" || section === null) return undefined;
  if (Object.hasOwn(section, name)) return (section as Record<string, unknown>)[name];
  let value: unknown = section;
  for (const part of name.split(".")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<string, unknown>)[part];
  }
  return value;
}
