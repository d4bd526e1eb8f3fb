// Which form a lock has, by the name of its file.
import { basename } from "node:path";
import { isPylockName } from "../../../shared/src/manifest/pylockModel.ts";
import type { LockForm } from "../../../shared/src/protocol/lock.ts";
import { LockRefused } from "./write.ts";

/** The form that a file of this name has; undefined where the name leaves it open. */
export function formOfName(path: string): LockForm | undefined {
  const name = basename(path);
  if (name === "Pipfile.lock") return "pipfile-lock";
  if (isPylockName(name)) return "pylock";
  return /\.(?:txt|in|pip)$/i.test(name) ? "requirements" : undefined;
}

/** Throws LockRefused where the tools that read such a file would not read it under this name. */
export function checkFormName(path: string, form: LockForm): void {
  const name = basename(path);
  const named = formOfName(path);
  if (form === "pylock" && named !== "pylock") {
    throw new LockRefused(
      "lock-name",
      `pip and uv do not read ${name} as a pylock.`,
      "Name it pylock.toml or pylock.NAME.toml.",
    );
  }
  if (named === undefined || named === form) return;
  // A Pipfile.lock under another name is a matter of moving it; a file that is taken for something else is not.
  throw new LockRefused(
    "lock-name",
    `${name} is the name of ${WORDS[named]}, and --as asks for ${WORDS[form]}.`,
    "Leave --as out, or name another file.",
  );
}

const WORDS: Readonly<Record<LockForm, string>> = {
  requirements: "a requirements file",
  "pipfile-lock": "a Pipfile.lock",
  pylock: "a pylock.toml",
};
