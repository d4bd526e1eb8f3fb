// Loads a bundle's CommonJS pieces with the machine code of an earlier run of the same command.
//
// Node's own compile cache keeps what V8 compiles before a script's first line has run, which leaves out most of a large bundle:
// every function would be compiled anew in each process. Here the code is taken at the end of a run, with every function that ran.
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { cachedDataVersionTag } from "node:v8";
import { Script } from "node:vm";
import { crc32 } from "node:zlib";
import { cacheFolder } from "../data/index.ts";

// An import would load all that the module exports, and so the file system's promises, which most runs do not need.
const { readFileSync, statSync } = process.getBuiltinModule("node:fs");

/** Bytes before the code: its kind, V8's own version tag, and the checksums of the source and of the code. */
const HEAD = 16;
const KIND = 0x74686f31;
/** Milliseconds after which code is kept anew, with what ran since then beside what it had: no two runs are the same. */
const ADDED_TO = 3_600_000;
/** Days after which code that no run has written again is thrown away. */
const KEPT_DAYS = 30;
/** What imports while it runs, which a script of our own may not without a warning of Node's: Node loads it. */
const IMPORTING = ["./web-tree-sitter.cjs"];

interface Piece {
  readonly script: Script;
  readonly file: string;
  readonly source: number;
}

const loaded = new Map<string, { exports: unknown }>();
/** Pieces of which no code was kept, none that this V8 takes, or none of late. */
const missed: Piece[] = [];

/** What `path` beside the module at `from` exports; the path is that of a CommonJS file of the bundle, as `./http.cjs`. */
export function requirePiece(path: string, from: string): unknown {
  const filename = join(dirname(fileURLToPath(from)), path);
  const known = loaded.get(filename);
  if (known) return known.exports;
  const module = { exports: {} as unknown };
  loaded.set(filename, module);
  const own = createRequire(filename);
  const isOurs = (name: string): boolean => name.endsWith(".cjs") && !IMPORTING.includes(name);
  const require = (name: string): unknown => (isOurs(name) ? requirePiece(name, from) : own(name));
  const run = compile(filename).runInThisContext();
  run.call(module.exports, module.exports, Object.assign(require, own), module, filename, dirname(filename));
  return module.exports;
}

function compile(filename: string): Script {
  const bytes = readFileSync(filename);
  // A build writes nothing beyond ASCII: such a source takes half the memory, and nothing has to be decoded.
  const source = `(function (exports, require, module, __filename, __dirname) {${bytes.toString("latin1")}\n})`;
  const options = { filename };
  if (process.env.NODE_DISABLE_COMPILE_CACHE) return new Script(source, options);
  const file = join(codeFolder(), `${basename(filename)}-${commandOf(process.argv)}`);
  const checksum = crc32(bytes);
  const cachedData = readCode(file, checksum);
  const script = new Script(source, { ...options, ...(cachedData ? { cachedData } : {}) });
  if (!cachedData || script.cachedDataRejected || ageOf(file) > ADDED_TO)
    missed.push({ script, file, source: checksum });
  return script;
}

function codeFolder(): string {
  const { env, platform } = process;
  return join(cacheFolder({ env, platform, home: homedir() }), "code");
}

/** The command's own name: what one command runs is of little use to another. */
function commandOf([, , ...words]: readonly string[]): string {
  return words.find((word) => /^[a-z]{2,20}$/.test(word)) ?? "none";
}

/** V8 itself compares no more than the length of the source, so that the rest is compared here. */
function readCode(file: string, source: number): Buffer | undefined {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch {
    return undefined;
  }
  if (bytes.length <= HEAD) return undefined;
  const code = bytes.subarray(HEAD);
  const head = [KIND, cachedDataVersionTag(), source, crc32(code)];
  return head.every((part, at) => bytes.readUInt32LE(at * 4) === part) ? code : undefined;
}

/** Milliseconds since a file was written; one that is gone is as old as can be. */
function ageOf(file: string): number {
  return Date.now() - (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0);
}

/** Keeps the code of what ran, where none was kept or that is to be added to. What cannot be written is done without. */
export async function keepCode(): Promise<void> {
  if (missed.length === 0) return;
  const { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } = process.getBuiltinModule("node:fs");
  const folder = codeFolder();
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (const { script, file, source } of missed) {
      const code = script.createCachedData();
      const head = Buffer.alloc(HEAD);
      for (const [at, part] of [KIND, cachedDataVersionTag(), source, crc32(code)].entries())
        head.writeUInt32LE(part, at * 4);
      const part = `${file}.${process.pid}`;
      writeFileSync(part, Buffer.concat([head, code]), { mode: 0o600 });
      renameSync(part, file);
    }
    for (const name of readdirSync(folder)) {
      const path = join(folder, name);
      if (ageOf(path) > KEPT_DAYS * 86_400_000) rmSync(path, { force: true });
    }
  } catch {
    // A full disk or a folder that is not ours: the next run compiles again.
  }
}
