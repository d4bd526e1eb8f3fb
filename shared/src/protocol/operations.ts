// The table of operations. Each schema loads only when a face needs it.

/** What each face derives its commands, methods and documentation from. */
export const operations = {
  check: { summary: "Findings of the manifests", schema: () => import("./check.ts") },
  list: { summary: "What the manifests say, as data", schema: () => import("./list.ts") },
  fix: { summary: "Fixes of the findings as a diff", schema: () => import("./fix.ts") },
  lock: { summary: "One pinned stack with the digest of every file", schema: () => import("./lock.ts") },
  explain: {
    summary: "Why it does not resolve and what would help, or why a project is in the stack",
    schema: () => import("./explain.ts"),
  },
  resolve: {
    summary: "Whether a manifest resolves as it stands in the editor, and with which edits",
    schema: () => import("./resolve.ts"),
  },
  validate: {
    summary: "Build, import and run the stack of a manifest in a sandbox",
    schema: () => import("./validate.ts"),
  },
  provenance: {
    summary: "Where every artifact comes from, and whether that is so",
    schema: () => import("./provenance.ts"),
  },
  attestation: {
    summary: "Whether artifacts are what the attestations beside them say, and who signed",
    schema: () => import("./attestation.ts"),
  },
  environment: {
    summary: "This machine or a described one, and where each value came from",
    schema: () => import("./environment.ts"),
  },
  config: { summary: "Check or make .thoth.yaml, or change its policy", schema: () => import("./config.ts") },
  knowledge: {
    summary: "The file of what is known: where it is, what it holds, and its upkeep",
    schema: () => import("./knowledge.ts"),
  },
  facts: {
    summary: "What is known of projects for one environment, in pieces as it arrives",
    schema: () => import("./facts.ts"),
  },
  names: { summary: "Project names that begin with a prefix", schema: () => import("./names.ts") },
} as const;

export type OperationName = keyof typeof operations;
