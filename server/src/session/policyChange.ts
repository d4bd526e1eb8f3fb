// Plans a change of the workspace's policy: finds the `.thoth.yaml` that holds for a manifest, and says how it would read.
import * as z from "zod";
import type { PolicyChangePlan } from "../../../shared/src/protocol/editor.ts";
import { say } from "../l10n.ts";
import type { Session } from "./session.ts";

const schema = z.union([
  z.object({
    uri: z.string(),
    kind: z.literal("accept"),
    // In this order they are written.
    advisory: z.string().optional(),
    rule: z.string().optional(),
    package: z.string(),
    version: z.string(),
    reason: z.string().min(1),
    until: z.string(),
  }),
  z.object({ uri: z.string(), kind: z.literal("bind"), package: z.string(), index: z.string() }),
]);

const NAME = ".thoth.yaml";

/** The plan, or why there is none, in a sentence. */
export async function planPolicyChange(
  session: Session,
  argument: unknown,
): Promise<PolicyChangePlan | { readonly problem: string }> {
  const read = schema.safeParse(argument);
  if (!read.success) return { problem: say("This is no change of a policy.") };
  const { uri, ...change } = read.data;
  const place = await findPolicy(session, uri);
  let text = "";
  if (place.isThere) {
    const open = session.setup.open(place.uri);
    text = open?.text ?? new TextDecoder().decode(await session.setup.runtime.readFile(place.uri));
  }
  const { changePolicy } = await import("../../../shared/src/config/changePolicy.ts");
  const changed = changePolicy(text, changeOf(change));
  if ("problem" in changed) return { problem: `${NAME}: ${changed.problem}` };
  return { uri: place.uri, text: changed.text, before: place.isThere ? text : null };
}

type Read =
  z.infer<typeof schema> extends infer One ? (One extends unknown ? Omit<One, "uri"> : never) : never;

function changeOf(change: Read) {
  if (change.kind === "bind") return { kind: "bind" as const, package: change.package, index: change.index };
  const { kind, ...acceptance } = change;
  return { kind, acceptance };
}

/** The manifest's own folder's, or the nearest above it within the repository; else one that is to be made beside the manifest. */
async function findPolicy(session: Session, uri: string): Promise<{ uri: string; isThere: boolean }> {
  const { runtime } = session.setup;
  const beside = new URL(NAME, uri).href;
  if (await runtime.stat(beside)) return { uri: beside, isThere: true };
  for (let folder = new URL(".", uri); ; folder = new URL("..", folder)) {
    const at = new URL(NAME, folder).href;
    if (await runtime.stat(new URL(".git", folder).href))
      return { uri: at, isThere: (await runtime.stat(at)) !== undefined };
    if (new URL("..", folder).href === folder.href) return { uri: beside, isThere: false };
  }
}
