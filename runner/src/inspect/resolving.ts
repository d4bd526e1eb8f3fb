// What is asked of the tools that resolve a stack, and what they answer.
import type { Interpreter } from "./interpreter.ts";
import type { InspectionIndexes, Outcome, RefusalReason, RequirementLine } from "./model.ts";

/** One release of the stack, before its wheel is at hand. */
export interface PinnedPackage {
  /** PEP 503 form. */
  readonly name: string;
  readonly version: string;
  /** Any of these may be the wheel's; empty where nothing is known yet. */
  readonly sha256: readonly string[];
  /** A direct reference: fetched from there, not from an index. */
  readonly url?: string;
}

export interface ResolveRequest {
  readonly interpreter: Interpreter;
  readonly requirements: readonly RequirementLine[];
  readonly constraints: readonly RequirementLine[];
  readonly indexes: InspectionIndexes;
  readonly resolver: "auto" | "uv" | "pip";
  readonly offline: boolean;
  readonly onlyListed: boolean;
  /** A folder of this inspection's own for the files that the tools read and write. */
  readonly folder: string;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly deadline: number;
  readonly signal?: AbortSignal;
  onOutput(chunk: Buffer): void;
}

export type ResolveAnswer =
  | { readonly ok: true; readonly tool: string; readonly packages: readonly PinnedPackage[] }
  | {
      readonly ok: false;
      readonly outcome: Outcome;
      /** With the outcome `refused`. */
      readonly reason?: RefusalReason;
      readonly message: string;
      readonly next?: string;
      readonly lines: readonly string[];
      /** A wheel is what is missing: a build may help. */
      readonly lacksWheel?: true;
      /** Whatever the indexes say, it stays so. */
      readonly settled?: true;
      /** PEP 503 names that the tool's message is about, most telling first. */
      readonly names: readonly string[];
    };
