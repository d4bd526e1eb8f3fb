// What runs on this machine, as /proc tells it: whether anything was left behind.
import { readdir, readFile } from "node:fs/promises";

export interface FoundProcess {
  readonly pid: number;
  readonly command: string;
}

/** Processes whose command line matches, and names `home` where one is given. This process is none of them. */
export async function extensionProcesses(pattern: RegExp, home = ""): Promise<FoundProcess[]> {
  const found: FoundProcess[] = [];
  for (const name of await readdir("/proc")) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    const command = (await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")).replaceAll("\0", " ");
    if (pattern.test(command) && command.includes(home)) found.push({ pid, command });
  }
  return found;
}
