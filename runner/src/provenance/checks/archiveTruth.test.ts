// Archives that two readers would read as two: each fault is made by hand in an otherwise sound one.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { strToU8, zipSync } from "fflate";
import { buildSdist, buildTarGz, buildWheel } from "../../../../test/support/index.ts";
import { checkArchive } from "./archiveTruth.ts";

describe("archive truth", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "thoth-truth-"));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** What is wrong with the bytes, in sentences without the file's name. */
  const faults = async (bytes: Uint8Array, filename = "demo-1.0-py3-none-any.whl"): Promise<string[]> => {
    const path = join(folder, "artifact");
    writeFileSync(path, bytes);
    const results = await checkArchive(path, filename, "the index", "0".repeat(64));
    for (const { state } of results)
      assert.equal(state, results.length === 1 && state === "passed" ? "passed" : "failed");
    return results
      .filter(({ state }) => state === "failed")
      .map(({ message }) => message.slice(filename.length + 2));
  };
  const wheel = (): Buffer => Buffer.from(buildWheel({ name: "demo", version: "1.0" }).bytes);
  /** The members of a sound wheel as fflate takes them, with changes. */
  const rezip = (changes: Readonly<Record<string, Uint8Array | undefined>>): Uint8Array => {
    const info = "demo-1.0.dist-info";
    const files: Record<string, Uint8Array> = {
      "demo.py": strToU8("x = 1\n"),
      [`${info}/METADATA`]: strToU8("Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n"),
      [`${info}/WHEEL`]: strToU8("Wheel-Version: 1.0\n"),
    };
    const { createHash } = process.getBuiltinModule("node:crypto");
    const rows = Object.entries(files).map(
      ([name, data]) =>
        `${name},sha256=${createHash("sha256").update(data).digest("base64url")},${data.length}`,
    );
    files[`${info}/RECORD`] = strToU8(`${rows.join("\n")}\n${info}/RECORD,,\n`);
    for (const [name, data] of Object.entries(changes)) {
      if (data) files[name] = data;
      else delete files[name];
    }
    return zipSync(files, { level: 0 });
  };

  it("passes sound wheels and sdists, in every packing", async () => {
    assert.deepEqual(await faults(wheel()), []);
    assert.deepEqual(await faults(rezip({})), []);
    const sdist = buildSdist({ name: "demo", version: "1.0" });
    assert.deepEqual(await faults(sdist.bytes, sdist.filename), []);
    const zip = buildSdist({ name: "demo", version: "1.0", format: "zip" });
    assert.deepEqual(await faults(zip.bytes, zip.filename), []);
  });

  it("compares RECORD with the contents, both ways", async () => {
    assert.deepEqual(await faults(rezip({ "extra.py": strToU8("") })), [
      "it holds extra.py, which its RECORD does not name.",
    ]);
    assert.deepEqual(await faults(rezip({ "demo.py": undefined })), [
      "its RECORD names demo.py, which it does not hold.",
    ]);
    assert.deepEqual(await faults(rezip({ "demo.py": strToU8("x = 2\n") })), [
      "demo.py has another digest than its RECORD says.",
    ]);
    assert.deepEqual(await faults(rezip({ "demo-1.0.dist-info/RECORD": undefined })), ["it has no RECORD."]);
  });

  it("sees bytes before, between and behind, and a comment", async () => {
    const whole = wheel();
    assert.match(
      (await faults(Buffer.concat([whole, Buffer.from("tail")]))).join(),
      /4 bytes lie behind the archive's end/,
    );
    const commented = Buffer.from(whole);
    commented.writeUInt16LE(4, commented.length - 2);
    assert.match(
      (await faults(Buffer.concat([commented, Buffer.from("tail")]))).join(),
      /4 bytes stand in the archive's comment/,
    );
    const before = await faults(Buffer.concat([Buffer.from("MZ stub"), whole]));
    assert.ok(before.length > 0);
  });

  it("sees a member that is there twice, and headers that disagree", async () => {
    const twice = Buffer.from(rezip({ "dema.py": strToU8("x = 1\n") }));
    for (let at = twice.indexOf("dema.py"); at >= 0; at = twice.indexOf("dema.py"))
      twice.write("demo.py", at);
    assert.match((await faults(twice)).join(), /demo\.py is in it 2 times/);
    const other = wheel();
    other.write("damo.py", other.indexOf("demo.py"));
    assert.match((await faults(other)).join(), /the header in front of demo\.py says another name/);
    const sized = Buffer.from(rezip({}));
    sized.writeUInt32LE(5, sized.indexOf("demo.py") - 8);
    assert.match((await faults(sized)).join(), /says another size/);
  });

  it("sees names that leave the folder, and names that are one on some systems", async () => {
    assert.match((await faults(rezip({ "../evil.py": strToU8("") }))).join(), /outside of the folder/);
    assert.match((await faults(rezip({ "DEMO.py": strToU8("") }))).join(), /one file on some systems/);
    const tar = buildTarGz({ "demo-1.0/PKG-INFO": "", "demo-1.0/../../evil": "" });
    assert.match((await faults(tar, "demo-1.0.tar.gz")).join(), /outside of the folder/);
    const two = buildTarGz({ "demo-1.0/PKG-INFO": "", "evil/x.py": "" });
    assert.match((await faults(two, "demo-1.0.tar.gz")).join(), /2 folders at its top/);
  });

  it("fails what is no archive, is cut or unpacks to other than it says, and never throws", async () => {
    const whole = wheel();
    for (const bytes of [
      Buffer.alloc(0),
      Buffer.from("no archive"),
      whole.subarray(0, 100),
      whole.subarray(60),
    ])
      assert.ok((await faults(bytes)).length > 0);
    assert.ok((await faults(Buffer.from("no archive"), "demo-1.0.tar.gz")).length > 0);
    for (let at = 0; at < whole.length; at += 7) {
      const bent = Buffer.from(whole);
      bent[at] = bent[at]! ^ 0xff;
      await faults(bent);
    }
  });
});
