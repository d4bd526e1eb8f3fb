// What a search without a solution leaves behind.
import type { Solver } from "../core/solver.ts";
import type { Reason } from "./model.ts";
import type { PythonProvider } from "./provider.ts";

/** Explanations are told from it. */
export interface Failure {
  readonly solver: Solver<Reason>;
  readonly provider: PythonProvider;
  /** The incompatibility that says that nothing will do. */
  readonly root: number;
}
