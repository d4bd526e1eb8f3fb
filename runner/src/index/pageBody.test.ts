// The compact form of a page gives back what was put in, whatever that was; and what is told from names and hosts alone.
import assert from "node:assert/strict";
import fc from "fast-check";
import { isPlainName, versionStart, versionText } from "./fileNames.ts";
import { isAbsentWhenForbidden } from "./knownIndexes.ts";
import type { ProjectPage } from "./model.ts";
import { type DraftFile, decodePage, encodePage, pageOfDraft } from "./pageBody.ts";

const state = {
  index: { kind: "index", url: "https://host/simple", origin: { kind: "default", where: "x" } },
  fetchedAt: 1,
  freshness: "fresh",
  source: "store",
} as const;

const text = fc.stringMatching(/^[ -~äé→]{1,30}$/).filter((made) => made.trim() === made);
const hex = fc.stringMatching(/^[0-9a-f]{64}$/);
const draftFile: fc.Arbitrary<DraftFile> = fc
  .tuple(
    fc.stringMatching(/^demo-[0-9]{1,3}\.[0-9]\.tar\.gz$/),
    fc.constantFrom("https://files.host/packages/aa/", "https://other.host/", "http://h/a b/"),
    fc.record(
      {
        sha256: hex,
        otherHashes: fc.constant({ md5: "aa" }),
        requiresPython: text,
        yanked: fc.oneof(fc.constant(true as const), text),
        size: fc.nat(),
        coreMetadata: fc.oneof(fc.constant(true as const), hex),
        provenance: fc.constantFrom(null, "https://host/integrity/demo"),
      },
      { requiredKeys: [] },
    ),
  )
  .map(([filename, folder, rest]) => ({ filename, url: `${folder}${filename}`, ...rest }));

function plain(page: ProjectPage | undefined): unknown {
  const { displayName, status, problems, files, releases } = page as ProjectPage;
  return JSON.parse(JSON.stringify({ displayName, status, problems, files, releases }));
}

describe("the compact form of a page", () => {
  it("gives back every file as it was", () => {
    fc.assert(
      fc.property(fc.array(draftFile, { maxLength: 8 }), (files) => {
        const page = decodePage("demo", encodePage({ displayName: "Demo", files, problems: [] }), state);
        const read = page?.files.map((file) => ({
          filename: file.filename,
          url: file.url,
          hashes: file.hashes,
          requiresPython: file.requiresPython,
          yanked: file.yanked,
          size: file.size,
          coreMetadata: file.coreMetadata,
          provenance: file.provenance,
        }));
        const wanted = files.map(({ sha256, otherHashes, coreMetadata, uploadTime, ...file }) => ({
          requiresPython: undefined,
          yanked: undefined,
          size: undefined,
          provenance: undefined,
          ...file,
          hashes: { ...otherHashes, ...(sha256 ? { sha256 } : {}) },
          coreMetadata: typeof coreMetadata === "string" ? { sha256: coreMetadata } : coreMetadata,
        }));
        assert.deepEqual(read, wanted);
      }),
    );
  });

  it("says the same as the page that was just fetched, unclean texts included", () => {
    const unclean = fc.string({ minLength: 1, maxLength: 20 });
    const times = fc.constantFrom("2024-01-02T03:04:05.678901Z", "yesterday", "2024-01-02\n");
    const wild = fc
      .tuple(
        draftFile,
        fc.record({ requiresPython: unclean, yanked: unclean, uploadTime: times }, { requiredKeys: [] }),
      )
      .map(([file, rest]) => ({ ...file, ...rest }));
    fc.assert(
      fc.property(fc.array(wild, { maxLength: 6 }), unclean, (files, status) => {
        const draft = {
          displayName: "Demo",
          status,
          statusReason: status,
          files,
          problems: ["One was left out."],
        };
        assert.deepEqual(
          plain(pageOfDraft("demo", draft, state)),
          plain(decodePage("demo", encodePage(draft), state)),
        );
      }),
    );
  });

  it("has a file's upload time where that is one, in UTC where it names no zone, and none where it is another text", () => {
    const timeOf = (uploadTime: string): number | undefined => {
      const files = [{ filename: "demo-1.0.tar.gz", url: "https://h/demo-1.0.tar.gz", uploadTime }];
      const page = pageOfDraft("demo", { displayName: "demo", files, problems: [] }, state);
      return page.files[0]!.uploadTime;
    };
    const time = Date.UTC(2024, 0, 2, 3, 4, 5, 678);
    for (const text of [
      "2024-01-02T03:04:05.678901Z",
      "2024-01-02 03:04:05.678",
      "2024-01-02T05:04:05.678+02:00",
    ])
      assert.equal(timeOf(text), time, text);
    assert.equal(timeOf("2024-01-02"), Date.UTC(2024, 0, 2));
    for (const text of ["", "0", "22", "yesterday 5", "Tue Jan 2 2024", "1704164645", "2024-13-02T03:04:05Z"])
      assert.equal(timeOf(text), undefined, text);
  });

  it("keeps what the page says of the project on other indexes (PEP 708)", () => {
    const places = {
      tracks: ["https://a.example.com/demo/"],
      alternateLocations: ["https://b.example.com/demo/"],
    };
    const draft = { displayName: "demo", files: [], problems: [], ...places };
    for (const page of [pageOfDraft("demo", draft, state), decodePage("demo", encodePage(draft), state)!])
      assert.deepEqual({ tracks: page.tracks, alternateLocations: page.alternateLocations }, places);
  });

  it("is not read where it is of another form or broken", () => {
    for (const body of ["", "{}", "null", "[]", '{"v":1,"n":"x","b":"","py":[]}', "{\n"]) {
      assert.equal(decodePage("demo", body, state), undefined, body);
    }
  });

  it("puts releases newest first and legacy versions last", () => {
    const names = ["1.0", "2.0rc1", "1.10", "1.0.post1", "dev-snapshot", "1.9"];
    const files = names.map((version) => ({
      filename: `demo-${version}.tar.gz`,
      url: `https://h/demo-${version}.tar.gz`,
    }));
    const page = decodePage("demo", encodePage({ displayName: "demo", files, problems: [] }), state);
    assert.deepEqual(
      page?.releases.map(({ version }) => version),
      ["2.0rc1", "1.10", "1.9", "1.0.post1", "1.0", "dev-snapshot"],
    );
  });
});

describe("a file's name", () => {
  it("tells its project and version however it spells them", () => {
    const read = (filename: string, name: string): string | undefined => {
      const start = versionStart(filename, name);
      return start < 0 ? undefined : versionText(filename, start);
    };
    assert.equal(read("Zope.Interface-5.0-cp39-cp39-win32.whl", "zope-interface"), "5.0");
    assert.equal(read("zope__interface-5.0.tar.gz", "zope-interface"), "5.0");
    assert.equal(read("torch-2.13.0+cpu-cp311-cp311-linux_x86_64.whl", "torch"), "2.13.0+cpu");
    assert.equal(read("demo-1.0_1-py3-none-any.whl", "demo"), "1.0-1");
    assert.equal(read("demo-tools-1.0.tar.gz", "demo-tools"), "1.0");
    assert.equal(read("demotools-1.0.tar.gz", "demo"), undefined);
    assert.equal(read("demo_tools-1.0-py3-none-any.whl", "demo"), undefined);
  });

  it("is plain only where it is one name in one folder", () => {
    for (const good of ["a.whl", "demo-1!0+x.tar.gz", "dé.zip"]) assert.equal(isPlainName(good), true, good);
    for (const bad of [
      "",
      ".",
      "..",
      "../a",
      "a/b",
      "a\\b",
      "C:a",
      "a\0b",
      "a\u202eb",
      "a\nb",
      "a".repeat(256),
    ]) {
      assert.equal(isPlainName(bad), false, JSON.stringify(bad));
    }
  });
});

describe("a 403", () => {
  it("means absence on PyTorch's indexes and nowhere else", () => {
    const absent = (url: string): boolean => isAbsentWhenForbidden(new URL(url));
    assert.equal(absent("https://download.pytorch.org/whl/cu121/flask/"), true);
    assert.equal(absent("https://download.pytorch.org/whl"), true);
    assert.equal(absent("https://download.pytorch.org/whlx/flask/"), false);
    assert.equal(absent("https://download.pytorch.org.evil.example/whl/flask/"), false);
    assert.equal(absent("https://evil.example/whl/flask/"), false);
  });
});
