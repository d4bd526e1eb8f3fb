// `thoth --editor [FOLDER]` of a clone: opens a folder in a real workbench in the browser, with the packed extension installed.
import { spawn } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { packedExtension } from "./package.ts";
import { CACHE, freePort, installWorkbench, startWorkbench, unpackExtension } from "./workbench.ts";

const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** Asks the desktop to show an address, where there is a desktop. */
function showInBrowser(address: string): void {
  const opener = process.platform === "darwin" ? "open" : "xdg-open";
  const desktop =
    process.platform === "darwin" ||
    process.env.DISPLAY !== undefined ||
    process.env.WAYLAND_DISPLAY !== undefined;
  if (!desktop || !process.stdout.isTTY) return;
  const child = spawn(opener, [address], { stdio: "ignore", detached: true });
  child.on("error", () => {});
  child.unref();
}

const wanted = resolve(process.argv[2] ?? ".");
if (!existsSync(wanted)) {
  say(`thoth: there is no ${wanted}.`);
  say("       Name a folder, or a file in one.");
  process.exit(2);
}
const file = statSync(wanted).isFile() ? basename(wanted) : undefined;
const folder = file === undefined ? wanted : dirname(wanted);

const entry = await installWorkbench(say);
say("Packing the extension");
const vsix = await packedExtension();
// One profile is kept, so that what a person sets is there the next time; the extension is always the packed one.
const profile = join(CACHE, "editor");
await rm(join(profile, "extensions"), { recursive: true, force: true });
await mkdir(profile, { recursive: true });
await unpackExtension(vsix, join(profile, "extensions"));
const port = await freePort();
const server = await startWorkbench({ entry, profile, port, keepSettings: true });
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(signal, async () => {
    await server.stop();
    process.exit(0);
  });
}
const query = new URLSearchParams({ folder });
if (file !== undefined) {
  query.set("payload", JSON.stringify([["openFile", `vscode-remote://127.0.0.1:${port}${wanted}`]]));
}
const address = `${server.address}/?${query}`;
process.stdout.write(`${address}\n`);
say("Ctrl+C ends it.");
showInBrowser(address);
