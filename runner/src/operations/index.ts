// The table of operations: the only place that composes the runner's parts. Each loads when it is first run.
import type { OperationName } from "../../../shared/src/protocol/operations.ts";
import type { Operation } from "./context.ts";

export { createContext, type Machine, type Operation, type OperationContext } from "./context.ts";
export { OperationError, type OperationErrorKind } from "./errors.ts";
export { whyNotWritten, writeWhole } from "./writeWhole.ts";

const implementations = {
  check: async () => (await import("./onManifests.ts")).check,
  list: async () => (await import("./onManifests.ts")).list,
  fix: async () => (await import("./onManifests.ts")).fix,
  lock: async () => (await import("./lock.ts")).lock,
  resolve: async () => (await import("./resolve.ts")).resolveManifest,
  explain: async () => (await import("./explain.ts")).explain,
  validate: async () => (await import("./validate.ts")).validate,
  provenance: async () => (await import("./provenance.ts")).provenance,
  attestation: async () => (await import("./attestation.ts")).attestation,
  environment: async () => (await import("./onManifests.ts")).environment,
  config: async () => (await import("./config.ts")).config,
  knowledge: async () => (await import("./knowledge.ts")).knowledge,
  facts: async () => (await import("./onManifests.ts")).facts,
  names: async () => (await import("./onManifests.ts")).names,
} as const;

type Implementations = {
  readonly [Name in OperationName]: Awaited<ReturnType<(typeof implementations)[Name]>>;
};

/** Loads one operation by its name. */
export function loadOperation<Name extends OperationName>(name: Name): Promise<Implementations[Name]> {
  return implementations[name]() as Promise<Implementations[Name]>;
}

/** An operation whose types are not known to the caller: the JSON-RPC face, after its schema has judged the input. */
export type AnyOperation = Operation<never, unknown, unknown>;
