// Provenance: signatures against Python's own verifier of attestations, on the same files in the same run.
import { measureAttestations } from "./provenance/attestations.ts";
import type { Row } from "./support.ts";

/** Measures; without what lies beside the clone or cannot be installed, rows are missing, with a line that says so. */
export async function run(): Promise<Row[]> {
  return [...(await measureAttestations())];
}
