// From the options that a person gave to what an operation takes; what they cannot mean is bad usage.
import type { CheckInput } from "../../../shared/src/protocol/check.ts";
import type { LockInput } from "../../../shared/src/protocol/lock.ts";
import type { CommonInput } from "../../../shared/src/protocol/operation.ts";
import { ruleCatalogue } from "../../../shared/src/rules/catalogue.ts";
import { OperationError } from "../operations/index.ts";
import { type Options, pathOf } from "./commands/spec.ts";

export const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);
export const texts = (value: unknown): string[] | undefined =>
  Array.isArray(value) ? (value as string[]) : undefined;
const firstText = (value: unknown): string | undefined => text(value) ?? texts(value)?.[0];
export const split = (value: unknown): string[] | undefined => texts(value)?.flatMap((one) => one.split(","));

/** Leaves out what is undefined, as `exactOptionalPropertyTypes` asks. */
export function given<T extends object>(values: { [Key in keyof T]: T[Key] | undefined }): T {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as T;
}

/** What is no index at all is bad usage: to go on without it would call every package unknown. */
function checkIndexes(option: string, urls: readonly string[]): void {
  for (const url of urls) {
    const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(url)?.[1]?.toLowerCase();
    if (scheme === undefined || (/^(https?|file)$/.test(scheme) && URL.canParse(url))) continue;
    throw new OperationError(
      "usage",
      "bad-index",
      `${option} ${url.replace(/\/\/[^/@]*@/, "//")} is no address of an index.`,
      "Give an address with https, http or file, or a folder.",
    );
  }
}

export function commonInput(options: Options, cwd: string): CommonInput {
  checkIndexes(
    "--index-url",
    [options.indexUrl].flatMap((url) => text(url) ?? []),
  );
  checkIndexes("--extra-index-url", texts(options.extraIndexUrl) ?? []);
  const index = given<NonNullable<CommonInput["index"]>>({
    indexUrl: text(options.indexUrl),
    extraIndexUrls: texts(options.extraIndexUrl),
    findLinks: texts(options.findLinks),
    noIndex: options.index === false ? true : undefined,
    onlyBinary: split(options.onlyBinary),
    noBinary: split(options.noBinary),
    pre: options.pre === true ? true : undefined,
    trustedHosts: texts(options.trustedHost),
    strategy: text(options.indexStrategy) as NonNullable<CommonInput["index"]>["strategy"],
  });
  return {
    cwd,
    environment: given({
      name: text(options.environment),
      python: firstText(options.python),
      platform: firstText(options.platform),
    }),
    index,
    ...(options.isolated === true ? { usePipConfiguration: false } : {}),
    ...(options.offline === true ? { offline: true } : {}),
    ...(options.buildSdists === true ? { buildSdists: true } : {}),
  };
}

const SEVERITIES = ["error", "warning", "information", "hint", "off"];

/** What no rule is called would silence or choose nothing, and nobody would see why. */
function checkRule(option: string, rule: string): void {
  if (Object.hasOwn(ruleCatalogue, rule)) return;
  const rules = Object.keys(ruleCatalogue).sort();
  const parts = rule.toLowerCase().split(/[^a-z]+/);
  const near = rules.filter((one) => one.split("-").some((word) => parts.includes(word)));
  const next = near.length > 0 ? `Did you mean ${near.join(" or ")}?` : `The rules: ${rules.join(", ")}.`;
  throw new OperationError("usage", "unknown-rule", `${option} ${rule} names no rule.`, next);
}

/** The rules of `--only`. */
export function chosenRules(options: Options): string[] | undefined {
  const rules = split(options.only);
  for (const rule of rules ?? []) checkRule("--only", rule);
  return rules;
}

export function ruleSeverities(options: Options): CheckInput["rules"] {
  const rules: CheckInput["rules"] = {};
  for (const pair of texts(options.rule) ?? []) {
    const [rule = "", severity = ""] = pair.split("=");
    if (rule === "" || !SEVERITIES.includes(severity)) {
      throw new OperationError(
        "usage",
        "bad-rule",
        `--rule ${pair} is not a rule with a severity.`,
        "Write it like --rule unpinned-requirement=off.",
      );
    }
    checkRule("--rule", rule);
    rules[rule] = severity as CheckInput["rules"][string];
  }
  return rules;
}

/** `NAME=DATE`, where `NAME=false` lifts the general cut-off. */
function packageCutOffs(options: Options): LockInput["excludeNewerPackages"] {
  const cutOffs: Record<string, string | false> = {};
  for (const pair of texts(options.excludeNewerPackage) ?? []) {
    const [, name, date] = /^([^=\s]+)\s*=\s*(.+)$/.exec(pair.trim()) ?? [];
    if (name === undefined || date === undefined) {
      throw new OperationError(
        "usage",
        "bad-date",
        `--exclude-newer-package ${pair} is not a package with a date.`,
        "Write it like numpy=2026-01-31, numpy=3 days, or numpy=false.",
      );
    }
    cutOffs[name] = date === "false" ? false : date;
  }
  return Object.keys(cutOffs).length > 0 ? cutOffs : undefined;
}

/** Undefined where no option says which parts of a pyproject.toml are taken. */
function selectionOf(options: Options): LockInput["selection"] {
  const selection = given<NonNullable<LockInput["selection"]>>({
    extras: options.allExtras === true ? "all" : texts(options.extra),
    groups: options.allGroups === true ? "all" : texts(options.group),
    withoutGroups: texts(options.noGroup),
    onlyGroups: texts(options.onlyGroup),
    defaultGroups: options.defaultGroups === false ? false : undefined,
  });
  return Object.keys(selection).length > 0 ? selection : undefined;
}

/** Each Python with each platform, where there is more than one pair. */
export function environmentsOf(options: Options): LockInput["environments"] {
  const pythons = texts(options.python) ?? [];
  const platforms = texts(options.platform) ?? [];
  if (pythons.length < 2 && platforms.length < 2) return undefined;
  const each = <T>(list: readonly T[]): readonly (T | undefined)[] => (list.length > 0 ? list : [undefined]);
  return each(pythons).flatMap((python) => each(platforms).map((platform) => given({ python, platform })));
}

export const resolveInput = (args: readonly string[], options: Options, cwd: string) => ({
  ...commonInput(options, cwd),
  path: pathOf(args[0] ?? "."),
  constraints: texts(options.constraint) ?? [],
  ...given<
    Pick<
      LockInput,
      | "resolution"
      | "universal"
      | "environments"
      | "excludeNewer"
      | "excludeNewerPackages"
      | "prerelease"
      | "overrides"
      | "exclude"
      | "torchBackend"
      | "selection"
      | "variants"
    >
  >({
    resolution: text(options.resolution) as LockInput["resolution"],
    universal: options.universal === true ? true : undefined,
    environments: environmentsOf(options),
    excludeNewer: text(options.excludeNewer),
    excludeNewerPackages: packageCutOffs(options),
    prerelease: text(options.prerelease) as LockInput["prerelease"],
    overrides: texts(options.override),
    exclude: texts(options.exclude),
    torchBackend: text(options.torchBackend),
    selection: selectionOf(options),
    variants: options.variants === true ? true : undefined,
  }),
});
