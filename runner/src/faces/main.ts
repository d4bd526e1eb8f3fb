// Where the process begins: the compile cache first, then the one face that was asked for.
import * as nodeModule from "node:module";
import { setFlagsFromString } from "node:v8";

/** Of a command line that could not be understood (DESIGN.md, section 7). */
const STATUS_USAGE = 2;

/** An import that an older Node lacks would end the process before a word is said: what is only in this one is named below it. */
const OLDEST_NODE = 24;

/** Commands that keep little: young objects may take more room here, which saves a tenth of their time. */
const QUICK = ["check", "list", "provenance"];

const argv = process.argv.slice(2);
if (Number.parseInt(process.versions.node, 10) < OLDEST_NODE) {
  process.stderr.write(
    `thoth: Node ${OLDEST_NODE} or newer is needed; this is Node ${process.versions.node}.\n` +
      `       Run it with a newer one: npx node@${OLDEST_NODE} ${process.argv[1]}\n`,
  );
  process.exitCode = STATUS_USAGE;
} else {
  nodeModule.enableCompileCache();
  if (argv.includes("--stdio")) {
    const { serveStdio } = await import("./stdio.ts");
    await serveStdio(argv);
  } else {
    // A command is over before its young objects would pay for more room: without this the heap of a large resolve is half as large again.
    const command = argv.find((word) => !word.startsWith("-")) ?? "";
    if (!QUICK.includes(command)) setFlagsFromString("--semi-space-growth-factor=1");
    const { runCommandLine } = await import("./commandLine.ts");
    const status = await runCommandLine(argv);
    process.exitCode = status;
    // What failed at its first word says nothing of what the command runs.
    if (status !== STATUS_USAGE) {
      const { keepCode } = await import("./codeCache.ts");
      await keepCode();
    }
  }
}
