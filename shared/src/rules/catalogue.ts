// The rules' names, what each says in a sentence, and how loud it is unless configured otherwise.
import type { Severity } from "../finding/model.ts";

export interface RuleDescription {
  /** One sentence, subject first. */
  readonly summary: string;
  readonly severity: Severity;
  /** True where the text alone decides. */
  readonly local: boolean;
}

/** Every rule, by its kebab-case name. `docs/rules/NAME.md` is its page. */
export const ruleCatalogue = {
  "invalid-syntax": {
    summary: "A line is not what pip or pipenv can read.",
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
    summary: "Two declared requirements cannot both hold.",
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
  "validation-failed": {
    summary: "The last validation of this stack failed because of this requirement.",
    severity: "error",
    local: false,
  },
} as const satisfies Record<string, RuleDescription>;

export type RuleName = keyof typeof ruleCatalogue;
