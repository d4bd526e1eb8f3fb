// Packs a folder for a build: its files under one top folder, in an order and with times that depend on nothing but their content.
import { createReadStream, createWriteStream } from "node:fs";
import { lstat, readdir, readlink } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { Pack } from "tar-stream";

/** What tools put beside a project, which no build reads. */
const LEFT_OUT = new Set([
  ".git",
  ".hg",
  ".mypy_cache",
  ".nox",
  ".pytest_cache",
  ".ruff_cache",
  ".tox",
  "__pycache__",
  "node_modules",
]);

/** A project of more than this is not copied to be built, in bytes. */
const MAX_BYTES = 1024 * 1024 * 1024;

/**
 * Writes a `.tar` of the folder to `to`. Virtual environments, version control and caches stay out; links are packed as links.
 * @throws Error where a file cannot be read, or the folder is too large.
 */
export async function packFolder(folder: string, to: string): Promise<void> {
  const { default: tar } = await import("tar-stream");
  const pack = tar.pack();
  const writing = pipeline(pack, createWriteStream(to, { mode: 0o600 }));
  const adding = addFolder(pack, folder, "source", { left: MAX_BYTES }).then(
    () => pack.finalize(),
    (error) => pack.destroy(error),
  );
  await Promise.all([writing, adding]);
}

async function addFolder(pack: Pack, folder: string, name: string, room: { left: number }): Promise<void> {
  for (const entry of (await readdir(folder)).sort()) {
    if (LEFT_OUT.has(entry)) continue;
    const path = join(folder, entry);
    const inner = `${name}/${entry}`;
    const state = await lstat(path);
    if (state.isDirectory()) {
      const marker = await lstat(join(path, "pyvenv.cfg")).catch(() => undefined);
      if (marker === undefined) await addFolder(pack, path, inner, room);
    } else if (state.isSymbolicLink()) {
      pack.entry({ name: inner, type: "symlink", linkname: await readlink(path), mtime: new Date(0) });
    } else if (state.isFile()) {
      room.left -= state.size;
      if (room.left < 0) throw Object.assign(new Error("the folder is too large"), { code: "too large" });
      const header = { name: inner, size: state.size, mode: state.mode & 0o777, mtime: new Date(0) };
      await pipeline(createReadStream(path), pack.entry(header));
    }
  }
}
