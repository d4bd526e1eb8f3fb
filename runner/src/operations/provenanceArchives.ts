// Fetches the artifacts that are checked, one after the other, and has each looked into; nothing of them is kept.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CheckDraft, checkArchive, type LocatedFile, type SubjectView } from "../provenance/index.ts";
import { type Digests, digestFile, isOneAdmitted, unlistedAlgorithms } from "./provenanceDigests.ts";
import type { ProvenanceIndexes } from "./provenanceIndexes.ts";
import type { RootInput } from "./provenanceModel.ts";

/** Bytes of an artifact beyond which it is not fetched to be looked into. */
const MOST_BYTES = 512 * 1024 * 1024;

type ArchiveInput = Pick<RootInput, "budget" | "signal" | "calls">;

/**
 * One result for each artifact that is checked. Digests that its index does not list go into `computed`. Rejects only when
 * cancelled.
 */
export async function checkArchives(
  view: SubjectView,
  indexes: ProvenanceIndexes,
  input: ArchiveInput,
  computed: Map<LocatedFile["file"], Digests>,
): Promise<CheckDraft[]> {
  const results: CheckDraft[] = [];
  const compute = async (one: LocatedFile, path: string): Promise<void> => {
    const algorithms = unlistedAlgorithms(view, one);
    if (algorithms.length > 0) computed.set(one.file, await digestFile(path, algorithms, input.signal));
  };
  for (const one of view.selected) {
    const { file, view: index } = one;
    const answer = await fetchFile(one, indexes, input, async (path, sha256) => {
      await compute(one, path);
      return checkArchive(path, file.filename, index.label, sha256);
    });
    results.push(...answer);
  }
  if (computed.size === 0 || isOneAdmitted(view, computed)) return results;
  // Which file the manifest means is told by its digest alone: none of those that were looked at is it.
  for (const one of view.located) {
    if (computed.has(one.file)) continue;
    await fetchFile(one, indexes, input, async (path) => {
      await compute(one, path);
      return [];
    });
  }
  return results;
}

/** What `look` says of the file at the path that it is put at for as long; why not, where it cannot be had. */
async function fetchFile(
  { file, view: index }: LocatedFile,
  indexes: ProvenanceIndexes,
  { budget, signal, calls }: ArchiveInput,
  look: (path: string, sha256: string) => Promise<CheckDraft[]>,
): Promise<CheckDraft[]> {
  const client = indexes.clientOf(index.location);
  if (!client) return [];
  const notChecked = (why: string): CheckDraft => ({
    rule: "archive-truth",
    state: "not-checked",
    artifact: file.filename,
    message: `${file.filename}: ${why}.`,
    evidence: [{ source: index.label, freshness: "failed", says: why }],
  });
  if (!budget.take()) return [notChecked("the requests that may be sent are used up")];
  const folder = await mkdtemp(join(tmpdir(), "thoth-archive-"));
  try {
    const path = join(folder, "artifact");
    calls.progress({ message: `fetching ${file.filename}`, stage: "looking into archives" });
    const answer = await client.download(file, path, { signal, maxBytes: MOST_BYTES });
    if (!("failure" in answer)) return await look(path, answer.sha256);
    const { code, message } = answer.failure;
    const why = message.replace(/^Not checked: /, "").replace(/\.$/, "");
    const draft = notChecked(why);
    return [code === "digest-mismatch" ? { ...draft, state: "failed" } : draft];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
