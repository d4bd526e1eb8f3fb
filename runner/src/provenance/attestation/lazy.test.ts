// What verifies is loaded when there is something to verify, and by nothing else.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Says at the end which of the heavy parts were loaded. */
const HOOK = `
  import { registerHooks } from "node:module";
  const loaded = new Set();
  registerHooks({ load(url, context, next) {
    const found = /\\/(@sigstore|tuf-js|@tufjs)\\/|\\/attestation\\/(\\w+)\\.ts/.exec(url);
    if (found) loaded.add(found[1] ?? found[2]);
    return next(url, context);
  } });
  process.on("exit", () => console.error("LOADED " + JSON.stringify([...loaded].sort())));
`;
const FLAGS = [
  "--disable-warning=ExperimentalWarning",
  "--import",
  `data:text/javascript,${encodeURIComponent(HOOK)}`,
];
const ENTRY = new URL("../../faces/main.ts", import.meta.url).pathname;

const loadedOf = (stderr: string): string[] => JSON.parse(/LOADED (.*)/.exec(stderr)?.[1] ?? "null");

describe("verifying attestations", function () {
  this.timeout(30_000);
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "thoth-lazy-"));
    writeFileSync(join(folder, "requirements.txt"), "flask==3.1.3\n");
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  for (const command of [["list"], ["check", "--offline"]]) {
    it(`costs thoth ${command.join(" ")} nothing`, async () => {
      const env = { ...process.env, XDG_DATA_HOME: folder, PIP_CONFIG_FILE: "/dev/null" };
      const args = [...FLAGS, ENTRY, ...command, join(folder, "requirements.txt")];
      const { stderr } = await run(process.execPath, args, { env, cwd: folder }).catch(
        (error: { stderr: string }) => error,
      );
      assert.deepEqual(loadedOf(stderr), []);
    });
  }

  it("loads the library with the first verdict, and TUF not even then", async () => {
    const script = `
      const { verifyProvenance, shippedTrust } = await import(process.argv[1]);
      process.stderr.write("BEFORE " + typeof verifyProvenance + "\\n");
      const trust = await shippedTrust();
      const input = { filename: "a-1.tar.gz", sha256: "", provenance: { version: 1, attestation_bundles: [] }, trust, now: 0 };
      console.log((await verifyProvenance(input)).state);`;
    const entry = new URL("index.ts", import.meta.url).href;
    const { stdout, stderr } = await run(process.execPath, [
      ...FLAGS,
      "--input-type=module",
      "-e",
      script,
      entry,
    ]);
    assert.equal(stdout.trim(), "absent");
    const loaded = loadedOf(stderr);
    assert.ok(loaded.includes("@sigstore") && loaded.includes("verify"));
    assert.ok(!loaded.includes("tuf-js") && !loaded.includes("tuf"), loaded.join(" "));
  });
});
