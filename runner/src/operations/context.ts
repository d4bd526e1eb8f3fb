// What every operation gets handed: the machine, the clock, and the parts below, each loaded and opened on first use.
import { homedir } from "node:os";
import type { Answer, Calls, CommonInput } from "../../../shared/src/protocol/operation.ts";
import type { Knowledge } from "../knowledge/index.ts";

/** The machine as a process sees it; handed in by tests. */
export interface Machine {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  readonly home: string;
}

export interface OperationContext extends Machine {
  /** Of Thoth. */
  readonly version: string;
  /** Milliseconds since the epoch. */
  now(): number;
  /** The file of knowledge that is or would be opened: `--knowledge FILE`, else in the platform's data folder. */
  readonly knowledgeFile: string | undefined;
  /** Opens the file of knowledge once; what was odd about it is told through `warn` once. */
  knowledge(): Promise<Knowledge>;
  /** Has `work` done once the answer has been told: what is kept for the next time is not waited for. */
  afterwards(work: () => Promise<void>): void;
  /** Has `work` done when the context closes: what stays open for many operations. */
  beforeClose(work: () => Promise<void>): void;
  /** Does what was left for afterwards, one after the other. Rejects with the first that fails; the others are done all the same. */
  settle(): Promise<void>;
  /** Settles and closes what was opened. Later calls of the context open it again. */
  close(): Promise<void>;
}

/** One operation. Throws an OperationError where a person is to be told, and what `signal` aborted with. */
export type Operation<Input extends CommonInput, Output, Piece> = (
  context: OperationContext,
  input: Input,
  calls: Calls<Piece>,
  signal: AbortSignal,
) => Promise<Answer<Output>>;

export interface ContextOptions {
  readonly version: string;
  readonly machine?: Machine;
  readonly now?: () => number;
  /** `--knowledge FILE`. */
  readonly knowledgeFile?: string;
  /** Told once each: the file of knowledge was moved aside, lies on a network, cannot be written. */
  readonly warn?: (message: string) => void;
}

/** Makes the context of a process; nothing is opened yet. */
export function createContext(options: ContextOptions): OperationContext {
  const machine = options.machine ?? { env: process.env, platform: process.platform, home: homedir() };
  const named = options.knowledgeFile === undefined ? {} : { file: options.knowledgeFile };
  let opened: Promise<Knowledge> | undefined;
  let late: (() => Promise<void>)[] = [];
  let last: (() => Promise<void>)[] = [];
  let settling: Promise<unknown> = Promise.resolve();
  const settle = async (): Promise<void> => {
    const works = late;
    late = [];
    const done = settling.then(async () => {
      let failed: { readonly reason: unknown } | undefined;
      for (const work of works) {
        try {
          await work();
        } catch (reason) {
          failed ??= { reason };
        }
      }
      return failed;
    });
    settling = done;
    const failed = await done;
    if (failed) throw failed.reason;
  };
  const open = async (): Promise<Knowledge> => {
    const { openKnowledge } = await import("../knowledge/index.ts");
    return openKnowledge({ ...machine, ...named, warn: options.warn ?? (() => {}) });
  };
  return {
    ...machine,
    version: options.version,
    now: options.now ?? Date.now,
    knowledgeFile: options.knowledgeFile,
    knowledge() {
      opened ??= open();
      return opened;
    },
    afterwards(work) {
      late.push(work);
    },
    beforeClose(work) {
      last.push(work);
    },
    settle,
    async close() {
      await settle();
      const works = last;
      last = [];
      for (const work of works) await work();
      const closing = opened;
      opened = undefined;
      await (await closing?.catch(() => undefined))?.close();
    },
  };
}
