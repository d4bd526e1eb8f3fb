// Where this process may make a group of its own with a bound on memory (cgroup v2), for a limit that the kernel keeps.
import { accessSync, constants, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

/**
 * The folder below which a bounded group can be made: this process's own group where that is allowed to share out memory, else
 * the one above it, since a group with processes in it may not.
 * @param self in place of `/proc/self`, for tests.
 * @returns undefined where version 2 does not keep memory here, or where this user may not make groups.
 */
export function findGroupParent(self = "/proc/self"): string | undefined {
  try {
    const path = /^0::(\/.*)$/m.exec(readFileSync(join(self, "cgroup"), "utf8"))?.[1];
    const mount = readFileSync(join(self, "mountinfo"), "utf8")
      .split("\n")
      .map((line) => line.split(" "))
      .find((fields) => fields[fields.indexOf("-") + 1] === "cgroup2");
    const [, , , root, point] = mount ?? [];
    if (path === undefined || root === undefined || point === undefined) return undefined;
    const way = relative(root, path);
    if (way.startsWith("..")) return undefined;
    const own = join(point, way);
    const candidates = own === point || way === "" ? [own] : [own, dirname(own)];
    return candidates.find(sharesMemory);
  } catch {
    return undefined;
  }
}

function sharesMemory(group: string): boolean {
  try {
    if (!readFileSync(join(group, "cgroup.subtree_control"), "utf8").split(/\s+/).includes("memory"))
      return false;
    accessSync(group, constants.W_OK);
    // Moving a process needs this of the group that is above both.
    accessSync(join(group, "cgroup.procs"), constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
