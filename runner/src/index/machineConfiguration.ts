// pip's configuration as it lies on this machine: the files behind `readPipConfiguration`.
import { readFileSync } from "node:fs";
import {
  type PipConfiguration,
  type PipConfigurationInput,
  readPipConfiguration,
} from "./pipConfiguration.ts";

/** pip's configuration of a process. Never throws: a file that cannot be read is listed as broken. */
export function readMachineConfiguration(input: Omit<PipConfigurationInput, "readFile">): PipConfiguration {
  return readPipConfiguration({ ...input, readFile: readText });
}

/** Throws what the file system says, but for a file that is not there. */
function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw error;
  }
}
