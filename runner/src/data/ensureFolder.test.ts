// Folders that can be made, and every way in which one cannot: always an answer, at once.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureFolder, folderFailure } from "./index.ts";

describe("ensureFolder", () => {
  let base: string;
  beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), "thoth-folder-"));
  });
  afterEach(() => rmSync(base, { recursive: true, force: true }));

  it("makes what is missing, with the mode, and leaves alone what is there", () => {
    const path = join(base, "a", "b", "c");
    assert.equal(ensureFolder(path, 0o700), undefined);
    assert.equal(statSync(path).mode & 0o777, 0o700);
    chmodSync(path, 0o750);
    assert.equal(ensureFolder(path, 0o700), undefined);
    assert.equal(statSync(path).mode & 0o777, 0o750);
  });

  it("follows a link to a folder, and refuses one that leads nowhere", () => {
    symlinkSync(base, join(base, "here"));
    assert.equal(ensureFolder(join(base, "here", "x")), undefined);
    assert.ok(existsSync(join(base, "x")));
    symlinkSync(join(base, "none", "none"), join(base, "dangling"));
    assert.ok(ensureFolder(join(base, "dangling", "x")));
    symlinkSync(join(base, "circle"), join(base, "circle"));
    assert.equal(ensureFolder(join(base, "circle", "x"))?.code, "ELOOP");
  });

  it("names the file that stands where a folder should", () => {
    const file = join(base, "file");
    writeFileSync(file, "");
    for (const path of [file, join(file, "below"), join(file, "below", "it")]) {
      const failure = ensureFolder(path);
      assert.equal(failure?.code, "ENOTDIR");
      assert.equal(failure?.message, `${file} cannot be written: it is not a folder.`);
    }
  });

  it("answers at once where a file system takes no new folder and says its parent is missing", function () {
    if (process.platform !== "linux") this.skip();
    for (const path of ["/proc/x", "/proc/x/y/z"]) {
      const failure = ensureFolder(path);
      assert.equal(failure?.path, "/proc/x");
      assert.match(failure?.message ?? "", /^\/proc\/x cannot be written: /);
      assert.ok(failure?.next);
    }
  });

  it("says that a folder is read-only", function () {
    // A name in a mount namespace of its own is the one read-only file system that every user can have.
    const inside = `
      const { ensureFolder } = await import(${JSON.stringify(new URL("./ensureFolder.ts", import.meta.url).href)});
      console.log(JSON.stringify(ensureFolder(${JSON.stringify(join(base, "x", "y"))})));`;
    const args = ["--ro-bind", "/", "/", "--dev", "/dev", process.execPath];
    const done = spawnSync("bwrap", [...args, "--input-type=module", "-e", inside], { encoding: "utf8" });
    if (done.error || /bwrap: /.test(done.stderr)) return this.skip();
    const failure = JSON.parse(done.stdout);
    assert.equal(failure.code, "EROFS");
    assert.match(failure.message, /its file system is read-only\.$/);
  });

  it("says that permission is missing", function () {
    if (process.getuid?.() === 0) return this.skip();
    chmodSync(base, 0o500);
    assert.match(ensureFolder(join(base, "x"))?.message ?? "", /permission is denied/);
    chmodSync(base, 0o700);
  });

  it("says what to do about a disk that is full", () => {
    const failure = folderFailure("/data", "ENOSPC");
    assert.equal(failure.message, "/data cannot be written: no space is left.");
    assert.match(failure.next, /Make room/);
  });
});
