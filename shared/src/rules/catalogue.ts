// The rules' names, what each says in a sentence, and how loud it is unless configured otherwise.
import type { Severity } from "../finding/model.ts";

export interface RuleDescription {
  /** One sentence, subject first. */
  readonly summary: string;
  readonly severity: Severity;
  /** True where the text alone decides. */
  readonly local: boolean;
  /** A check of provenance: an editor shows one finding of these per package, the gravest. */
  readonly provenance?: boolean;
  /** What Thoth called the same, or a part of it. */
  readonly aliases?: readonly string[];
}

/** Every rule, by its kebab-case name. `docs/rules/NAME.md` is its page. */
export const ruleCatalogue = {
  "invalid-syntax": {
    summary: "A line is not what pip, pipenv, uv or poetry can read.",
    severity: "error",
    local: true,
  },
  "duplicate-requirement": {
    summary: "A package is required twice where both lines count.",
    severity: "warning",
    local: true,
  },
  "contradictory-specifier": {
    summary: "The clauses of one specifier exclude each other.",
    severity: "error",
    local: true,
  },
  "conflicting-requirements": {
    summary: "The requirements cannot all be met.",
    severity: "error",
    local: false,
  },
  "missing-hash": {
    summary: "A requirement has no hash although others do, so pip refuses the file.",
    severity: "error",
    local: true,
  },
  "unpinned-under-hashes": {
    summary: "A requirement with hashes, or beside hashed ones, is not pinned with ==.",
    severity: "error",
    local: true,
  },
  "unpinned-requirement": {
    summary: "A requirement names no version at all, so tomorrow's install differs from today's.",
    severity: "hint",
    local: true,
  },
  "lock-out-of-date": {
    summary: "Pipfile.lock was made from another Pipfile.",
    severity: "warning",
    local: true,
  },
  "insecure-source": {
    summary: "Packages come over a connection that anyone on the way can change.",
    severity: "warning",
    local: true,
  },
  "unreadable-include": {
    summary: "An included file cannot be read.",
    severity: "error",
    local: true,
  },
  "unknown-project": {
    summary: "No configured index has a project of this name.",
    severity: "error",
    local: false,
  },
  "no-matching-release": {
    summary: "No release satisfies the specifier.",
    severity: "error",
    local: false,
  },
  "yanked-release": {
    summary: "The pinned release was yanked by its maintainers.",
    severity: "warning",
    local: false,
    provenance: true,
  },
  "python-incompatible": {
    summary: "The release does not support the environment's Python.",
    severity: "error",
    local: false,
  },
  "no-artifact": {
    summary: "The release has no file that installs on the environment.",
    severity: "error",
    local: false,
  },
  "wheels-disagree": {
    summary: "Wheels of one release do not ask for the same.",
    severity: "warning",
    local: false,
  },
  "project-status": {
    summary: "The index marks the project as quarantined, archived or deprecated.",
    severity: "warning",
    local: false,
  },
  "index-refused": {
    summary: "An index refused to answer, so the package was not checked.",
    severity: "warning",
    local: false,
  },
  "known-vulnerability": {
    summary: "Advisories are known against the release.",
    severity: "warning",
    local: false,
  },
  "stale-advisories": {
    summary: "The stored advisories are older than a week.",
    severity: "information",
    local: false,
  },
  "validation-failed": {
    summary: "The last validation of this stack failed because of this requirement.",
    severity: "error",
    local: false,
  },
  "pinned-and-hashed": {
    summary:
      "Every package is pinned to one version and held to strong digests, and the lock matches its input.",
    severity: "information",
    local: false,
    provenance: true,
    aliases: ["INVALID-LOCK-HASH"],
  },
  "index-policy": {
    summary:
      "Packages come from indexes that are allowed, over connections that nobody on the way can change.",
    severity: "warning",
    local: false,
    provenance: true,
    aliases: ["SOURCE-NOT-WHITELISTED", "INSECURE-SOURCE"],
  },
  "artifact-digest": {
    summary: "Every artifact is on the index that it is bound to, with the digest that the lock names.",
    severity: "error",
    local: false,
    provenance: true,
    aliases: ["INVALID-ARTIFACT-HASH", "MISSING-PACKAGE", "ARTIFACT-DIFFERENT-SOURCE"],
  },
  "artifact-on-several-indexes": {
    summary: "No other configured index has another package or another content under the same name.",
    severity: "warning",
    local: false,
    provenance: true,
    aliases: ["ARTIFACT-POSSIBLE-DIFFERENT-SOURCE", "DIFFERENT-ARTIFACTS-ON-SOURCES"],
  },
  "known-bad": {
    summary: "The package is not reported as malicious, quarantined, archived or deprecated.",
    severity: "information",
    local: false,
    provenance: true,
  },
  attestation: {
    summary: "The artifact's attestations are valid for its very digest, and signed by whom they should be.",
    severity: "error",
    local: false,
    provenance: true,
  },
  "publisher-continuity": {
    summary: "The artifact is published by whom the releases before it were.",
    severity: "warning",
    local: false,
    provenance: true,
  },
  "cool-down": {
    summary: "The artifact has been on its index for some days, so that others had time to look at it.",
    severity: "information",
    local: false,
    provenance: true,
  },
  "name-confusion": {
    summary: "The name is not one slip away from the name of an established package.",
    severity: "warning",
    local: false,
    provenance: true,
  },
  "runs-code-at-install": {
    summary: "The artifact is a wheel: installing it runs no code of its own.",
    severity: "information",
    local: false,
    provenance: true,
  },
  "archive-truth": {
    summary: "The archive holds what its own records say, and every reader sees the same in it.",
    severity: "error",
    local: false,
    provenance: true,
  },
  "abandoned-project": {
    summary: "The index does not say that the project is given up.",
    severity: "information",
    local: false,
    provenance: true,
  },
  policy: {
    summary: "The policy's parts agree, and nothing that was accepted has expired.",
    severity: "warning",
    local: false,
    provenance: true,
  },
} as const satisfies Record<string, RuleDescription>;

/** A rule's description by a name that may be none of ours. */
export function describeRule(rule: string): RuleDescription | undefined {
  return Object.hasOwn(ruleCatalogue, rule) ? ruleCatalogue[rule as RuleName] : undefined;
}

export type RuleName = keyof typeof ruleCatalogue;
