// Builds of small and of hostile source distributions with the real bubblewrap, pip and Python of this machine.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import tar from "tar-stream";
import { buildTreeSdist, type TreeOptions } from "../../../../test/support/sources.ts";
import { buildWheel } from "../../../../test/support/wheels.ts";
import type { FetchedWheel } from "../fetch.ts";
import { describeInterpreter, type Interpreter } from "../interpreter.ts";
import { InspectionFixture, interpreter, sandboxProblem, waitUntilGone } from "../testing.ts";
import { type BuildAnswer, type BuildCalls, type BuildRequest, buildSource } from "./buildSource.ts";
import { type BuildSystem, readBuildSystem } from "./buildSystem.ts";

const MIB = 1024 * 1024;
const problem = sandboxProblem();
const OWN: BuildSystem = { requires: [], backend: "backend", backendPath: ["."] };

describe("the build system of a source", () => {
  it("is what [build-system] says, and setuptools where it says nothing", () => {
    const legacy = readBuildSystem(undefined);
    assert.deepEqual(legacy, {
      requires: ["setuptools >= 40.8.0"],
      backend: "setuptools.build_meta:__legacy__",
      backendPath: [],
    });
    assert.deepEqual(readBuildSystem({ project: {} }), legacy);
    assert.deepEqual(readBuildSystem({ "build-system": { requires: ["wheel"] } }), {
      ...legacy,
      requires: ["wheel"],
    });
    assert.deepEqual(
      readBuildSystem({
        "build-system": { requires: [], "build-backend": "a.b:c", "backend-path": ["."] },
      }),
      { requires: [], backend: "a.b:c", backendPath: ["."] },
    );
  });

  it("has to be of the shape that PEP 518 gives it", () => {
    const faultOf = (table: unknown) => readBuildSystem({ "build-system": table });
    assert.deepEqual(faultOf({}), { fault: "has a [build-system] without a list of requirements" });
    assert.deepEqual(faultOf("x"), { fault: "has a [build-system] that is no table" });
    assert.deepEqual(faultOf({ requires: [], "build-backend": "os; import" }), {
      fault: "has a [build-system] whose build-backend is no module",
    });
  });
});

describe(`buildSource${problem ? ` (skipped: ${problem})` : ""}`, function () {
  this.timeout(120_000);
  let fixture: InspectionFixture;
  let python: Interpreter;

  before(async function () {
    if (problem) this.skip();
    fixture = new InspectionFixture();
    const found = await describeInterpreter(interpreter);
    assert.ok(found.ok);
    python = found.interpreter;
  });
  after(() => fixture?.remove());

  let archives = 0;
  function build(
    bytes: Uint8Array,
    more: Partial<BuildRequest> = {},
    calls: BuildCalls = {},
  ): Promise<BuildAnswer> {
    const folder = join(fixture.folder, `sdist-${archives++}`);
    mkdirSync(folder);
    const archive = join(folder, "thing-1.0.tar.gz");
    writeFileSync(archive, bytes);
    return buildSource(
      {
        subject: "thing 1.0",
        archive,
        system: OWN,
        want: "metadata",
        interpreter: python,
        cacheFolder: join(fixture.folder, "cache"),
        provide: async () => ({ wheels: [] }),
        ...more,
      },
      calls,
    );
  }
  const sdist = (options: Partial<TreeOptions> = {}): Uint8Array =>
    buildTreeSdist({ name: "thing", version: "1.0", ...options }).bytes;
  const failureOf = async (answer: Promise<BuildAnswer>) => {
    const found = await answer;
    assert.ok(!found.ok, JSON.stringify(found));
    return found;
  };
  const tarOf = async (
    entries: readonly (Partial<tar.Header> & { name: string; text?: string })[],
  ): Promise<Buffer> => {
    const pack = tar.pack();
    for (const { text, ...header } of entries) pack.entry(header as tar.Header, text ?? "");
    pack.finalize();
    const gzip = createGzip();
    const chunks: Buffer[] = [];
    gzip.on("data", (chunk: Buffer) => chunks.push(chunk));
    await pipeline(pack, gzip);
    return Buffer.concat(chunks);
  };

  /** A wheel on disk, as `provide` hands it over. */
  function wheel(name: string, modules: Record<string, string>): FetchedWheel {
    const built = buildWheel({ name, version: "1.0", modules });
    const path = join(fixture.wheels, built.filename);
    writeFileSync(path, built.bytes, { mode: 0o644 });
    return { name, version: "1.0", filename: built.filename, sha256: built.sha256, path };
  }

  it("gives the metadata that the back-end prepares, without its description", async () => {
    const metadata =
      "Metadata-Version: 2.1\nName: thing\nVersion: 1.0\nRequires-Dist: six>=1\n\nA long story.\n";
    const seen: string[] = [];
    const answer = await build(sdist({ metadata }), {}, { progress: (stage) => void seen.push(stage) });
    assert.deepEqual(answer, {
      ok: true,
      metadata: "Metadata-Version: 2.1\nName: thing\nVersion: 1.0\nRequires-Dist: six>=1",
    });
    assert.deepEqual(seen, ["requirements", "unpack", "install", "build"]);
    assert.deepEqual(readdirSync(join(fixture.folder, "cache", "runs")), []);
  });

  it("takes the metadata of a wheel where the back-end prepares none", async () => {
    const answer = await build(sdist({ hasPrepare: false, requires: ["six"] }));
    assert.match(answer.ok ? answer.metadata : answer.message, /^Requires-Dist: six$/m);
  });

  it("builds a wheel, and keeps it under its digest", async () => {
    const answer = await build(sdist({ source: "x = 1\n" }), { want: "wheel" });
    assert.ok(answer.ok, JSON.stringify(answer));
    const { filename, sha256, path } = answer.wheel!;
    assert.equal(filename, "thing-1.0-py3-none-any.whl");
    assert.equal(createHash("sha256").update(readFileSync(path)).digest("hex"), sha256);
  });

  it("installs the build requirements, and those that the back-end asks for beside them", async () => {
    const asked: (readonly string[])[] = [];
    const answer = await build(
      sdist({ buildRequires: ["helper"], asksFor: ["more"], atMetadata: "import helper, more" }),
      {
        system: { ...OWN, requires: ["helper"] },
        provide: async (requires) => {
          asked.push([...requires]);
          return { wheels: requires.map((name) => wheel(name, { [name]: "" })) };
        },
      },
    );
    assert.ok(answer.ok, JSON.stringify(answer));
    assert.deepEqual(asked, [["helper"], ["helper", "more"]]);
  });

  it("takes a back-end that its requirements bring, and says so where they do not", async () => {
    const system = { requires: [], backend: "absent_backend", backendPath: [] };
    const missing = await failureOf(build(sdist(), { system }));
    assert.equal(missing.outcome, "build-failed");
    assert.equal(
      missing.message,
      "thing 1.0 names the back-end absent_backend, which its build requirements do not bring.",
    );
    const elsewhere = await failureOf(build(sdist(), { system: { ...OWN, backend: "json" } }));
    assert.match(elsewhere.message, /names the back-end json, which is not where it says/);
    const outside = await failureOf(build(sdist(), { system: { ...OWN, backendPath: ["../.."] } }));
    assert.match(outside.message, /names a back-end outside of its own folder/);
  });

  it("tells the error of a back-end that fails, with its place", async () => {
    const failed = await failureOf(build(sdist({ atMetadata: "raise RuntimeError('no compiler')" })));
    assert.equal(failed.outcome, "build-failed");
    assert.equal(failed.message, "thing 1.0: it does not build: RuntimeError: no compiler");
    assert.match(failed.lines.join("\n"), /backend\.py", line \d+, in prepare_metadata_for_build_wheel/);
  });

  it("keeps the source from the network, the home folder and every file of the machine", async () => {
    const outside = join(fixture.folder, "outside");
    const refused = (statement: string): string =>
      `try:\n    ${statement}\nexcept OSError:\n    pass\nelse:\n    raise AssertionError(${JSON.stringify(statement)})\n`;
    const answer = await build(
      sdist({
        atImport: [
          "import socket",
          refused('socket.create_connection(("192.0.2.1", 80), 2)'),
          refused('socket.create_connection(("127.0.0.1", 22), 2)'),
          refused(`os.listdir(${JSON.stringify(homedir())} + "/.ssh")`),
          refused(`open(${JSON.stringify(outside)}, "w")`),
          refused('open("/usr/lib/thoth-was-here", "w")'),
          refused('open("/input/driver.py", "w")'),
          `assert os.environ["HOME"] == "/work/home", os.environ["HOME"]`,
          `assert not [name for name in os.environ if "TOKEN" in name or name.startswith("THOTH")]`,
        ].join("\n"),
      }),
    );
    assert.ok(answer.ok, JSON.stringify(answer));
    assert.equal(existsSync(outside), false);
  });

  it("stops what forks forever, fills the memory, the disk or the log", async () => {
    const run = async (atImport: string, limits: BuildRequest["limits"]) =>
      failureOf(build(sdist({ atImport }), { limits }));
    const forks = await run("while True:\n    os.fork()", { tasks: 64 });
    assert.equal(forks.outcome, "process-limit", JSON.stringify(forks));
    const memory = await run("hold = []\nwhile True: hold.append(bytearray(b'x') * 8000000)", {
      memory: 128 * MIB,
    });
    assert.equal(memory.outcome, "out-of-memory", JSON.stringify(memory));
    const disk = await run("with open('fill', 'wb') as file:\n    while True: file.write(b'x' * 1000000)", {
      disk: 64 * MIB,
    });
    assert.equal(disk.outcome, "disk-limit", JSON.stringify(disk));
    const flood = await run("for _ in range(1024): print('x' * 1048576)", { output: MIB });
    assert.equal(flood.outcome, "output-limit", JSON.stringify(flood));
    assert.equal(flood.message, "The build of thing 1.0 writes more than 1 MiB of output.");
    const slow = await run("import time\nwhile True: time.sleep(60)", { seconds: 3 });
    assert.equal(slow.outcome, "timed-out", JSON.stringify(slow));
  });

  it("refuses an archive that leads out of itself", async () => {
    const file = (name: string) => ({ name, type: "file" as const, text: "x" });
    const link = (name: string, linkname: string, type: "symlink" | "link" = "symlink") => ({
      name,
      linkname,
      type,
    });
    const cases: [string, (Partial<tar.Header> & { name: string; text?: string })[]][] = [
      ["above", [file("thing-1.0/../../escaped")]],
      ["absolute", [file("/work/escaped")]],
      ["beside its folder", [file("escaped")]],
      ["link to an absolute place", [link("thing-1.0/out", "/etc/passwd")]],
      ["link above", [link("thing-1.0/out", "../../home/x")]],
      [
        "through a link",
        [link("thing-1.0/a", "."), link("thing-1.0/a/b", "../../home"), file("thing-1.0/b/c")],
      ],
      ["hard link above", [link("thing-1.0/out", "thing-1.0/../../../etc/passwd", "link")]],
      ["device", [{ name: "thing-1.0/null", type: "character-device", devmajor: 1, devminor: 3 }]],
    ];
    for (const [what, entries] of cases) {
      const refused = await failureOf(build(await tarOf(entries)));
      assert.match(refused.message, /^thing 1\.0 is a source with an unsafe archive: /, what);
    }
    const broken = await failureOf(build(Buffer.from("no archive")));
    assert.match(broken.message, /^thing 1\.0 is a source with a broken archive: /);
  });

  it("unpacks links that stay inside", async () => {
    const { "pyproject.toml": _, ...files } = (await import("../../../../test/support/sources.ts")).treeFiles(
      {
        name: "thing",
        version: "1.0",
      },
    );
    const entries = Object.entries(files).map(([path, text]) => ({
      name: `thing-1.0/src/${path}`,
      type: "file" as const,
      text,
    }));
    const bytes = await tarOf([
      ...entries,
      { name: "thing-1.0/backend.py", type: "symlink", linkname: "src/backend.py" },
    ]);
    const answer = await build(bytes);
    assert.ok(answer.ok, JSON.stringify(answer));
  });

  it("believes nothing that the back-end leaves in the place of an answer", async () => {
    const links = await failureOf(
      build(
        sdist({
          atMetadata:
            'os.makedirs(directory + "/" + INFO); os.symlink("/etc/passwd", directory + "/" + INFO + "/METADATA"); return INFO',
        }),
      ),
    );
    assert.match(links.message, /^thing 1\.0 leaves no answer: /);
    const climbs = await failureOf(build(sdist({ atMetadata: 'return "../../home"' })));
    assert.match(climbs.message, /leaves no answer: names no folder of metadata/);
    const silent = await failureOf(build(sdist({ atMetadata: "os._exit(0)" })));
    assert.match(silent.message, /^thing 1\.0 leaves no answer: /);
    const long = await failureOf(
      build(sdist({ atMetadata: 'global METADATA; METADATA = "X: " + "y" * (1 << 21)' })),
    );
    assert.match(long.message, /gives metadata that is too long/);
    const rude = await failureOf(
      build(sdist({ atMetadata: 'open("/work/out/result.json", "w").write("[" * 100000); os._exit(0)' })),
    );
    assert.match(rude.message, /^thing 1\.0 |^The sandbox ended/);
  });

  it("leaves nothing of a build that is cancelled while it hangs", async () => {
    const stop = new AbortController();
    const cache = join(fixture.folder, "cache");
    const hanging = build(
      sdist({
        atImport:
          "import subprocess, time\nsubprocess.Popen(['sleep', '1000'])\nprint('hanging', flush=True)\ntime.sleep(1000)",
      }),
      {},
      {
        signal: stop.signal,
        onOutput: (chunk) => chunk.includes("hanging") && stop.abort(new Error("enough")),
      },
    );
    await assert.rejects(hanging, /enough/);
    assert.deepEqual(await waitUntilGone(join(cache, "runs"), undefined, 500), []);
    assert.deepEqual(readdirSync(join(cache, "runs")), []);
  });

  it("is refused where there is no sandbox", async () => {
    const refused = await failureOf(build(sdist(), { bubblewrap: "/nowhere/bwrap" }));
    assert.equal(refused.outcome, "refused");
    assert.equal(refused.reason, "no-sandbox");
    assert.match(refused.message, /^No sandbox: bubblewrap \(bwrap\) is not installed/);
  });
});
