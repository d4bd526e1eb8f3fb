// `npm test`: sets up what is missing, then format, import rule, types, and every test; quiet when green.
import { spawnSync } from "node:child_process";
import { findNode, installPackages, installPrograms, root, say, withNode } from "./bootstrap.js";

installPackages();
installPrograms();
const node = findNode();
const result = spawnSync(node, ["scripts/test.ts", ...process.argv.slice(2)], {
  cwd: root,
  stdio: "inherit",
  env: withNode(node),
});
if (result.error) say(result.error.message);
process.exit(result.status ?? 1);
