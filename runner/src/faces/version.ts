// Thoth's version, from the package that the running file belongs to.
import { readFileSync } from "node:fs";

/** The version in the nearest package.json above this file, in the sources as in the bundle. */
export function thothVersion(): string {
  for (let folder = new URL(".", import.meta.url); ; folder = new URL("..", folder)) {
    try {
      const found = JSON.parse(readFileSync(new URL("package.json", folder), "utf8")) as {
        name?: string;
        version?: string;
      };
      if (found.name === "thoth" && found.version) return found.version;
    } catch {
      // Not in this folder: the next one up.
    }
    if (folder.pathname === new URL("..", folder).pathname) return "unknown";
  }
}
