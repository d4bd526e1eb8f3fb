// What a session says unasked: lines of the log, warnings that are told once, messages that want no answer.
import { MessageType, ShowMessageNotification } from "vscode-languageserver";
import { logLine } from "../../../shared/src/protocol/editor.ts";
import type { SessionSetup } from "./setup.ts";

export class Teller {
  readonly #setup: Pick<SessionSetup, "connection" | "client">;
  readonly #warned = new Set<string>();

  constructor(setup: Pick<SessionSetup, "connection" | "client">) {
    this.#setup = setup;
  }

  log(line: string): void {
    const { connection, client } = this.#setup;
    if (client.ours) void connection.sendNotification(logLine, line);
    else connection.console.log(line);
  }

  /** Tells the person something once. */
  warn(message: string): void {
    this.log(message);
    if (this.#warned.has(message)) return;
    this.#warned.add(message);
    this.tell(message);
  }

  /** What was warned of may be told once more. */
  forgetWarnings(): void {
    this.#warned.clear();
  }

  /** Shows a message that wants no answer. */
  tell(message: string): void {
    void this.#setup.connection.sendNotification(ShowMessageNotification.type, {
      type: MessageType.Warning,
      message,
    });
  }
}
