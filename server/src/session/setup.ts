// What an editor's session is made from: the connection, the machine, and the documents that are open.
import type { Connection } from "vscode-languageserver";
import type { InitializationOptions } from "../../../shared/src/protocol/editor.ts";
import type { Runtime } from "../runtime.ts";
import type { Client } from "./abilities.ts";
import type { OpenDocument } from "./trees.ts";

export interface SessionEvents {
  /** Answers changed without the client having asked: `settled` when nothing more is to come. */
  refresh(root: string, settled: boolean): void;
}

export interface SessionSetup {
  readonly connection: Connection;
  readonly runtime: Runtime;
  readonly client: Client;
  readonly options: InitializationOptions;
  readonly folders: () => readonly string[];
  readonly open: (uri: string) => OpenDocument | undefined;
  readonly opened: () => readonly OpenDocument[];
  readonly events: SessionEvents;
}
