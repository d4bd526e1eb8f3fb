// What a repair may raise to: a release that fails a check of where it comes from is passed over, and it is said why.
import assert from "node:assert/strict";
import type { FixOutput } from "../../../shared/src/protocol/fix.ts";
import {
  buildWheel,
  type IndexedFile,
  type IndexedProject,
  type RunningIndex,
  startIndex,
} from "../../../test/support/index.ts";
import { advisory, makeOperationPlace, NOW, type OperationPlace } from "../../../test/support/operations.ts";
import { createSigstore, type Signer } from "../../../test/support/sigstore.ts";

const DAY = 86_400_000;
const old = new Date(NOW - 400 * DAY).toISOString();
const today = new Date(NOW - 3_600_000).toISOString();

const file = (name: string, version: string, more: Partial<IndexedFile> = {}): IndexedFile => ({
  artifact: buildWheel({ name, version }),
  uploadTime: old,
  ...more,
});

describe("the release that a repair raises to", function () {
  this.timeout(60_000);
  let place: OperationPlace;
  let index: RunningIndex;
  const served: Record<string, unknown> = {};

  before(async () => {
    index = await startIndex(
      {},
      {
        misbehave: (request, response) => {
          const body = served[request.url ?? ""];
          if (body === undefined) return undefined;
          response.writeHead(200, { "content-type": "application/vnd.pypi.integrity.v1+json" });
          return !!response.end(JSON.stringify(body));
        },
      },
    );
  });
  beforeEach(() => {
    place = makeOperationPlace();
    for (const name of Object.keys(index.projects)) delete index.projects[name];
  });
  afterEach(() => place.remove());
  after(() => index.close());

  const serve = (projects: Record<string, IndexedProject["files"]>): void => {
    for (const [name, files] of Object.entries(projects)) index.projects[name] = [...files];
  };
  const fix = async (input: object = {}, now?: number) => {
    const { result } = await place.run<FixOutput>(
      "fix",
      {
        paths: ["requirements.txt"],
        constraints: [],
        rules: {},
        choose: [],
        write: true,
        allowDowngrade: false,
        only: ["known-vulnerability"],
        index: { indexUrl: index.url },
        ...input,
      },
      now,
    );
    const [one] = result.files;
    return { lines: place.read("requirements.txt"), fix: one?.fixes[0], left: result.left };
  };

  it("is not within the cool-down, unless it is a security fix itself: that passes, labelled", async () => {
    await place.advise(advisory("GHSA-1", "lib", "1.1"));
    serve({ lib: [file("lib", "1.0"), file("lib", "1.1", { uploadTime: today })] });
    place.write("requirements.txt", "lib==1.0\n");
    const own = await fix();
    assert.equal(own.lines, "lib==1.1\n");
    assert.match(own.fix?.title ?? "", /; passes the cool-down as a security fix/);
    place.write(".thoth.yaml", "policy: {cool-down: {security-fixes: false}}\n");
    place.write("requirements.txt", "lib==1.0\n");
    const refused = await fix();
    assert.equal(refused.lines, "lib==1.0\n");
    assert.match(refused.left[0]?.reason ?? "", /1\.1 skipped: within the cool-down/);
  });

  it("is the next one where a parent that is raised for what it brings in is too young", async () => {
    await place.advise(advisory("GHSA-1", "lib", "1.1"));
    const app = (version: string, needs: string, uploadTime: string): IndexedFile => ({
      artifact: buildWheel({ name: "app", version, requires: [`lib==${needs}`] }),
      uploadTime,
    });
    serve({
      lib: [file("lib", "1.0"), file("lib", "1.1"), file("lib", "1.2")],
      app: [app("1.0", "1.0", old), app("1.1", "1.1", today), app("1.2", "1.2", old)],
    });
    place.write("requirements.txt", "app==1.0\n");
    const found = await fix();
    assert.equal(found.lines, "app==1.2\n");
    assert.match(found.fix?.title ?? "", /app 1\.1 skipped: within the cool-down/);
    assert.ok(found.fix?.notes?.some((note) => /app-1\.1.* was uploaded 1 hour ago/.test(note)));
  });

  it("is no release of a project that its index has quarantined, and none reported as malicious", async () => {
    const malicious = { affected: [{ package: { ecosystem: "PyPI", name: "lib" }, versions: ["1.1"] }] };
    await place.advise(advisory("GHSA-1", "lib", "1.1"), advisory("MAL-2026-1", "lib", "1.1", malicious));
    serve({ lib: [file("lib", "1.0"), file("lib", "1.1"), file("lib", "1.2")] });
    place.write("requirements.txt", "lib==1.0\n");
    assert.equal((await fix()).lines, "lib==1.2\n");
  });

  it("has the publisher of before: a release of another one is skipped by name, and the next is taken", async () => {
    const sigstore = await createSigstore();
    const sign = async (version: string, signer: Partial<Signer> = {}): Promise<IndexedFile> => {
      const one = file("lib", version);
      const { filename, sha256 } = one.artifact;
      served[`/integrity/${version}`] = await sigstore.provenance({ filename, sha256, signer });
      return { ...one, provenance: `${index.origin}/integrity/${version}` };
    };
    place.write("root.json", JSON.stringify(sigstore.root));
    await place.advise(advisory("GHSA-1", "lib", "1.1"));
    const stolen = { ownerId: "666", repositoryId: "6666" };
    serve({
      lib: [await sign("1.0"), await sign("1.1", stolen), await sign("1.2", stolen), await sign("1.3")],
    });
    place.write("requirements.txt", "lib==1.0\n");
    const found = await fix({ trustedRoot: `${place.folder}/root.json` }, Date.now());
    assert.equal(found.lines, "lib==1.3\n", JSON.stringify(found));
    assert.match(
      found.fix?.title ?? "",
      /; 1\.1 skipped: publisher changed; 1\.2 skipped: publisher changed/,
    );
    assert.ok(
      found.fix?.notes?.some((note) => /^lib 1\.1 skipped: publisher changed \(.*octo\/demo/.test(note)),
    );
  });

  it("is still attested where the releases before it were", async () => {
    const sigstore = await createSigstore();
    const { artifact } = file("lib", "1.0");
    const { filename, sha256 } = artifact;
    served["/integrity/first"] = await sigstore.provenance({ filename, sha256 });
    place.write("root.json", JSON.stringify(sigstore.root));
    await place.advise(advisory("GHSA-1", "lib", "1.1"));
    serve({
      lib: [
        file("lib", "1.0", { provenance: `${index.origin}/integrity/first` }),
        file("lib", "1.1", { provenance: null }),
      ],
    });
    place.write("requirements.txt", "lib==1.0\n");
    const found = await fix({ trustedRoot: `${place.folder}/root.json` }, Date.now());
    assert.equal(found.lines, "lib==1.0\n");
    assert.match(found.left[0]?.reason ?? "", /1\.1 skipped: no longer attested/);
  });

  it("is told with what could not be checked of it", async () => {
    await place.advise(advisory("GHSA-1", "lib", "1.1"));
    serve({
      lib: [file("lib", "1.0"), file("lib", "1.1", { provenance: `${index.origin}/integrity/none` })],
    });
    place.write("requirements.txt", "lib==1.0\n");
    const check = { paths: ["requirements.txt"], constraints: [], rules: {}, index: { indexUrl: index.url } };
    await place.run("check", check);
    const found = await fix({ offline: true });
    assert.equal(found.lines, "lib==1.1\n", JSON.stringify(found));
    assert.match(found.fix?.title ?? "", /; \d checks? not made/);
    assert.ok(found.fix?.notes?.some((note) => /^lib 1\.1: attestation not checked: .*offline/i.test(note)));
  });
});

describe("a repair for several environments", function () {
  this.timeout(60_000);
  let place: OperationPlace;
  let index: RunningIndex;

  before(async () => {
    const wheel = (version: string, tag?: string): IndexedFile => ({
      artifact: buildWheel({ name: "lib", version, ...(tag ? { tag } : {}) }),
      uploadTime: old,
    });
    index = await startIndex({
      lib: { files: [wheel("1.0"), wheel("1.1", "cp311-cp311-manylinux_2_28_x86_64"), wheel("1.2")] },
    });
  });
  beforeEach(() => {
    place = makeOperationPlace();
  });
  afterEach(() => place.remove());
  after(() => index.close());

  const fix = async (input: object) => {
    await place.advise(advisory("GHSA-1", "lib", "1.1"));
    place.write("requirements.txt", "lib==1.0\n");
    const common = { paths: ["requirements.txt"], constraints: [], rules: {}, choose: [], write: true };
    const more = { allowDowngrade: false, only: ["known-vulnerability"], index: { indexUrl: index.url } };
    await place.run<FixOutput>("fix", { ...common, ...more, ...input });
    return place.read("requirements.txt");
  };

  it("takes what resolves here, where nothing else is declared", async () => {
    assert.equal(await fix({}), "lib==1.1\n");
  });

  it("offers no pin that clears here and does not resolve on a platform of the list", async () => {
    const environments = [
      { python: "3.11.7", platform: "x86_64-manylinux_2_28" },
      { python: "3.12", platform: "windows" },
    ];
    assert.equal(await fix({ environments }), "lib==1.2\n");
  });

  it("holds for the environments that .thoth.yaml declares for locks, whatever interpreter is selected", async () => {
    place.write(
      ".thoth.yaml",
      "environments:\n  here: {python: '3.11'}\n  there: {python: '3.12', platform: windows}\nlock: {environments: [here, there]}\n",
    );
    place.write(".venv/pyvenv.cfg", "home = /nowhere/bin\nversion = 3.11.7\n");
    const interpreter = place.write(".venv/bin/python3", "");
    assert.equal(await fix({ environment: { interpreter } }), "lib==1.2\n");
    assert.equal(await fix({ environment: { python: "3.11", platform: "linux" } }), "lib==1.1\n");
  });
});
