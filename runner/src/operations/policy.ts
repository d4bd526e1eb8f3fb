// The policy that holds for a folder: the organisation's file, the user's, and the workspace's `.thoth.yaml`, merged.
import { existsSync, readFileSync } from "node:fs";
import { posix, win32 } from "node:path";
import type { Policy } from "../../../shared/src/config/policy.ts";
import { type MergedPolicy, mergePolicies, type PolicyLayer } from "../../../shared/src/policy/index.ts";
import { describeRule } from "../../../shared/src/rules/catalogue.ts";
import { configurationFor } from "./configuration.ts";
import type { Machine } from "./context.ts";
import { OperationError } from "./errors.ts";

export interface PolicyAnswer {
  readonly policy: MergedPolicy;
  /** What was passed over, in sentences. */
  readonly problems: readonly string[];
}

/** Where an organisation puts its policy on a machine: `THOTH_ORGANISATION_POLICY`, else the platform's own place. */
export function organisationPolicyPath({ env, platform }: Machine): string {
  if (env.THOTH_ORGANISATION_POLICY) return env.THOTH_ORGANISATION_POLICY;
  if (platform === "win32") return win32.join(env.ProgramData ?? "C:\\ProgramData", "Thoth", "policy.yaml");
  if (platform === "darwin") return "/Library/Application Support/Thoth/policy.yaml";
  return "/etc/thoth/policy.yaml";
}

/** Where a person puts theirs: `thoth/policy.yaml` in the platform's folder for configuration. */
export function userPolicyPath({ env, platform, home }: Machine): string {
  if (platform === "win32")
    return win32.join(env.APPDATA ?? win32.join(home, "AppData", "Roaming"), "Thoth", "policy.yaml");
  if (platform === "darwin")
    return posix.join(home, "Library", "Application Support", "Thoth", "policy.yaml");
  const base = env.XDG_CONFIG_HOME;
  return posix.join(
    base && posix.isAbsolute(base) ? base : posix.join(home, ".config"),
    "thoth",
    "policy.yaml",
  );
}

/**
 * The policy for a folder. Throws OperationError for a file that cannot be understood: to go on without it would pass what it
 * forbids.
 */
export async function policyFor(machine: Machine, folder: string): Promise<PolicyAnswer> {
  const { layers, problems } = await policyLayers(machine, folder);
  const read = layers.map(withKnownRules);
  const merged = mergePolicies(read.map(({ layer }) => layer));
  return {
    policy: { ...merged, unheard: [...merged.unheard, ...read.flatMap(({ unheard }) => unheard)] },
    problems,
  };
}

/** What each level says, outermost first. Throws as `policyFor` does. */
export async function policyLayers(
  machine: Machine,
  folder: string,
): Promise<{ readonly layers: readonly PolicyLayer[]; readonly problems: readonly string[] }> {
  const layers: PolicyLayer[] = [];
  const problems: string[] = [];
  for (const [level, path] of [
    ["organisation", organisationPolicyPath(machine)],
    ["user", userPolicyPath(machine)],
  ] as const) {
    const read = await readPolicy(path);
    if (!read) {
      if (level === "organisation" && machine.env.THOTH_ORGANISATION_POLICY)
        throw unreadable(path, "it does not exist");
      continue;
    }
    problems.push(...read.problems);
    if (read.policy) layers.push({ level, from: path, policy: read.policy });
  }
  const workspace = await configurationFor(folder);
  problems.push(...workspace.problems);
  const { policy } = workspace.configuration;
  if (policy && workspace.path !== undefined)
    layers.push({ level: "workspace", from: nameFrom(workspace.path), policy });
  return { layers, problems };
}

/** A layer without the rules that there are none of: what a slip of the pen requires would never be missed. */
function withKnownRules(layer: PolicyLayer): {
  readonly layer: PolicyLayer;
  readonly unheard: readonly string[];
} {
  const { policy, from } = layer;
  const { require, severities = {}, accept = [] } = policy;
  const named = [...(require ?? []), ...Object.keys(severities), ...accept.flatMap(({ rule }) => rule ?? [])];
  const unknown = [...new Set(named)].filter((name) => describeRule(name) === undefined);
  if (unknown.length === 0) return { layer, unheard: [] };
  const known = require?.filter((name) => !unknown.includes(name));
  const { require: _, ...rest } = policy;
  return {
    layer: { ...layer, policy: { ...rest, ...(known?.length ? { require: known } : {}) } },
    unheard: unknown.map((name) => `${from} names ${name}, which is no rule.`),
  };
}

/** What a file of the workspace is called in what is told. */
export function nameFrom(path: string): string {
  return path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);
}

async function readPolicy(
  path: string,
): Promise<{ policy?: Policy | undefined; problems: readonly string[] } | undefined> {
  if (!existsSync(path)) return undefined;
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw unreadable(path, (error as NodeJS.ErrnoException).code ?? String(error));
  }
  const { readConfiguration } = await import("../../../shared/src/config/index.ts");
  const { configuration, problems } = readConfiguration(text);
  const grave = problems.find(({ code }) => code !== "unknown-key");
  if (grave || !configuration) {
    throw new OperationError(
      "usage",
      "bad-policy",
      `${path} line ${grave?.line ?? 1}: ${grave?.message ?? "it cannot be read."}`,
      "Mend it: nothing is checked against half a policy.",
    );
  }
  return {
    policy: configuration.policy,
    problems: problems.map(({ line, message }) => `${path} line ${line}: ${message}`),
  };
}

function unreadable(path: string, why: string): OperationError {
  return new OperationError(
    "unreadable",
    "unreadable",
    `cannot read ${path}: ${why}.`,
    "Check its permissions.",
  );
}
