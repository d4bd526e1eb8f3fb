// Progress on standard error: one line that replaces itself, or without a terminal one line per stage.
import type { Progress } from "../../../shared/src/protocol/operation.ts";
import { cut, escapeControls } from "./terminal.ts";

export interface ProgressLine {
  show(step: Progress): void;
  /** Writes a line that stays, above the progress. */
  say(text: string): void;
  /** Takes the line away. */
  clear(): void;
}

export interface ProgressStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** At most this often a terminal's line is replaced, in milliseconds. */
const SHORTEST = 50;

/**
 * Makes the line. `quiet` shows no progress; messages stay. Nothing is drawn within the first moments, so that a quick answer
 * never flickers.
 */
export function createProgress(
  stream: ProgressStream,
  options: { readonly quiet: boolean; readonly now?: () => number },
): ProgressLine {
  const now = options.now ?? Date.now;
  const began = now();
  let drawn = false;
  let last = Number.NEGATIVE_INFINITY;
  let stage = "";
  const clear = () => {
    if (drawn) stream.write("\r\u001b[K");
    drawn = false;
  };
  return {
    show(step) {
      if (options.quiet) return;
      const count = step.total === undefined ? "" : ` ${step.done ?? 0} of ${step.total}`;
      const message = escapeControls(step.message);
      if (stream.isTTY === true) {
        const time = now();
        if (time - began < 150 || time - last < SHORTEST) return;
        last = time;
        stream.write(`\r\u001b[K${cut(message + count, (stream.columns ?? 80) - 1)}`);
        drawn = true;
        return;
      }
      const name = step.stage === undefined ? message : escapeControls(step.stage);
      if (name === stage) return;
      stage = name;
      const total = step.stage === undefined && step.total !== undefined ? `, ${step.total} in all` : "";
      stream.write(`thoth: ${name}${total}\n`);
    },
    say(text) {
      clear();
      stream.write(`${text}\n`);
    },
    clear,
  };
}
