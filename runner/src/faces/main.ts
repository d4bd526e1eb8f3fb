// Where the process begins: the compile cache first, then the one face that was asked for.
import { enableCompileCache } from "node:module";
import { setFlagsFromString } from "node:v8";
import { keepCode } from "./codeCache.ts";

/** Of a command line that could not be understood (DESIGN.md, section 7). */
const STATUS_USAGE = 2;

enableCompileCache();

const argv = process.argv.slice(2);
if (argv.includes("--stdio")) {
  const { serveStdio } = await import("./stdio.ts");
  await serveStdio(argv);
} else {
  // A command is over before its young objects would pay for more room: without this the heap of a large resolve is half as large again.
  setFlagsFromString("--semi-space-growth-factor=1");
  const { runCommandLine } = await import("./commandLine.ts");
  const status = await runCommandLine(argv);
  process.exitCode = status;
  // What failed at its first word says nothing of what the command runs.
  if (status !== STATUS_USAGE) await keepCode();
}
