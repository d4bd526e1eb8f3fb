// The table of commands: one for each operation of the command line, in the order of the help.
import { attestation } from "./commands/attestation.ts";
import { check } from "./commands/check.ts";
import { config } from "./commands/config.ts";
import { environment } from "./commands/environment.ts";
import { explain } from "./commands/explain.ts";
import { fix } from "./commands/fix.ts";
import { knowledge } from "./commands/knowledge.ts";
import { list } from "./commands/list.ts";
import { lock } from "./commands/lock.ts";
import { provenance } from "./commands/provenance.ts";
import type { CommandSpec } from "./commands/spec.ts";
import { validate } from "./commands/validate.ts";

/** In the order of the help. */
export const commands: readonly CommandSpec[] = [
  check,
  list,
  fix,
  lock,
  explain,
  validate,
  provenance,
  attestation,
  environment,
  config,
  knowledge,
];
