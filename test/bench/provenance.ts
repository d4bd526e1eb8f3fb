// Provenance: signatures against Python's own verifier of attestations, advisories against the tools that look them up, the first
// finding in the editor against a null request, in one run.
import { measureAdvisories } from "./provenance/advisories.ts";
import { measureAttestations } from "./provenance/attestations.ts";
import { measureEditor } from "./provenance/editor.ts";
import type { Row } from "./support.ts";

/** Measures; without what lies beside the clone or cannot be installed, rows are missing, with a line that says so. */
export async function run(): Promise<Row[]> {
  return [...(await measureAttestations()), ...(await measureAdvisories()), ...(await measureEditor())];
}
