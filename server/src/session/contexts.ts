// How each open document is asked about: found out once, and again when settings, trust or interpreters change.
import type { CommonInput } from "../../../shared/src/protocol/operation.ts";
import type { Settings } from "../settings.ts";
import type { Inputs } from "./inputs.ts";
import type { AskContext } from "./knowledge.ts";
import type { SessionSetup } from "./setup.ts";
import { type Trust, untrustedMessage } from "./trust.ts";

export interface ContextHost {
  readonly setup: Pick<SessionSetup, "runtime" | "open">;
  readonly inputs: Inputs;
  readonly trust: Trust;
  /** It is known how a document is asked about. */
  found(uri: string, context: AskContext): Promise<void>;
  log(line: string): void;
}

export class ContextKeeper {
  readonly #host: ContextHost;
  readonly #contexts = new Map<string, AskContext>();
  readonly #preparing = new Map<string, Promise<void>>();

  constructor(host: ContextHost) {
    this.#host = host;
  }

  /** Undefined before it is found out. */
  of(uri: string): AskContext | undefined {
    return this.#contexts.get(uri);
  }

  /** The input that all operations share, found out where it is not known. */
  async inputOf(uri: string): Promise<CommonInput> {
    return this.#contexts.get(uri)?.input ?? (await this.#host.inputs.of(uri));
  }

  /** Why nothing is asked about any document. */
  get unasked(): AskContext["unasked"] {
    return this.#host.trust.isGranted ? undefined : { code: "untrusted", message: untrustedMessage() };
  }

  /** Finds out how a document is to be asked about, unless that is under way. */
  prepare(uri: string, settings: Settings): void {
    if (this.#preparing.has(uri)) return;
    const preparing = this.#find(uri, settings)
      .then(async (context) => {
        if (this.#preparing.get(uri) !== preparing || !this.#host.setup.open(uri)) return;
        this.#contexts.set(uri, context);
        await this.#host.found(uri, context);
      })
      .catch((problem: unknown) => this.#host.log(`Not prepared: ${String(problem)}`))
      .finally(() => {
        if (this.#preparing.get(uri) === preparing) this.#preparing.delete(uri);
      });
    this.#preparing.set(uri, preparing);
  }

  async #find(uri: string, settings: Settings): Promise<AskContext> {
    const { inputs, setup } = this.#host;
    const { unasked } = this;
    const input = await inputs.of(uri, settings);
    const path = setup.runtime.pathOf(uri);
    return {
      input,
      ...(path === undefined ? {} : { manifest: path }),
      ...(unasked ? { unasked } : {}),
    };
  }

  /** Resolves when what is under way for a document is over. */
  async prepared(uri: string): Promise<void> {
    await this.#preparing.get(uri);
  }

  /** Nothing is known any more; what is under way comes too late. */
  clear(): void {
    this.#contexts.clear();
    this.#preparing.clear();
  }

  close(uri: string): void {
    this.#contexts.delete(uri);
    this.#preparing.delete(uri);
  }
}
