// Follows includes on the network for a command line, as pip does: each address once, bounded in size and in number.
import type { ManifestTree } from "../../../shared/src/manifest/treeModel.ts";
import type { Calls, CommonInput } from "../../../shared/src/protocol/operation.ts";
import { type IndexClient, redactUrl } from "../index/index.ts";
import type { OperationContext } from "./context.ts";
import { openIndexClient } from "./indexSettings.ts";
import { fileOptionsOf } from "./manifestIndexes.ts";

/** What an address gave. `absent`: the server says that it is not there, which pip stops at. */
export type RemoteAnswer =
  | { readonly bytes: Buffer }
  | { readonly absent: boolean; readonly message: string; readonly reason: string };

export interface RemoteReader {
  /** The files at `addresses`, which `tree` includes. Rejects only when cancelled. */
  read(addresses: readonly string[], tree: ManifestTree): Promise<Map<string, RemoteAnswer>>;
  close(): Promise<void>;
}

const MOST_FILES = 100;
const MOST_BYTES = 4 * 1024 * 1024;

/** Makes the reader of one operation; it opens nothing before it is asked. */
export function createRemoteReader(
  context: OperationContext,
  input: CommonInput,
  calls: Pick<Calls<never>, "progress">,
  signal: AbortSignal,
): RemoteReader {
  const clients = new Map<string, Promise<IndexClient>>();
  let files = 0;
  const open = async (fileOptions: ReturnType<typeof fileOptionsOf>): Promise<IndexClient> => {
    return (await openIndexClient(context, input, signal, fileOptions)).client;
  };
  const readOne = async (client: IndexClient, address: string): Promise<RemoteAnswer> => {
    const shown = redactUrl(address);
    const leave = (reason: string, absent = false): RemoteAnswer => ({
      absent,
      reason,
      message: `${shown} is not looked into: ${reason}.`,
    });
    if (!URL.canParse(address)) return leave("it is no address", true);
    if (++files > MOST_FILES) return leave(`${MOST_FILES} files of the network are read already`);
    calls.progress({ message: `reading ${shown}`, stage: "reading included files" });
    const answer = await client.text(address, { signal, maxBytes: MOST_BYTES });
    if ("bytes" in answer) return answer;
    const { code, message } = answer.failure;
    const reason = message.replace(/^Not checked: /, "").replace(/\.$/, "");
    return leave(reason, code === "not-found");
  };
  return {
    async read(addresses, tree) {
      // pip takes logins and trusted hosts from the lines before an include; from all lines comes to the same for nearly every file.
      const fileOptions = fileOptionsOf(tree);
      const key = JSON.stringify(fileOptions);
      const opening = clients.get(key) ?? open(fileOptions);
      clients.set(key, opening);
      const client = await opening;
      const answers = addresses.map(async (each) => [each, await readOne(client, each)] as const);
      return new Map(await Promise.all(answers));
    },
    async close() {
      const opened = await Promise.allSettled(clients.values());
      await Promise.all(opened.map((each) => (each.status === "fulfilled" ? each.value.close() : undefined)));
    },
  };
}
