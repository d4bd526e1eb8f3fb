// What the server's mains hand in: everything that touches a file, a process or the clock.

import type { TomlBinaries } from "../../shared/src/manifest/toml.ts";
import type { InterpreterChoice } from "../../shared/src/protocol/editor.ts";
import type { RunnerProcess } from "./backend/client.ts";

export interface RunnerOptions {
  /** Absolute path of the runner's bundle or source. */
  readonly program: string;
  /** Setting `thoth.runner.node`: the Node to run it under where the editor's own has no node:sqlite. */
  readonly node: string;
  /** Setting `thoth.knowledge.file`; empty for the platform's place. */
  readonly knowledgeFile: string;
}

export interface FileStat {
  readonly isFolder: boolean;
  readonly size: number;
  /** Milliseconds since the epoch. */
  readonly modified: number;
}

export interface Runtime {
  /** A `file:` URI's bytes. Throws where it cannot be read; the error's `code` is Node's. */
  readFile(uri: string): Promise<Uint8Array>;
  /** Undefined where nothing is there. */
  stat(uri: string): Promise<FileStat | undefined>;
  /** Names in a folder; those of folders end in `/`. Empty where it cannot be read. */
  listFolder(uri: string): Promise<string[]>;
  /** Starts a runner. Throws a RunnerUnavailable with a next step. */
  startRunner(options: RunnerOptions): Promise<RunnerProcess>;
  /** Interpreters that can be chosen for a folder: found by their files, none of them run. */
  interpreters(folder: string): Promise<InterpreterChoice[]>;
  /** Bytes of the TOML reader's two files. */
  tomlBinaries(): Promise<TomlBinaries>;
  /** The path of a `file:` URI as this machine writes it; undefined for other schemes and other hosts. */
  pathOf(uri: string): string | undefined;
  /** SHA-256 in hex. */
  digest(text: string): string;
  /** Calls back after so many milliseconds; what it gives stops that. */
  schedule(milliseconds: number, callback: () => void): () => void;
  /** Milliseconds since the epoch. */
  now(): number;
  /** A folder for what has none: untitled documents outside of any workspace. */
  readonly home: string;
  /** The page of a rule; undefined where there is none to link to. */
  rulePage(rule: string): string | undefined;
}
