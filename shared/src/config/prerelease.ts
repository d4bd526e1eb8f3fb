// Which pre-releases are taken, by the names that uv has for it.
import * as z from "zod";

/**
 * `if-necessary` and its older name `if-necessary-or-explicit`: where no final release is left. `explicit`: so too, and only of
 * projects of which the manifest itself names a pre-release.
 */
export const prereleaseMode = z.enum([
  "disallow",
  "allow",
  "if-necessary",
  "explicit",
  "if-necessary-or-explicit",
]);
