// The language server's process: connects to the editor that started it and hands the machine in.
import { createConnection, ProposedFeatures } from "vscode-languageserver/node";
import { startServer } from "../connection.ts";
import { createNodeRuntime } from "./runtime.ts";

const connection = createConnection(ProposedFeatures.all);
startServer(
  connection,
  createNodeRuntime((line) => connection.console.log(line)),
);
// A fault in one piece of work is written down; the others, and what is open, go on.
process.on("unhandledRejection", (reason) => {
  connection.console.error(reason instanceof Error ? (reason.stack ?? reason.message) : String(reason));
});
