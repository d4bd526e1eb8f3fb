// The rules' façade: findings of a tree, what is wanted to be known of it, and fixes.

export { acceptanceFor } from "./accepted.ts";
export { type RuleDescription, ruleCatalogue } from "./catalogue.ts";
export { describeRequirement, type RequirementView, sayAdmitted } from "./describe.ts";
export { findingsOf, localFindingsOf } from "./findings.ts";
export { fixesOf, judgedFixesOf, silenceOf } from "./fixes.ts";
export type {
  Findings,
  PlacedRequirement,
  RuleConfiguration,
  RuleInput,
  Snapshot,
  WantedProject,
} from "./model.ts";
export { addProvenanceFindings, isOfProvenance, isProvenanceFinding, provenanceOf } from "./provenance.ts";
export { raiseSpecifier } from "./raise.ts";
export { releaseChoice } from "./releases.ts";
export {
  choosesVersion,
  isConflictTold,
  isStackCurrent,
  sayProof,
  stackLineOf,
  stackStateOf,
} from "./stack.ts";
export { areAdvisoriesKnown, repairsFor, type Vulnerability, vulnerabilityOf } from "./vulnerabilities.ts";
export { missingFrom, wantedProjects } from "./wanted.ts";
