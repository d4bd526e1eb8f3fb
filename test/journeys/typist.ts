// An extension that plays a second hand: when the file `type-now` appears in the workspace, its text is put at the top of the editor.
import type { Files } from "./workbench.ts";

const code = `
const vscode = require("vscode");
exports.activate = (context) => {
  const watcher = vscode.workspace.createFileSystemWatcher("**/type-now");
  const type = async (uri) => {
    const text = Buffer.from(await vscode.workspace.fs.readFile(uri)).toString("utf8");
    const editor = vscode.window.visibleTextEditors[0];
    await editor.edit((edit) => edit.insert(new vscode.Position(0, 0), text));
  };
  watcher.onDidCreate(type);
  context.subscriptions.push(watcher);
};
`;

export const typist: Files = {
  "package.json": JSON.stringify({
    name: "typist",
    publisher: "journey",
    version: "1.0.0",
    engines: { vscode: "^1.125.0" },
    main: "./main.js",
    activationEvents: ["onStartupFinished"],
  }),
  "main.js": code,
};
