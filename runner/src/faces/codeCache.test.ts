// The code that one run keeps for the next: used where it fits, and never in place of another source.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const LOADER = new URL("codeCache.ts", import.meta.url).href;

describe("the code cache", () => {
  let folder: string;
  const kept = () => join(folder, "cache", "thoth", "code");
  const piece = (source: string) => writeFileSync(join(folder, "piece.cjs"), source);

  /** Loads the piece as a bundle does, in a process of its own, and gives what it exports. */
  const load = (command: string, env: Record<string, string> = {}): unknown => {
    const main = join(folder, "main.mjs");
    const lines = [
      `import { keepCode, requirePiece } from ${JSON.stringify(LOADER)};`,
      `console.log(JSON.stringify(requirePiece("./piece.cjs", import.meta.url)));`,
      "await keepCode();",
    ];
    writeFileSync(main, lines.join("\n"));
    const { stdout, stderr } = spawnSync(process.execPath, [main, command], {
      encoding: "utf8",
      env: {
        ...process.env,
        NODE_DISABLE_COMPILE_CACHE: "",
        XDG_CACHE_HOME: join(folder, "cache"),
        LOCALAPPDATA: join(folder, "cache"),
        HOME: folder,
        ...env,
      },
    });
    assert.equal(stderr, "");
    return JSON.parse(stdout);
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "thoth-code-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("keeps the code of each command once, for its owner alone", () => {
    piece("exports.answer = (() => 42)();");
    assert.deepEqual(load("check"), { answer: 42 });
    const file = join(kept(), "piece.cjs-check");
    const { ino } = statSync(file);
    assert.equal(statSync(kept()).mode & 0o077, 0);
    assert.deepEqual(load("check"), { answer: 42 });
    assert.equal(statSync(file).ino, ino, "code that fits is not written again");
    load("lock");
    assert.deepEqual(readdirSync(kept()).sort(), ["piece.cjs-check", "piece.cjs-lock"]);
  });

  it("adds what ran since to code of more than an hour ago, and throws away what no run has used for a month", () => {
    piece(
      "const more = () => [1, 2, 3].map((each) => each * 2); exports.all = process.env.MORE ? more() : [];",
    );
    assert.deepEqual(load("check"), { all: [] });
    const file = join(kept(), "piece.cjs-check");
    const before = statSync(file).size;
    load("lock");
    assert.deepEqual(load("check", { MORE: "1" }), { all: [2, 4, 6] });
    assert.equal(statSync(file).size, before);
    const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000);
    utimesSync(file, daysAgo(1), daysAgo(1));
    utimesSync(join(kept(), "piece.cjs-lock"), daysAgo(31), daysAgo(31));
    assert.deepEqual(load("check", { MORE: "1" }), { all: [2, 4, 6] });
    assert.ok(statSync(file).size > before, "the function that ran now is kept too");
    assert.deepEqual(readdirSync(kept()), ["piece.cjs-check"]);
  });

  it("takes no code of another source of the same length", () => {
    piece("exports.answer = (() => 42)();");
    load("check");
    piece("exports.answer = (() => 43)();");
    assert.deepEqual(load("check"), { answer: 43 });
    assert.deepEqual(load("check"), { answer: 43 });
  });

  it("does without what is damaged, and mends it", () => {
    piece("exports.answer = (() => 42)();");
    load("check");
    const file = join(kept(), "piece.cjs-check");
    const whole = readFileSync(file);
    const flipped = Buffer.from(whole);
    flipped[flipped.length - 9]! ^= 0xff;
    for (const damaged of [Buffer.alloc(0), whole.subarray(0, 12), whole.subarray(0, -8), flipped]) {
      writeFileSync(file, damaged);
      assert.deepEqual(load("check"), { answer: 42 });
      assert.equal(readFileSync(file).length, whole.length);
    }
  });

  it("keeps nothing where Node's own cache is switched off", () => {
    piece("exports.answer = 1;");
    assert.deepEqual(load("check", { NODE_DISABLE_COMPILE_CACHE: "1" }), { answer: 1 });
    assert.throws(() => statSync(kept()), { code: "ENOENT" });
  });

  it("works where nothing can be written", () => {
    piece("exports.answer = 1;");
    writeFileSync(join(folder, "cache"), "a file");
    assert.deepEqual(load("check"), { answer: 1 });
  });

  it("gives a piece its own modules and those of Node", () => {
    writeFileSync(join(folder, "other.cjs"), "exports.name = require('node:path').basename(__filename);");
    piece(
      "exports.same = require('./other.cjs') === require('./other.cjs'); exports.name = require('./other.cjs').name;",
    );
    assert.deepEqual(load("check"), { same: true, name: "other.cjs" });
  });
});
