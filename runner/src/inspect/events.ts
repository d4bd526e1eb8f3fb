// Reads what the driver tells. It runs beside untrusted code, so everything is bounded and checked before it counts.

import * as z from "zod";
import { normalizeName } from "../../../shared/src/packaging/name.ts";
import { outcome as outcomeSchema } from "../../../shared/src/protocol/validate.ts";
import type { Outcome, StageName } from "./model.ts";
import { showable } from "./telling.ts";

const MAX_EVENT = 2 * 1024 * 1024;
const MAX_ALL = 256 * 1024 * 1024;

const stageName = z.enum(["install", "check", "import", "test"]);
const result = {
  outcome: outcomeSchema,
  ms: z.number().nonnegative().finite(),
  tail: z.string().default(""),
  exit: z.number().int().nullish(),
  signal: z.number().int().nullish(),
};
const event = z.discriminatedUnion("event", [
  z.object({ event: z.literal("begin"), name: stageName }),
  z.object({ event: z.literal("stage"), name: stageName, ...result }),
  z.object({
    event: z.literal("module"),
    module: z.string().max(1000),
    package: z.string().max(200),
    done: z.number().int(),
    total: z.number().int(),
    ...result,
  }),
  z.object({
    event: z.literal("package"),
    name: z.string().max(200),
    requires: z.array(z.string()).max(2000),
  }),
  z.object({ event: z.literal("done") }),
]);

/** How a stage or a module ended; the duration in milliseconds. */
export interface Ended {
  outcome: Outcome;
  ms: number;
  tail: string;
  exit?: number;
  signal?: number;
}

export interface DriverListener {
  begin(name: StageName): void;
  stage(name: StageName, ended: Ended): void;
  module(ended: Ended & { module: string; package: string; done: number; total: number }): void;
  package(name: string, requires: readonly string[]): void;
}

export interface DriverEvents {
  write(chunk: Buffer): void;
  /** The driver came to its end. */
  readonly done: boolean;
  /** It said more than a driver can, or what no driver says: nothing after that counts. */
  readonly broken: boolean;
}

/** One JSON object per line in, calls out. */
export function readDriverEvents(listener: DriverListener): DriverEvents {
  let rest = Buffer.alloc(0);
  let size = 0;
  const state = { done: false, broken: false };
  const take = (line: string): void => {
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      state.broken = true;
      return;
    }
    const parsed = event.safeParse(value);
    if (!parsed.success) {
      state.broken = true;
      return;
    }
    dispatch(parsed.data);
  };
  const dispatch = (one: z.infer<typeof event>): void => {
    if (one.event === "done") state.done = true;
    else if (one.event === "begin") listener.begin(one.name);
    else if (one.event === "package") listener.package(normalizeName(one.name), one.requires);
    else {
      const ended: Ended = {
        outcome: one.outcome,
        ms: one.ms,
        tail: one.tail,
        ...(typeof one.exit === "number" ? { exit: one.exit } : {}),
        ...(typeof one.signal === "number" ? { signal: one.signal } : {}),
      };
      if (one.event === "stage") listener.stage(one.name, ended);
      else {
        const { done, total } = one;
        listener.module({
          ...ended,
          module: showable(one.module),
          package: normalizeName(one.package),
          done,
          total,
        });
      }
    }
  };
  return {
    write(chunk) {
      size += chunk.length;
      if (state.broken || state.done) return;
      rest = Buffer.concat([rest, chunk]);
      for (let end = rest.indexOf(10); end >= 0 && !state.broken && !state.done; end = rest.indexOf(10)) {
        take(rest.toString("utf8", 0, end));
        rest = rest.subarray(end + 1);
      }
      if (rest.length > MAX_EVENT || size > MAX_ALL) state.broken = true;
    },
    get done() {
      return state.done;
    },
    get broken() {
      return state.broken;
    },
  };
}
