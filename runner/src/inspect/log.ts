// The full log of one inspection: a bounded file, written as it comes, safe to print.
import { closeSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { StringDecoder } from "node:string_decoder";
import { ensureFolder, type FolderFailure, folderFailure } from "../data/index.ts";
import { showable } from "./telling.ts";

const MAX_LINE = 20_000;

/** Lines go in from one or more streams; what cannot be shown is escaped, URLs lose their credentials. */
export class InspectionLog {
  readonly path: string;
  #file: number | undefined;
  #room: number;
  #failure: FolderFailure | undefined;

  /** @param limit bytes that the file may grow to. */
  constructor(folder: string, id: string, limit: number) {
    this.path = join(folder, `${id}.log`);
    this.#room = limit;
    this.#failure = ensureFolder(folder);
    if (this.#failure) return;
    try {
      this.#file = openSync(this.path, "wx", 0o600);
    } catch (error) {
      this.#failure = folderFailure(this.path, (error as NodeJS.ErrnoException).code ?? String(error));
    }
  }

  /** Why the log is not kept, or not to its end. */
  get problem(): string | undefined {
    return this.#failure?.message;
  }

  line(text: string): void {
    this.#write(`${showable(text, MAX_LINE)}\n`);
  }

  /** A sink for one stream of bytes; call the answer's `end` when the stream is over. */
  stream(): { write(chunk: Buffer): void; end(): void } {
    const decoder = new StringDecoder("utf8");
    let rest = "";
    const take = (text: string): void => {
      const lines = (rest + text).split(/\r\n|\n|\r(?!$)/);
      rest = lines.pop() ?? "";
      if (rest.length > MAX_LINE) {
        lines.push(rest);
        rest = "";
      }
      if (lines.length > 0) this.#write(`${lines.map((line) => showable(line, MAX_LINE)).join("\n")}\n`);
    };
    return {
      write: (chunk) => take(decoder.write(chunk)),
      end: () => {
        take(decoder.end());
        if (rest !== "") this.line(rest);
        rest = "";
      },
    };
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  #write(text: string): void {
    if (this.#file === undefined || this.#room <= 0) return;
    const bytes = Buffer.from(text);
    const fits = bytes.length <= this.#room;
    this.#room -= bytes.length;
    try {
      writeSync(this.#file, fits ? bytes : Buffer.from("… the log ends here: it has reached its limit.\n"));
    } catch (error) {
      // A full disk must not end the inspection: its outcome counts for more than its log.
      this.#failure = folderFailure(this.path, (error as NodeJS.ErrnoException).code ?? String(error));
      this.close();
    }
  }
}
