// The operation from a manifest on disk to an answer that is kept.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type {
  ValidateInput,
  ValidateOutput,
  ValidatePartial,
} from "../../../shared/src/protocol/validate.ts";
import { input as inputSchema, output as outputSchema } from "../../../shared/src/protocol/validate.ts";
import { InspectionFixture, sandboxProblem } from "../inspect/testing.ts";
import { createContext, type OperationContext } from "./context.ts";
import { validate } from "./validate.ts";

const problem = sandboxProblem();

describe(`validate${problem ? ` (skipped: ${problem})` : ""}`, function () {
  this.timeout(60_000);
  let fixture: InspectionFixture;
  let context: OperationContext;
  const partials: ValidatePartial[] = [];

  before(function () {
    if (problem) this.skip();
    fixture = new InspectionFixture();
    fixture.wheel("calm", "");
    fixture.wheel("front", "import cause\n", { requires: ["cause"] });
    fixture.wheel("cause", "raise RuntimeError('no luck')\n");
    context = createContext({
      version: "0.0.0",
      machine: {
        env: {
          PATH: process.env.PATH,
          XDG_CACHE_HOME: join(fixture.folder, "c"),
          XDG_STATE_HOME: join(fixture.folder, "s"),
          XDG_DATA_HOME: join(fixture.folder, "d"),
          PIP_NO_INDEX: "1",
          PIP_FIND_LINKS: fixture.wheels,
        },
        platform: process.platform,
        home: fixture.folder,
      },
    });
  });
  after(async () => {
    await context?.close();
    fixture?.remove();
  });

  const file = (name: string, text: string): string => {
    const path = join(fixture.folder, "project", name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    return path;
  };
  const call = async (
    more: Partial<ValidateInput>,
    signal = new AbortController().signal,
  ): Promise<ValidateOutput> => {
    partials.length = 0;
    const cwd = join(fixture.folder, "project");
    const input = inputSchema.parse({ cwd, path: "requirements.txt", ...more });
    const answer = await validate(
      context,
      input,
      { progress: () => {}, partial: (piece) => partials.push(piece), warn: () => {} },
      signal,
    );
    return outputSchema.parse(answer.result);
  };

  it("validates a manifest with its includes and constraints, by pip's own configuration, and keeps the answer", async () => {
    const path = file("requirements.txt", "-r more/other.txt\n-c narrow.txt\n");
    file("more/other.txt", "calm>=1\n");
    file("narrow.txt", "calm<2\n");
    const result = await call({});
    assert.equal(result.outcome, "passed", JSON.stringify(result.observations));
    assert.deepEqual(
      result.packages.map(({ name, version }) => `${name} ${version}`),
      ["calm 1.0"],
    );
    assert.deepEqual(
      partials.map(({ stage }) => stage.name),
      ["resolve", "fetch", "install", "check", "import"],
    );
    assert.match(readFileSync(result.log!, "utf8"), /== outcome: passed/);
    const knowledge = await context.knowledge();
    const [kept] = await knowledge.inspections.inspectionsOf({ manifest: path });
    assert.equal(kept?.value.id, result.id);
    assert.equal(kept?.value.outcome, "passed");
  });

  it("ties a failure to the line of the requirement in the file that has it", async () => {
    file("requirements.txt", "calm\n-r more/other.txt\n");
    file("more/other.txt", "# a comment\nfront==1.0\n");
    const result = await call({});
    assert.equal(result.outcome, "import-failed");
    const [first] = result.observations;
    assert.deepEqual(
      [first?.package, first?.requirement, first?.path, first?.line],
      ["cause", "front", join("more", "other.txt"), 1],
    );
    assert.match(first?.message ?? "", /^cause 1\.0 fails when cause is imported: RuntimeError: no luck/);
  });

  it("takes constraints that only the call names", async () => {
    file("requirements.txt", "calm\n");
    file("extra.txt", "calm>=2\n");
    const result = await call({ constraints: ["extra.txt"] });
    assert.equal(result.outcome, "install-failed", JSON.stringify(result.observations));
  });

  it("takes an open text in place of the file's", async () => {
    const path = file("requirements.txt", "front\n");
    assert.equal((await call({ texts: { [path]: "calm\n" } })).outcome, "passed");
  });

  it("takes the pins of a lock beside a Pipfile", async () => {
    file("Pipfile", '[packages]\nfront = "*"\n');
    const lock = {
      _meta: { "pipfile-spec": 6, requires: {}, sources: [] },
      default: { calm: { version: "==1.0" } },
      develop: { front: { version: "==1.0" } },
    };
    const path = file("Pipfile.lock", JSON.stringify(lock, null, 4));
    const locked = await call({ path: "Pipfile" });
    assert.equal(locked.outcome, "passed", JSON.stringify(locked.observations));
    assert.deepEqual(
      locked.packages.map(({ name }) => name),
      ["calm"],
    );
    rmSync(path);
    assert.equal((await call({ path: "Pipfile" })).outcome, "import-failed");
  });

  it("takes a lock with many digests for each package, as pipenv writes it, and names the line of one that is wrong", async () => {
    file("Pipfile", '[packages]\ncalm = "*"\nquiet = "*"\n');
    fixture.wheel("quiet", "");
    const digest = (name: string): string =>
      `sha256:${createHash("sha256")
        .update(readFileSync(join(fixture.wheels, name)))
        .digest("hex")}`;
    const others = ["0", "1", "2"].map((digit) => `sha256:${digit.repeat(64)}`);
    const lock = (quiet: readonly string[]): string =>
      JSON.stringify(
        {
          _meta: { hash: { sha256: "0".repeat(64) }, "pipfile-spec": 6, requires: {}, sources: [] },
          default: {
            calm: {
              hashes: [...others, digest("calm-1.0-py3-none-any.whl")],
              index: "pypi",
              version: "==1.0",
            },
            quiet: { hashes: quiet, markers: "python_version >= '3.7'", version: "==1.0" },
          },
          develop: {},
        },
        null,
        4,
      );
    const text = lock([digest("quiet-1.0-py3-none-any.whl"), ...others]);
    const path = file("Pipfile.lock", text);
    const good = await call({ path: "Pipfile" });
    assert.equal(good.outcome, "passed", JSON.stringify(good.observations));
    assert.deepEqual(
      good.packages.map(({ name, sha256 }) => `${name} sha256:${sha256}`),
      ["calm", "quiet"].map((name) => `${name} ${digest(`${name}-1.0-py3-none-any.whl`)}`),
    );
    const wrong = lock(others);
    file("Pipfile.lock", wrong);
    const bad = await call({ path: "Pipfile" });
    assert.equal(bad.outcome, "install-failed");
    const [first] = bad.observations;
    assert.match(first?.message ?? "", /^A file of quiet is refused: it does not have the digest/);
    assert.deepEqual(
      [first?.path, first?.line],
      ["Pipfile.lock", wrong.split("\n").findIndex((line) => line.includes('"quiet"'))],
    );
    rmSync(path);
  });

  it("takes what is kept when it is offline, and says what is missing", async () => {
    file("requirements.txt", "calm\n");
    assert.equal((await call({})).outcome, "passed");
    const away = {
      offline: true,
      usePipConfiguration: false,
      index: { indexUrl: "http://127.0.0.1:9/simple" },
    };
    const kept = await call(away);
    assert.equal(kept.outcome, "passed", JSON.stringify(kept.observations));
    file("requirements.txt", "calm\nnever-seen>=2\n");
    const result = await call(away);
    assert.equal(result.outcome, "infrastructure-failed");
    assert.match(
      result.observations[0]?.message ?? "",
      /^never-seen is not among the wheels kept on this machine/,
    );
    assert.equal(result.observations[0]?.line, 1);
  });

  it("keeps nothing of a validation that says nothing of the stack", async () => {
    const path = file("requirements.txt", "calm\nnever-seen\n");
    const before = await (await context.knowledge()).inspections.inspectionsOf({ manifest: path });
    const result = await call({ offline: true, usePipConfiguration: false });
    assert.equal(result.outcome, "infrastructure-failed");
    const after = await (await context.knowledge()).inspections.inspectionsOf({ manifest: path });
    assert.deepEqual(after, before);
  });

  it("refuses what would have to be built, by its line", async () => {
    file("requirements.txt", "calm\n-e .\n");
    const result = await call({});
    assert.equal(result.outcome, "refused");
    assert.equal(result.observations[0]?.line, 1);
    assert.equal(result.observations[0]?.reason, "editable");
  });

  it("answers a cancel with what it has", async () => {
    file("requirements.txt", "calm\n");
    const stop = new AbortController();
    stop.abort();
    const result = await call({}, stop.signal);
    assert.equal(result.outcome, "cancelled");
    const knowledge = await context.knowledge();
    const manifest = join(fixture.folder, "project", "requirements.txt");
    const kept = await knowledge.inspections.inspectionsOf({ manifest });
    assert.ok(kept.length > 0 && kept.every(({ value }) => value.id !== result.id));
  });

  it("says so when the manifest or the interpreter is not there", async () => {
    await assert.rejects(call({ path: "absent.txt" }), { code: "not-found", kind: "unreadable" });
    file("requirements.txt", "calm\n");
    await assert.rejects(call({ environment: { python: "3.99" } }), { code: "no-interpreter" });
    await assert.rejects(call({ environment: { platform: "win_amd64" } }), { code: "platform-not-here" });
  });
});
