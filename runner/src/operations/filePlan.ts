// What `fix` changes in one file, and what for.
import type { TextEdit } from "../../../shared/src/finding/model.ts";
import type { FixOutput } from "../../../shared/src/protocol/fix.ts";

export interface FilePlan {
  readonly edits: TextEdit[];
  readonly fixes: FixOutput["files"][number]["fixes"];
}
