// `config`: checks `.thoth.yaml`, makes one, or changes its policy.
import type { AskedPolicyChange, ConfigInput, ConfigOutput } from "../../../../shared/src/protocol/config.ts";
import type { Answer } from "../../../../shared/src/protocol/operation.ts";
import { OperationError } from "../../operations/index.ts";
import { common } from "../options.ts";
import { commonInput, given, text } from "../optionValues.ts";
import type { CommandSpec, Options } from "./spec.ts";

const ACCEPTING = "Accepting a finding:";
/** What each action takes besides its name. */
const ACTIONS = {
  check: "",
  init: "",
  accept: "ADVISORY-OR-RULE --package NAME --reason TEXT",
  bind: "PACKAGE INDEX",
} as const;

export const config: CommandSpec = {
  operation: "config",
  args: [
    ["[ACTION]", "check (the default), init to make one, accept or bind to change its policy"],
    ["[NAME]", "accept: an advisory or a rule; bind: a package, or a pattern such as 'acme-*'"],
    ["[INDEX]", "bind: the address of the index that the package must come from"],
  ],
  options: [
    { flags: "--package <NAME>", description: "the package of which it is accepted", group: ACCEPTING },
    {
      flags: "--version <VERSION>",
      description: "at this version (default: the one that the manifests here pin)",
      group: ACCEPTING,
    },
    {
      flags: "--digest <DIGEST>",
      description: "or of the file with this digest, sha256:…",
      group: ACCEPTING,
    },
    { flags: "--reason <TEXT>", description: "why", group: ACCEPTING },
    {
      flags: "--until <DAY>",
      description: "until this day, or fixed for: until a release fixes it (default: for 90 days)",
      group: ACCEPTING,
    },
    { flags: "--evidence <URL>", description: "where it was looked into", group: ACCEPTING },
    { flags: "--user", description: "change your own policy in place of this folder's" },
    ...common,
  ],
  examples: [
    "thoth config accept GHSA-m2qf-hxjv-5gpq --package flask --reason 'Sessions are not used'",
    "thoth config accept cool-down --package acme-tools --version 1.4 --reason 'Our own release'",
    "thoth config bind 'acme-*' https://packages.example.com/simple",
  ],
  input: (args, options, cwd): ConfigInput => {
    const [action = "check", ...names] = args;
    if (!Object.hasOwn(ACTIONS, action)) {
      const message = `config has no action ${action}.`;
      throw new OperationError("usage", "unknown-action", message, "Name check, init, accept or bind.");
    }
    const change = changeOf(action as keyof typeof ACTIONS, names, options);
    const input = { ...commonInput(options, cwd), user: options.user === true };
    if (change) return { ...input, action: "change", change };
    return { ...input, action: action as "check" | "init" };
  },
  formats: {
    text: async () => {
      const { configText } = await import("../text/config.ts");
      return (answer: Answer<ConfigOutput>, { terminal }) => configText(answer, terminal);
    },
  },
  failed: ({ problems }: ConfigOutput) => problems.length > 0,
  needsAll: true,
};

const OF_ACCEPT = ["package", "version", "digest", "reason", "until", "evidence"] as const;

function changeOf(
  action: keyof typeof ACTIONS,
  names: readonly string[],
  options: Options,
): AskedPolicyChange | undefined {
  const refuse = (message: string): OperationError =>
    new OperationError(
      "usage",
      "bad-arguments",
      message,
      `Write it like: thoth config ${action} ${ACTIONS[action]}`.trimEnd(),
    );
  const [first, second, ...more] = names;
  const wanted = { check: 0, init: 0, accept: 1, bind: 2 }[action];
  const excess = more[0] ?? (wanted < 2 ? second : undefined) ?? (wanted < 1 ? first : undefined);
  if (excess !== undefined) throw refuse(`config ${action} takes no ${excess}.`);
  const foreign = OF_ACCEPT.find((name) => options[name] !== undefined);
  if (action !== "accept" && foreign) throw refuse(`--${foreign} is an option of config accept.`);
  if (action === "bind") {
    if (first === undefined || second === undefined)
      throw refuse("config bind needs a package and an index.");
    return { kind: "bind", package: first, index: second };
  }
  if (action !== "accept") {
    if (options.user === true) throw refuse(`--user is an option of config accept and config bind.`);
    return undefined;
  }
  if (first === undefined) throw refuse("config accept needs an advisory or a rule.");
  const [name, reason] = [text(options.package), text(options.reason)];
  if (name === undefined) throw refuse(`config accept needs the package that ${first} is accepted of.`);
  if (reason === undefined) throw refuse("config accept needs a reason.");
  const accepted = { kind: "accept" as const, finding: first, package: name, reason };
  return {
    ...accepted,
    ...given<Omit<Extract<AskedPolicyChange, { kind: "accept" }>, keyof typeof accepted>>({
      version: text(options.version),
      digest: text(options.digest),
      until: text(options.until),
      evidence: text(options.evidence),
    }),
  };
}
