// Where the process begins: the compile cache first, then the one face that was asked for.
import { enableCompileCache } from "node:module";
import { setFlagsFromString } from "node:v8";

enableCompileCache();

const argv = process.argv.slice(2);
if (argv.includes("--stdio")) {
  const { serveStdio } = await import("./stdio.ts");
  await serveStdio(argv);
} else {
  // A command is over before its young objects would pay for more room: without this the heap of a large resolve is half as large again.
  setFlagsFromString("--semi-space-growth-factor=1");
  const { runCommandLine } = await import("./commandLine.ts");
  process.exitCode = await runCommandLine(argv);
}
