// Searches that end without an answer: how long one may take, and what a person is told of those that stop or stay undecided.
import type { Resolution, StackResolution } from "../resolve/index.ts";
import { OperationError } from "./errors.ts";

/** How many releases may be tried before a search ends undecided. */
export const MOST_DECISIONS = 200_000;
/** The same for a search that is one of many, or beside what was asked for: what is not found soon is not offered. */
export const TRIAL_DECISIONS = 20_000;

/** Turns the ends of a search that are no answer into what a person is told. */
export function refuseUnanswered<Answer extends Resolution | StackResolution>(
  resolution: Answer,
  path: string,
): asserts resolution is Exclude<Answer, { readonly kind: "undecided" | "stopped" }> {
  if (resolution.kind === "stopped") {
    const { message, next } = resolution.failure;
    throw new OperationError(
      "not-checked",
      "index-refused",
      `${resolution.project} cannot be resolved: ${message}`,
      next,
    );
  }
  if (resolution.kind === "undecided") {
    const { decisions } = resolution.counters;
    const last = resolution.soFar.at(-1);
    throw new OperationError(
      "not-checked",
      "undecided",
      `${path} is undecided after ${decisions} decisions${last ? `, with ${resolution.soFar.length} packages chosen` : ""}.`,
      "Narrow the lines that leave most open, or constrain what they bring in.",
    );
  }
}
