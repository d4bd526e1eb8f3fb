// Reads what the driver of a build tells. It runs beside untrusted code, so everything is bounded and checked before it counts.
import { createHash } from "node:crypto";
import { closeSync, openSync, writeSync } from "node:fs";
import * as z from "zod";
import { type Outcome, outcome } from "../../../../shared/src/protocol/validate.ts";

/** A wheel comes in pieces of half a megabyte, in base64. */
const MAX_EVENT = 4 * 1024 * 1024;

/** No wheel that is built here may be larger, in bytes. */
export const MAX_WHEEL = 512 * 1024 * 1024;

const stageName = z.enum(["unpack", "install", "build"]);
export type BuildStage = z.infer<typeof stageName>;

const event = z.discriminatedUnion("event", [
  z.object({ event: z.literal("begin"), name: stageName }),
  z.object({
    event: z.literal("stage"),
    name: stageName,
    outcome,
    tail: z.string().default(""),
  }),
  z.object({
    event: z.literal("result"),
    fault: z.string().max(500),
    requires: z.array(z.string().max(1000)).max(500),
  }),
  z.object({ event: z.literal("metadata"), text: z.string().max(1024 * 1024) }),
  z.object({
    event: z.literal("wheel"),
    name: z.string().regex(/^[\w.+!-]{1,250}\.whl$/),
    size: z.number().int().nonnegative().max(MAX_WHEEL),
  }),
  z.object({ event: z.literal("data"), data: z.string() }),
  z.object({ event: z.literal("done") }),
]);

/** What a build came to. */
export interface BuildTold {
  readonly done: boolean;
  /** It said more than a driver can, or what no driver says. */
  readonly broken: boolean;
  /** The stage that did not pass. */
  readonly failed?: { readonly stage: BuildStage; readonly outcome: Outcome; readonly tail: string };
  /** What the back-end or the source does wrong, as the rest of a sentence about it. */
  readonly fault?: string;
  /** What the back-end asks for beside what it has. */
  readonly requires: readonly string[];
  readonly metadata?: string;
  readonly wheel?: { readonly filename: string; readonly sha256: string };
}

export interface BuildListener {
  begin(stage: BuildStage): void;
}

export interface BuildEvents {
  write(chunk: Buffer): void;
  /** What was told until now; closes the file of the wheel. */
  end(): BuildTold;
}

/** @param wheelFile where the bytes of the wheel go: a path that is not there. */
export function readBuildEvents(wheelFile: string, listener: BuildListener): BuildEvents {
  const told: { -readonly [Key in keyof BuildTold]: BuildTold[Key] } = {
    done: false,
    broken: false,
    requires: [],
  };
  let rest = Buffer.alloc(0);
  let wheel: { name: string; size: number; got: number; file: number } | undefined;
  const digest = createHash("sha256");
  const take = (one: z.infer<typeof event>): void => {
    if (one.event === "begin") listener.begin(one.name);
    else if (one.event === "stage") {
      if (one.outcome !== "passed") told.failed = { stage: one.name, outcome: one.outcome, tail: one.tail };
    } else if (one.event === "result") {
      if (one.fault !== "") told.fault = one.fault;
      told.requires = one.requires;
    } else if (one.event === "metadata") told.metadata = one.text;
    else if (one.event === "wheel") {
      if (wheel) told.broken = true;
      else wheel = { name: one.name, size: one.size, got: 0, file: openSync(wheelFile, "wx", 0o600) };
    } else if (one.event === "data") {
      const bytes = Buffer.from(one.data, "base64");
      if (!wheel || wheel.got + bytes.length > wheel.size) told.broken = true;
      else {
        wheel.got += writeSync(wheel.file, bytes);
        digest.update(bytes);
      }
    } else told.done = true;
  };
  const takeLine = (line: string): void => {
    try {
      take(event.parse(JSON.parse(line)));
    } catch {
      told.broken = true;
    }
  };
  return {
    write(chunk) {
      if (told.broken || told.done) return;
      rest = Buffer.concat([rest, chunk]);
      for (let end = rest.indexOf(10); end >= 0 && !told.broken && !told.done; end = rest.indexOf(10)) {
        takeLine(rest.toString("utf8", 0, end));
        rest = rest.subarray(end + 1);
      }
      if (rest.length > MAX_EVENT) told.broken = true;
    },
    end() {
      if (!wheel) return told;
      closeSync(wheel.file);
      if (wheel.got !== wheel.size) return { ...told, broken: true };
      return { ...told, wheel: { filename: wheel.name, sha256: digest.digest("hex") } };
    },
  };
}
