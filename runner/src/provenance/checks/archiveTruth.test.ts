// Archives that two readers would read as two: each fault is made by hand in an otherwise sound one.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32, gunzipSync, gzipSync } from "node:zlib";
import { strToU8, zipSync } from "fflate";
import { buildSdist, buildTarGz, buildWheel } from "../../../../test/support/index.ts";
import { checkArchive } from "./archiveTruth.ts";

interface ZipMember {
  readonly name: string;
  readonly data: Uint8Array;
  /** What stands behind the member: checksum and sizes of 4 or 8 bytes, with a signature or none. */
  readonly descriptor?: { readonly wide?: boolean; readonly unsigned?: boolean; readonly crc?: number };
  /** Sizes stand in an extra field of 64 bits. */
  readonly is64?: boolean;
  /** A further extra field of the list. */
  readonly extra?: Uint8Array;
}

const u16 = (value: number): Buffer => Buffer.from([value & 255, value >> 8]);
const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};
const u64 = (value: number): Buffer => Buffer.concat([u32(value), u32(0)]);

/** A zip archive of stored members, with the forms that large files and streams have (APPNOTE 4.3 to 4.5). */
function writeZip(
  members: readonly ZipMember[],
  options: { readonly end64?: boolean; readonly smallCount?: number; readonly comment?: string } = {},
): Buffer {
  const parts: Buffer[] = [];
  const list: Buffer[] = [];
  let at = 0;
  for (const { name, data, descriptor, is64, extra = new Uint8Array() } of members) {
    const raw = Buffer.from(name);
    const crc = crc32(data);
    const sizes = [u32(is64 ? 0xffffffff : data.length), u32(is64 ? 0xffffffff : data.length)];
    const large = is64
      ? Buffer.concat([u16(1), u16(16), u64(data.length), u64(data.length)])
      : Buffer.alloc(0);
    const start = [u16(20), u16((descriptor ? 8 : 0) | 0x800), u16(0), u32(0)];
    const open = descriptor ? [u32(0), u32(0), u32(0)] : [u32(crc), ...sizes];
    const local = [
      u32(0x04034b50),
      ...start,
      ...open,
      u16(raw.length),
      u16(descriptor ? 0 : large.length),
      raw,
    ];
    const wide = descriptor?.wide ? u64 : u32;
    const behind = descriptor
      ? [
          ...(descriptor.unsigned ? [] : [u32(0x08074b50)]),
          u32(descriptor.crc ?? crc),
          wide(data.length),
          wide(data.length),
        ]
      : [];
    const piece = Buffer.concat([...local, ...(descriptor ? [] : [large]), data, ...behind]);
    list.push(
      ...[u32(0x02014b50), u16(20), ...start, u32(crc), ...sizes, u16(raw.length)],
      ...[
        u16(large.length + extra.length),
        u16(0),
        u16(0),
        u16(0),
        u32(0),
        u32(at),
        raw,
        large,
        Buffer.from(extra),
      ],
    );
    parts.push(piece);
    at += piece.length;
  }
  const listed = Buffer.concat(list);
  const count = members.length;
  const end64 = options.end64
    ? [
        ...[u32(0x06064b50), u64(44), u16(45), u16(45), u32(0), u32(0), u64(count), u64(count)],
        ...[u64(listed.length), u64(at), u32(0x07064b50), u32(0), u64(at + listed.length), u32(1)],
      ]
    : [];
  const small = options.smallCount ?? count;
  const end = [u32(0x06054b50), u32(0), u16(small), u16(small), u32(listed.length), u32(at)];
  const comment = Buffer.from(options.comment ?? "");
  return Buffer.concat([...parts, listed, ...end64, ...end, u16(comment.length), comment]);
}

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
  /** The members of a sound wheel, its RECORD last; `own` come before it and stand in it. */
  const sound = (own: Readonly<Record<string, Uint8Array>> = {}): Record<string, Uint8Array> => {
    const info = "demo-1.0.dist-info";
    const files: Record<string, Uint8Array> = {
      "demo.py": strToU8("x = 1\n"),
      [`${info}/METADATA`]: strToU8("Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n"),
      [`${info}/WHEEL`]: strToU8("Wheel-Version: 1.0\n"),
      ...own,
    };
    const rows = Object.entries(files).map(
      ([name, data]) =>
        `${name},sha256=${createHash("sha256").update(data).digest("base64url")},${data.length}`,
    );
    files[`${info}/RECORD`] = strToU8(`${rows.join("\n")}\n${info}/RECORD,,\n`);
    return files;
  };
  /** The same as fflate packs them, with changes that RECORD knows nothing of. */
  const rezip = (changes: Readonly<Record<string, Uint8Array | undefined>>, own = {}): Uint8Array => {
    const files = sound(own);
    for (const [name, data] of Object.entries(changes)) {
      if (data) files[name] = data;
      else delete files[name];
    }
    return zipSync(files, { level: 0 });
  };
  /** The same as a writer packs them that `change` tells how. */
  const written = (change: (member: ZipMember) => ZipMember, options = {}): Buffer =>
    writeZip(
      Object.entries(sound()).map(([name, data]) => change({ name, data })),
      options,
    );

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

  it("passes what large files and streams are packed like, and comments", async () => {
    for (const bytes of [
      written((one) => one),
      written((one) => ({ ...one, is64: true })),
      written((one) => one, { end64: true }),
      written((one) => one, { end64: true, smallCount: 0xffff }),
      written((one) => ({ ...one, descriptor: {} })),
      written((one) => ({ ...one, descriptor: { wide: true } })),
      written((one) => ({ ...one, descriptor: { unsigned: true } })),
      written((one) => ({ ...one, descriptor: { unsigned: true, wide: true } })),
      written((one) => one, { comment: "a".repeat(40) }),
    ])
      assert.deepEqual(await faults(bytes), []);
  });

  it("sees what a reader of streams, of 64 bits or of extra fields would see otherwise", async () => {
    const only = (change: Partial<ZipMember>) => (one: ZipMember) =>
      one.name === "demo.py" ? { ...one, ...change } : one;
    assert.match(
      (await faults(written(only({ descriptor: { crc: 1 } })))).join(),
      /the record behind demo\.py says another checksum or size/,
    );
    assert.match(
      (await faults(written((one) => one, { end64: true, smallCount: 2 }))).join(),
      /two end records say two/,
    );
    assert.match(
      (await faults(written((one) => one, { comment: "PK\u0005\u0006" }))).join(),
      /another archive/,
    );
    const otherName = Buffer.concat([
      u16(0x7075),
      u16(5 + 7),
      Buffer.from([1]),
      u32(0),
      Buffer.from("evil.py"),
    ]);
    assert.match(
      (await faults(written(only({ extra: otherName })))).join(),
      /another name in its extra field/,
    );
    const beyond = Buffer.concat([u16(0x7075), u16(60), Buffer.alloc(8)]);
    assert.match((await faults(written(only({ extra: beyond })))).join(), /goes beyond its header/);
    const twice = Buffer.concat([u16(1), u16(0), u16(1), u16(0)]);
    assert.match((await faults(written(only({ extra: twice })))).join(), /the same extra field twice/);
    assert.match((await faults(rezip({ "demo.py\u0000.txt": strToU8("") }))).join(), /control character/);
  });

  it("sees a wheel that says to be another, or to be two", async () => {
    const info = "demo-1.0.dist-info";
    const metadata = (text: string) => rezip({}, { [`${info}/METADATA`]: strToU8(text) });
    assert.deepEqual(await faults(metadata("Name: Demo\nVersion: 1.0.0\n")), []);
    assert.deepEqual(await faults(metadata("Name: other\nVersion: 1.0\n")), ["its METADATA is of other."]);
    assert.deepEqual(await faults(metadata("Name: demo\nVersion: 2.0\n\nVersion: 1.0\n")), [
      "its METADATA is of version 2.0.",
    ]);
    assert.deepEqual(await faults(metadata("")), [
      "its METADATA is of no project.",
      "its METADATA is of version none.",
    ]);
    assert.deepEqual(await faults(rezip({}, { "evil-1.0.dist-info/entry_points.txt": strToU8("") })), [
      "it has 2 .dist-info folders, and a wheel has one.",
    ]);
  });

  it("sees members behind the end of an sdist, and another archive behind it", async () => {
    const one = gunzipSync(buildTarGz({ "demo-1.0/PKG-INFO": "Name: demo\n" }));
    const two = gunzipSync(buildTarGz({ "demo-1.0/setup.py": "evil()\n" }));
    const name = "demo-1.0.tar.gz";
    assert.deepEqual(await faults(gzipSync(one), name), []);
    assert.deepEqual(await faults(gzipSync(Buffer.concat([one, two])), name), [
      "demo-1.0/setup.py lies behind the archive's end.",
    ]);
    assert.deepEqual(await faults(Buffer.concat([gzipSync(one), gzipSync(two)]), name), [
      "demo-1.0/setup.py lies behind the archive's end.",
    ]);
    assert.match(
      (await faults(Buffer.concat([gzipSync(one), Buffer.from("tail")]), name)).join(),
      /cannot be read/,
    );
    assert.deepEqual(await faults(gzipSync(Buffer.concat([one, Buffer.alloc(10_240)])), name), []);
    const zeros = buildTarGz({
      "demo-1.0/PKG-INFO": "Name: demo\n",
      "demo-1.0/zeros": "\0".repeat(5000),
      "demo-1.0/z": "",
    });
    assert.deepEqual(await faults(zeros, name), []);
  });

  it("calls nothing sound that it does not read, and nothing false that is only large", async () => {
    const stateOf = async (bytes: Uint8Array, filename: string) => {
      const path = join(folder, "artifact");
      writeFileSync(path, bytes);
      const [result] = await checkArchive(path, filename, "the index", "0".repeat(64));
      return [result?.state, result?.message];
    };
    for (const filename of ["demo-1.0.tar.bz2", "demo-1.0.tar.xz", "demo-1.0.tar.Z", "demo-1.0-py3.11.egg"])
      assert.deepEqual(await stateOf(Buffer.from("BZh9"), filename), [
        "not-checked",
        `${filename}: Thoth does not read archives of this kind.`,
      ]);
    // A library for accelerators may be that large: the sizes are set, since a test has no gigabyte to spare.
    const large = Buffer.from(rezip({}));
    for (const place of [22, large.indexOf("PK\u0001\u0002") + 24]) large.writeUInt32LE(600_000_000, place);
    const [state, message] = await stateOf(large, "demo-1.0-py3-none-any.whl");
    assert.equal(state, "not-checked");
    assert.match(message!, /demo\.py unpacks to more than 512 MiB/);
  });

  it("ends a member that unpacks to more than it says, which no reader may take", async () => {
    const bomb = Buffer.from(zipSync({ "demo.py": new Uint8Array(2_000_000) }));
    const list = bomb.indexOf("PK\u0001\u0002");
    for (const place of [22, list + 24]) bomb.writeUInt32LE(100, place);
    assert.deepEqual(await faults(bomb, "demo-1.0.zip"), ["demo.py unpacks to more than it says."]);
  });

  it("sees bytes before, between and behind", async () => {
    const whole = wheel();
    assert.match(
      (await faults(Buffer.concat([whole, Buffer.from("tail")]))).join(),
      /4 bytes lie behind the archive's end/,
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

  it("sees links in a zip archive, and members that are encrypted or say so", async () => {
    const bent = (change: (bytes: Buffer, list: number) => void): Buffer => {
      const bytes = Buffer.from(rezip({}));
      change(bytes, bytes.indexOf("PK\u0001\u0002"));
      return bytes;
    };
    const link = bent((bytes, list) => {
      bytes[list + 5] = 3;
      bytes.writeUInt16LE(0o120777, list + 40);
    });
    assert.deepEqual(await faults(link), ["demo.py is a symbolic link, which not all readers take for one."]);
    const secret = bent((bytes, list) => {
      for (const flags of [6, list + 8]) bytes.writeUInt16LE(bytes.readUInt16LE(flags) | 1, flags);
    });
    assert.deepEqual(await faults(secret), ["demo.py is encrypted, or says so."]);
  });

  it("holds a wheel to the folder of its metadata, and to what installers read of it", async () => {
    const info = "demo-1.0.dist-info";
    const renamed = (to: string): Uint8Array => {
      const files = Object.entries(sound()).map(([name, data]) => {
        const text = Buffer.from(data).toString().replaceAll(info, to);
        return [name.replace(info, to), name.endsWith("RECORD") ? strToU8(text) : data] as const;
      });
      return zipSync(Object.fromEntries(files), { level: 0 });
    };
    assert.deepEqual(await faults(renamed("Demo-1.0.0.dist-info")), []);
    for (const to of ["other-1.0.dist-info", "demo-2.0.dist-info", "demo.dist-info"])
      assert.deepEqual(await faults(renamed(to)), [`its folder of metadata is ${to}.`]);
    assert.ok(
      (await faults(rezip({ [`${info}/WHEEL`]: undefined }))).includes("it has no WHEEL beside its RECORD."),
    );
  });

  it("takes names that differ by case for two where the wheel is for such systems alone", async () => {
    const twice = rezip({}, { "demo/a.h": strToU8("1"), "demo/A.h": strToU8("2") });
    assert.deepEqual(await faults(twice, "demo-1.0-cp311-cp311-manylinux_2_17_x86_64.whl"), []);
    assert.equal((await faults(twice, "demo-1.0-cp311-cp311-macosx_11_0_arm64.whl")).length, 1);
  });

  it("sees an sdist that is another's, and none where it does not say", async () => {
    const of = async (info: string, format: "tar.gz" | "zip" = "tar.gz") => {
      const { bytes, filename } = buildSdist({ name: "demo", version: "1.0", metadata: info, format });
      return faults(bytes, filename);
    };
    for (const format of ["tar.gz", "zip"] as const) {
      assert.deepEqual(await of("Name: evil\nVersion: 1.0\n", format), ["its PKG-INFO is of evil."]);
      assert.deepEqual(await of("Name: Demo\nVersion: 2.0\n", format), ["its PKG-INFO is of version 2.0."]);
      assert.deepEqual(await of("Name: demo\nVersion: 1.0.0\n", format), []);
      assert.deepEqual(await of("Version: UNKNOWN\n", format), []);
    }
  });

  it("sees where a tar archive's members lie in truth: twice, behind links, outside by links of links", async () => {
    const pack = async (
      members: readonly (readonly [name: string, target?: string, type?: "symlink" | "link"])[],
    ) => {
      const { pack: createPack } = (await import("tar-stream")).default;
      const out = createPack();
      for (const [name, linkname, type = "symlink"] of [["demo-1.0/PKG-INFO"] as const, ...members]) {
        if (linkname === undefined) out.entry({ name }, "x");
        else out.entry({ name, type, linkname });
      }
      out.finalize();
      const pieces: Uint8Array[] = [];
      for await (const piece of out) pieces.push(piece as Uint8Array);
      return faults(gzipSync(Buffer.concat(pieces)), "demo-1.0.tar.gz");
    };
    assert.deepEqual(await pack([["demo-1.0/a.py"], ["./demo-1.0//a.py"]]), [
      "demo-1.0/a.py is in it 2 times.",
    ]);
    assert.deepEqual(await pack([["demo-1.0/l", "../../etc"]]), [
      "demo-1.0/l is a link to ../../etc, outside of the folder.",
    ]);
    assert.deepEqual(await pack([["demo-1.0/l", "../beside"]]), [
      "demo-1.0/l is a link to ../beside, outside of the folder.",
    ]);
    assert.deepEqual(
      await pack([
        ["demo-1.0/d/b", ".."],
        ["demo-1.0/a", "d/b/.."],
      ]),
      ["demo-1.0/a is a link to d/b/.., outside of the folder."],
    );
    assert.deepEqual(await pack([["demo-1.0/h", "/etc/passwd", "link"]]), [
      "demo-1.0/h is a link to /etc/passwd, outside of the folder.",
    ]);
    assert.deepEqual(await pack([["demo-1.0/l", "sub"], ["demo-1.0/l/x.py"]]), [
      "demo-1.0/l/x.py lies behind the link demo-1.0/l.",
    ]);
    for (const sound of [
      [["demo-1.0/a.py"], ["demo-1.0/d/l", "../a.py"]],
      [["demo-1.0/h", "demo-1.0/PKG-INFO", "link"]],
      [
        ["demo-1.0/l", "m"],
        ["demo-1.0/m", "l"],
      ],
    ] as const)
      assert.deepEqual(await pack(sound), []);
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
