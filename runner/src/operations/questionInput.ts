// What a question to the resolver is asked with: the options that `lock`, `explain`, `check` and `fix` share.
import type { LockInput } from "../../../shared/src/protocol/lock.ts";

export type QuestionInput = Pick<
  LockInput,
  | "path"
  | "constraints"
  | "resolution"
  | "excludeNewer"
  | "excludeNewerPackages"
  | "prerelease"
  | "overrides"
  | "exclude"
  | "torchBackend"
  | "selection"
  | "variants"
  | "cwd"
  | "environment"
  | "index"
  | "usePipConfiguration"
  | "offline"
  | "buildSdists"
>;
