// The configuration of a repository, `.thoth.yaml`: its schema and its reader. Loads zod and yaml: import it when there is a file.

export type { Policy } from "./policy.ts";
export { type ConfigurationProblem, type ReadConfiguration, readConfiguration } from "./read.ts";
export type { Configuration, ConfiguredEnvironment, IndexStrategy } from "./schema.ts";
export { configuration } from "./schema.ts";
