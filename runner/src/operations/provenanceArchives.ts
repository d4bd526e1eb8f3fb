// Fetches the artifacts that are checked, one after the other, and has each looked into; nothing of them is kept.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CheckDraft, checkArchive, type SubjectView } from "../provenance/index.ts";
import type { ProvenanceIndexes } from "./provenanceIndexes.ts";
import type { RootInput } from "./provenanceModel.ts";

/** Bytes of an artifact beyond which it is not fetched to be looked into. */
const MOST_BYTES = 512 * 1024 * 1024;

/** One result for each artifact that is checked. Rejects only when cancelled. */
export async function checkArchives(
  view: SubjectView,
  indexes: ProvenanceIndexes,
  { budget, signal, calls }: Pick<RootInput, "budget" | "signal" | "calls">,
): Promise<CheckDraft[]> {
  const results: CheckDraft[] = [];
  for (const { file, view: index } of view.selected) {
    const client = indexes.clientOf(index.location);
    if (!client) continue;
    const notChecked = (why: string): CheckDraft => ({
      rule: "archive-truth",
      state: "not-checked",
      artifact: file.filename,
      message: `${file.filename}: ${why}.`,
      evidence: [{ source: index.label, freshness: "failed", says: why }],
    });
    if (!budget.take()) {
      results.push(notChecked("the requests that may be sent are used up"));
      continue;
    }
    const folder = await mkdtemp(join(tmpdir(), "thoth-archive-"));
    try {
      const path = join(folder, "artifact");
      calls.progress({ message: `fetching ${file.filename}`, stage: "looking into archives" });
      const answer = await client.download(file, path, { signal, maxBytes: MOST_BYTES });
      if ("failure" in answer) {
        const why = answer.failure.message.replace(/^Not checked: /, "").replace(/\.$/, "");
        results.push(
          answer.failure.code === "digest-mismatch"
            ? { ...notChecked(why), state: "failed", message: `${file.filename}: ${why}.` }
            : notChecked(why),
        );
        continue;
      }
      results.push(...(await checkArchive(path, file.filename, index.label, answer.sha256)));
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
  return results;
}
