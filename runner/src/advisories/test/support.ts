// A file of knowledge to bring advisories into, and records and archives of them, for tests.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { zipSync } from "fflate";
import {
  createIndexClient,
  type IndexClient,
  readPipConfiguration,
  resolveIndexes,
} from "../../index/index.ts";
import { createMemoryPageStore, type Knowledge, openKnowledge } from "../../knowledge/index.ts";
import { updateAdvisories } from "../update.ts";
import { type UpdateAnswer, type UpdateOptions, UpdateRefused } from "../updating.ts";

export const NOW = Date.parse("2026-11-22T12:00:00Z");

/** A record of every version of `name` below 2.0. */
export function record(id: string, name = "demo", more: object = {}): Record<string, unknown> {
  return {
    id,
    modified: "2026-11-20T00:00:00Z",
    affected: [
      {
        package: { ecosystem: "PyPI", name },
        ranges: [{ type: "ECOSYSTEM", events: [{ introduced: "0" }, { fixed: "2.0" }] }],
      },
    ],
    ...more,
  };
}

export const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

/** A client that no configuration of this machine reaches, and that does not wait before it asks again. */
export function plainClient(home: string): IndexClient {
  const configuration = readPipConfiguration({
    env: {},
    platform: "linux",
    home,
    cwd: home,
    readFile: () => undefined,
  });
  return createIndexClient({
    settings: resolveIndexes(configuration),
    store: createMemoryPageStore(),
    signal: new AbortController().signal,
    userAgent: "thoth/test",
    limits: { retryDelayMs: 1 },
  });
}

export class AdvisoryPlace {
  readonly folder: string = mkdtempSync(join(tmpdir(), "thoth-advisories-test-"));
  readonly knowledge: Knowledge = openKnowledge({
    file: join(this.folder, "knowledge.db"),
    env: {},
    platform: "linux",
    home: this.folder,
    warn: (message) => assert.fail(message),
  });

  update(from: string, more: Partial<UpdateOptions> = {}): Promise<UpdateAnswer> {
    return updateAdvisories({
      from,
      advisories: this.knowledge.advisories,
      now: NOW,
      signal: new AbortController().signal,
      progress: () => {},
      client: async () => plainClient(this.folder),
      ...more,
    });
  }

  /** Writes an archive and answers its path. */
  zip(name: string, files: Readonly<Record<string, Uint8Array>>): string {
    const path = join(this.folder, name);
    writeFileSync(path, zipSync(files));
    return path;
  }

  /** Expects that an update is refused, with this code; answers what it says. */
  async refused(from: string, code: string): Promise<string> {
    try {
      await this.update(from);
    } catch (error) {
      assert.ok(error instanceof UpdateRefused, String(error));
      assert.equal(error.code, code);
      return error.message;
    }
    return assert.fail("it was taken");
  }

  /** The ids that are kept against a project. */
  stored(name = "demo"): string[] {
    const kept = this.knowledge.advisories.read([name])?.get(name);
    return kept?.records.map(({ id }) => id) ?? [];
  }

  close(): void {
    this.knowledge.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
