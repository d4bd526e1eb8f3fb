// The trust root is asked for after an answer: once, not again for an hour where that failed, and never against the person's word.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startTufRepository, type TufRepository } from "../../../test/support/tuf.ts";
import { createContext, type OperationContext } from "./context.ts";
import { refreshTrustLater } from "./trustRoot.ts";

const HOUR = 3_600_000;

describe("the trust root after an answer", () => {
  let folder: string;
  let repository: TufRepository;
  let now: number;
  const opened: OperationContext[] = [];
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "thoth-trust-"));
    repository = await startTufRepository();
    repository.publish({ trustedRoot: {}, version: 1 });
    now = Date.now();
  });
  afterEach(async () => {
    for (const context of opened.splice(0)) await context.close();
    await repository.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const contextWith = (where: string): OperationContext => {
    const env = { XDG_DATA_HOME: folder, PIP_CONFIG_FILE: "/dev/null", THOTH_TRUST_REPOSITORY: where };
    const machine = { env: { ...env, PIP_RETRIES: "0" }, platform: process.platform, home: folder };
    const context = createContext({
      version: "0",
      machine,
      now: () => now,
      knowledgeFile: join(folder, "k.db"),
    });
    opened.push(context);
    return context;
  };

  it("is asked for when the answer has been told, and left alone for an hour where that failed", async () => {
    const context = contextWith(repository.url);
    refreshTrustLater(context, { cwd: folder });
    assert.equal(repository.requests.length, 0, "nothing is asked before the answer");
    await context.settle();
    const first = repository.requests.length;
    assert.ok(first > 0);
    now += HOUR / 2;
    refreshTrustLater(context, { cwd: folder });
    await context.settle();
    assert.equal(repository.requests.length, first);
    now += HOUR;
    refreshTrustLater(context, { cwd: folder });
    await context.settle();
    assert.ok(repository.requests.length > first);
  });

  it("is not asked for offline, and not where the person has switched it off", async () => {
    const context = contextWith(repository.url);
    refreshTrustLater(context, { cwd: folder, offline: true });
    await context.settle();
    const off = contextWith("off");
    refreshTrustLater(off, { cwd: folder });
    await off.settle();
    assert.equal(repository.requests.length, 0);
  });
});
