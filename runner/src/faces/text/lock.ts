// The text form of `lock`: the lock itself, in the form that was asked for.
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { LockOutput } from "../../../../shared/src/protocol/lock.ts";
import type { Answer } from "../../../../shared/src/protocol/operation.ts";
import { LockRefused, writePipfileLock, writePylock, writeRequirements } from "../../lock/index.ts";
import { OperationError } from "../../operations/index.ts";
import { count, shellWord } from "./words.ts";

const WRITERS = {
  requirements: writeRequirements,
  "pipfile-lock": writePipfileLock,
  pylock: writePylock,
} as const;

/**
 * The lock as a file.
 * @param output where it will be written; the current folder counts where it is printed.
 * @throws OperationError where nothing resolves or the form cannot hold the stack, so that no file is ever written that is no lock.
 */
export function lockText({ result }: Answer<LockOutput>, output: string | undefined): string {
  if (!result.resolves) throw doesNotResolve(result);
  const path = output === undefined || output === "-" ? undefined : resolve(output);
  try {
    const text = WRITERS[result.form](result, { folder: path === undefined ? process.cwd() : dirname(path) });
    return endsLinesWithReturns(path) ? text.replaceAll("\n", "\r\n") : text;
  } catch (error) {
    if (!(error instanceof LockRefused)) throw error;
    throw new OperationError("failed", error.code, error.message, error.next);
  }
}

/** That a lock is in its file: with how many packages, and what has changed in it. */
export function lockWritten({ result }: Answer<LockOutput>, output: string): string {
  const { packages, changed, removed } = result;
  const moved = [
    ...(changed.length > 0 ? [`${changed.length} changed`] : []),
    ...(removed.length > 0 ? [`${removed.length} removed`] : []),
  ];
  const more = moved.length > 0 ? `, ${moved.join(", ")}` : "";
  return `${output} written: ${count(packages.length, "package")} for ${result.environment}${more}.`;
}

/** A lock keeps the line ends that it has, as pipenv keeps them: else a diff would show every line. */
function endsLinesWithReturns(path: string | undefined): boolean {
  if (path === undefined) return false;
  try {
    return /^[^\n]*\r\n/.test(readFileSync(path, "utf8"));
  } catch {
    return false;
  }
}

function doesNotResolve({ path, environment, conflict }: LockOutput): OperationError {
  const told = conflict?.causes.map(({ message }) => message.replace(/\.$/, ""));
  const because = told?.find((sentence) => / needs? /.test(sentence)) ?? told?.[0];
  return new OperationError(
    "failed",
    "does-not-resolve",
    `${path} does not resolve for ${environment}${because === undefined ? "" : `: ${because}`}.`,
    `Ask why and what would help: thoth explain ${shellWord(path)}`,
  );
}
