// Applies the edits of a quick fix, or refuses: a plan made on one text is never carried out on another.
import type { Connection, TextDocumentEdit, WorkspaceEdit } from "vscode-languageserver";
import * as z from "zod";
import type { ApplyEdits } from "../../../shared/src/protocol/editor.ts";
import { range } from "../../../shared/src/protocol/operation.ts";
import { say } from "../l10n.ts";
import type { OpenDocument } from "./trees.ts";

/** What a client sends is not trusted to be what was sent to it. */
const schema = z.object({
  title: z.string(),
  documents: z
    .array(
      z.object({
        uri: z.string(),
        version: z.number().nullable(),
        digest: z.string(),
        edits: z.array(z.object({ range, newText: z.string() })),
      }),
    )
    .min(1),
});

export interface ApplyHost {
  readonly connection: Connection;
  readonly documentChanges: boolean;
  open(uri: string): OpenDocument | undefined;
  /** A file's text as it is on disk. Throws where it cannot be read. */
  readText(uri: string): Promise<string>;
  digest(text: string): string;
}

export interface ApplyAnswer {
  readonly applied: boolean;
  /** Why not, in a sentence. */
  readonly message?: string;
}

/** Carries a plan out as one edit of the workspace with versions, if every text is still what it was planned on. */
export async function applyPlan(plan: unknown, host: ApplyHost): Promise<ApplyAnswer> {
  const read = schema.safeParse(plan);
  if (!read.success) return { applied: false, message: say("This is not a fix that Thoth planned.") };
  for (const document of read.data.documents) {
    if (await isStale(document, host)) return { applied: false, message: staleMessage() };
  }
  const edit = editOf(read.data, host);
  const result = await host.connection.workspace.applyEdit({ label: read.data.title, edit });
  if (result.applied) return { applied: true };
  // An editor refuses when the version has moved on between our look and its own.
  return { applied: false, message: staleMessage() };
}

export function staleMessage(): string {
  return say("The file has changed since this fix was planned. Open the quick fixes again.");
}

async function isStale(document: ApplyEdits["documents"][number], host: ApplyHost): Promise<boolean> {
  const open = host.open(document.uri);
  if (open) return open.version !== document.version || host.digest(open.text) !== document.digest;
  if (document.version !== null) return true;
  try {
    return host.digest(await host.readText(document.uri)) !== document.digest;
  } catch {
    return true;
  }
}

function editOf(plan: Pick<ApplyEdits, "documents">, host: ApplyHost): WorkspaceEdit {
  if (!host.documentChanges) {
    return { changes: Object.fromEntries(plan.documents.map(({ uri, edits }) => [uri, [...edits]])) };
  }
  const documentChanges = plan.documents.map(
    ({ uri, version, edits }): TextDocumentEdit => ({ textDocument: { uri, version }, edits: [...edits] }),
  );
  return { documentChanges };
}
