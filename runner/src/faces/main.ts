// Where the process begins: the compile cache first, then the one face that was asked for.
import { enableCompileCache } from "node:module";

enableCompileCache();

const argv = process.argv.slice(2);
if (argv.includes("--stdio")) {
  const { serveStdio } = await import("./stdio.ts");
  await serveStdio(argv);
} else {
  const { runCommandLine } = await import("./commandLine.ts");
  process.exitCode = await runCommandLine(argv);
}
