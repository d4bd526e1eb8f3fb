// The language server's process: connects to the editor that started it and hands the machine in.
import { createConnection, ProposedFeatures } from "vscode-languageserver/node";
import { startServer } from "../connection.ts";
import { createNodeRuntime } from "./runtime.ts";

const connection = createConnection(ProposedFeatures.all);
startServer(
  connection,
  createNodeRuntime((line) => connection.console.log(line)),
);
