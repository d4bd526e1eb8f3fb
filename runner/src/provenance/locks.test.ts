// What a lock names, against what its index has: each package by the index that it is bound to, each file by its own digests.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type BuiltArtifact,
  buildSdist,
  buildWheel,
  type IndexedFile,
  type IndexOptions,
  type RunningIndex,
  startIndex,
} from "../../../test/support/index.ts";
import {
  makeProvenancePlace,
  NOW,
  onlyCheck,
  type ProvenancePlace,
} from "../../../test/support/provenance.ts";

/** A package of a pylock. */
interface LockedPackage {
  readonly name: string;
  readonly index?: string;
  readonly files: readonly {
    readonly filename: string;
    readonly url?: string;
    readonly size?: number;
    readonly hashes: Readonly<Record<string, string>>;
  }[];
}

function pylockOf(packages: readonly LockedPackage[]): string {
  const tables = packages.flatMap(({ name, index, files }) => [
    `[[packages]]\nname = "${name}"\nversion = "1.0"`,
    ...(index === undefined ? [] : [`index = "${index}"`]),
    ...files.map(({ filename, url, size, hashes }) => {
      const digests = Object.entries(hashes).map(([algorithm, digest]) => `${algorithm} = "${digest}"`);
      const address = url ?? `https://files.example.com/${filename}`;
      const length = size === undefined ? "" : `size = ${size}\n`;
      return `[[packages.wheels]]\nname = "${filename}"\nurl = "${address}"\n${length}hashes = {${digests.join(", ")}}`;
    }),
  ]);
  return `lock-version = "1.0"\ncreated-by = "tests"\n${tables.join("\n")}\n`;
}

describe("a lock against its indexes", () => {
  const open: RunningIndex[] = [];
  let place: ProvenancePlace;

  beforeEach(() => {
    place = makeProvenancePlace();
  });
  afterEach(async () => {
    place.remove();
    for (const index of open.splice(0)) await index.close();
  });

  const serve = async (projects: RunningIndex["projects"], options?: IndexOptions): Promise<RunningIndex> => {
    const index = await startIndex(projects, options);
    open.push(index);
    return index;
  };
  const wheel = (more: Partial<Parameters<typeof buildWheel>[0]> = {}): BuiltArtifact =>
    buildWheel({ name: "demo", version: "1.0", ...more });
  const demo = wheel();
  const file = (artifact: BuiltArtifact): IndexedFile => ({ artifact, provenance: null });
  const overPylock = (packages: readonly LockedPackage[], input = {}) => {
    place.write("pylock.toml", pylockOf(packages));
    return place.run(["pylock.toml"], input);
  };

  describe("of which each package names its own (PEP 751)", () => {
    const forged = wheel({ summary: "another" });
    const locked = (name: string, index: string | undefined, artifact: BuiltArtifact): LockedPackage => ({
      name,
      ...(index === undefined ? {} : { index }),
      files: [{ filename: artifact.filename, hashes: { sha256: artifact.sha256 } }],
    });

    it("is not content with a file that another index of the lock has", async () => {
      const [main, other] = [await serve({ demo: [file(demo)] }), await serve({ demo: [file(forged)] })];
      const more = buildWheel({ name: "more", version: "1.0" });
      other.projects.more = [more];
      const answer = await overPylock([locked("demo", main.url, forged), locked("more", other.url, more)]);
      const check = onlyCheck(answer.checks("demo", "artifact-digest"), "failed");
      assert.deepEqual(check.aliases, ["INVALID-ARTIFACT-HASH", "ARTIFACT-DIFFERENT-SOURCE"]);
      onlyCheck(answer.checks("more", "artifact-digest"), "passed");
      assert.deepEqual(answer.of("more").indexes, [other.url]);
    });

    it("asks pip's index, and not another package's, for a package that names none", async () => {
      const [named, own] = [await serve({ demo: [file(demo)] }), await serve({ bare: [] })];
      const bare = buildWheel({ name: "bare", version: "1.0" });
      own.projects.bare = [bare];
      const answer = await overPylock([locked("demo", named.url, demo), locked("bare", undefined, bare)], {
        index: { indexUrl: own.url },
      });
      assert.deepEqual(answer.of("bare").indexes, [own.url]);
      onlyCheck(answer.checks("bare", "artifact-digest"), "passed");
      onlyCheck(answer.checks("demo", "artifact-digest"), "passed");
    });
  });

  it("of pipenv binds to its first source what names none, and no other source is told of it", async () => {
    const own = await serve({ demo: [file(demo)] });
    const sources = [own.url, "https://pypi.org/simple"].map((url, at) => ({ name: `source${at}`, url }));
    const hashes = [`sha256:${demo.sha256}`];
    place.write(
      "Pipfile.lock",
      JSON.stringify({ _meta: { sources }, default: { demo: { hashes, version: "==1.0" } }, develop: {} }),
    );
    const answer = await place.run(["Pipfile.lock"]);
    onlyCheck(answer.checks("demo", "artifact-digest"), "passed");
    const check = onlyCheck(answer.checks("demo", "artifact-on-several-indexes"), "passed");
    assert.match(check.message, /its name is told to no other index/);
  });

  describe("by the digests of each file", () => {
    const rule = "artifact-digest";
    const sdist = buildSdist({ name: "demo", version: "1.0" });
    const named = (artifact: BuiltArtifact, hashes: Readonly<Record<string, string>>) => ({
      filename: artifact.filename,
      hashes,
    });
    const overRequirements = (index: RunningIndex, line: string, input = {}) => {
      place.write("requirements.txt", `--index-url ${index.url}\n${line}\n`);
      return place.run(["requirements.txt"], input);
    };
    /** An index whose pages hold these digests, by file name; none where it is not named. */
    const listing = (hashes: Readonly<Record<string, Readonly<Record<string, string>>>>) =>
      serve(
        { demo: [file(demo), file(sdist)] },
        {
          editPage: (page) => {
            for (const one of page.files as { filename: string; hashes: object }[])
              one.hashes = hashes[one.filename] ?? {};
            return page;
          },
        },
      );

    it("fails two files whose digests a lock has changed over, and a name that is not the digest's", async () => {
      const index = await serve({ demo: [file(demo), file(sdist)] });
      const over = async (...files: LockedPackage["files"]) =>
        (await overPylock([{ name: "demo", index: index.url, files }])).checks("demo", rule);
      const [first, second, ...rest] = await over(
        named(demo, { sha256: demo.sha256 }),
        named({ ...demo, filename: "demo-1.0-py2-none-any.whl" }, { sha256: sdist.sha256 }),
      );
      assert.deepEqual([first?.state, second, rest], ["failed", undefined, []]);
      assert.match(first!.message, /digest of demo-1\.0-py2-none-any\.whl is of demo-1\.0\.tar\.gz/);
      assert.deepEqual(first!.aliases, ["INVALID-ARTIFACT-HASH"]);
      onlyCheck(
        await over(named({ ...demo, filename: "Demo-1.0-py3-none-any.whl" }, { sha256: demo.sha256 })),
        "passed",
      );
    });

    it("is content with a file that has a weak digest beside a strong one, which both are its own", async () => {
      const index = await serve({ demo: [file(demo)] });
      const over = async (hashes: Readonly<Record<string, string>>) =>
        overPylock([{ name: "demo", index: index.url, files: [named(demo, hashes)] }]);
      const md5 = "a".repeat(32);
      const both = await over({ md5, sha256: demo.sha256 });
      onlyCheck(both.checks("demo", "pinned-and-hashed"), "passed");
      onlyCheck(both.checks("demo", rule), "passed");
      onlyCheck((await over({ md5 })).checks("demo", "pinned-and-hashed"), "failed");
    });

    it("calls no digest strange while the index is silent on some file's, and none sound that it cannot compare", async () => {
      const mixed = await listing({
        [demo.filename]: { sha256: demo.sha256 },
        [sdist.filename]: { sha512: "b".repeat(128) },
      });
      const line = `demo==1.0 --hash=sha256:${demo.sha256}`;
      const two = await overRequirements(mixed, `${line} --hash=sha256:${sdist.sha256}`);
      assert.deepEqual(
        two.checks("demo", rule).map(({ state }) => state),
        ["not-checked", "passed"],
      );
      const other = await overRequirements(mixed, `${line} --hash=sha384:${"c".repeat(96)}`);
      assert.deepEqual(
        other.checks("demo", rule).map(({ state }) => state),
        ["not-checked", "passed"],
      );
    });

    it("knows the digests of an index that lists none by the files, with --download", async () => {
      const bare = await listing({});
      const over = async (sha256: string, input = { download: true }) =>
        (await overRequirements(bare, `demo==1.0 --hash=sha256:${sha256}`, input)).checks("demo", rule);
      assert.match(
        onlyCheck(await over(demo.sha256, { download: false }), "not-checked").message,
        /gives no sha256/,
      );
      assert.match(onlyCheck(await over(demo.sha256), "passed").message, /as computed from it/);
      onlyCheck(await over(sdist.sha256), "passed");
      assert.deepEqual(onlyCheck(await over("0".repeat(64)), "failed").aliases, ["INVALID-ARTIFACT-HASH"]);
    });

    it("knows the digests of files on this machine without being asked to fetch any", async () => {
      const folder = join(place.folder, "wheels");
      mkdirSync(folder);
      writeFileSync(join(folder, demo.filename), demo.bytes);
      const over = async (sha256: string) => {
        place.write(
          "requirements.txt",
          `--no-index\n--find-links wheels\ndemo==1.0 --hash=sha256:${sha256}\n`,
        );
        return (await place.run(["requirements.txt"])).checks("demo", rule);
      };
      onlyCheck(await over(demo.sha256), "passed");
      onlyCheck(await over("0".repeat(64)), "failed");
    });

    it("tells an index that lists one name with two contents, and fails one that sends more than it lists", async () => {
      const twice = await serve(
        { demo: [file(demo)] },
        {
          editPage: (page) => {
            const [one] = page.files as object[];
            return { ...page, files: [one, { ...one, hashes: { sha256: sdist.sha256 } }] };
          },
        },
      );
      const pin = `demo==1.0 --hash=sha256:${demo.sha256}`;
      const told = async (line: string) =>
        (await overRequirements(twice, line))
          .checks("demo", rule)
          .map(({ state, severity }) => [state, severity]);
      assert.deepEqual(await told("demo==1.0"), [
        ["failed", "warning"],
        ["absent", undefined],
      ]);
      assert.deepEqual(await told(pin), [
        ["failed", "information"],
        ["passed", undefined],
      ]);
      const longer = Buffer.concat([demo.bytes, Buffer.alloc(100)]);
      const liar = await serve(
        { demo: [file(demo)] },
        {
          misbehave: (request, response) =>
            request.url?.includes("/files/") && !!response.writeHead(200).end(longer),
        },
      );
      onlyCheck(
        (await overRequirements(liar, pin, { download: true })).checks("demo", "archive-truth"),
        "failed",
      );
    });

    it("looks for the digests of a line without a pin among all files of its index", async () => {
      const index = await serve({ demo: [file(demo)] });
      onlyCheck(
        (await overRequirements(index, `demo --hash=sha256:${demo.sha256}`)).checks("demo", rule),
        "passed",
      );
      onlyCheck(
        (await overRequirements(index, `demo --hash=sha256:${"0".repeat(64)}`)).checks("demo", rule),
        "failed",
      );
    });
  });

  describe("and the other indexes", () => {
    const rule = "artifact-on-several-indexes";
    let runs = 0;
    const over = async (main: RunningIndex, lines: readonly string[]) => {
      place.write("requirements.txt", [`--index-url ${main.url}`, ...lines].join("\n"));
      // Each run at a time of its own: what a page of that time showed is remembered.
      return (await place.run(["requirements.txt"], {}, NOW + ++runs)).checks("demo", rule);
    };

    it("are not checked where neither tells the content of a file that both have", async () => {
      const main = await serve({ demo: [file(demo)] });
      const bare = await serve(
        { demo: [file(demo)] },
        {
          editPage: (page) => ({
            ...page,
            files: (page.files as object[]).map((one) => ({ ...one, hashes: {} })),
          }),
        },
      );
      const check = onlyCheck(
        await over(main, [`--extra-index-url ${bare.url}`, "demo==1.0"]),
        "not-checked",
      );
      assert.match(check.message, /give no digests to compare/);
    });

    it("are a mirror where a folder of this machine has the index's own file, and another thing where it has not", async () => {
      const main = await serve({ demo: [file(demo)] });
      const folder = join(place.folder, "wheels");
      mkdirSync(folder);
      writeFileSync(join(folder, demo.filename), demo.bytes);
      onlyCheck(await over(main, ["--find-links wheels", "demo==1.0"]), "passed");
      writeFileSync(join(folder, demo.filename), wheel({ summary: "another" }).bytes);
      const check = onlyCheck(await over(main, ["--find-links wheels", "demo==1.0"]), "failed");
      assert.deepEqual(check.aliases, ["DIFFERENT-ARTIFACTS-ON-SOURCES"]);
    });

    it("are told by the content where a name is all that releases have in common, with who would win by rules of its own", async () => {
      const newer = wheel({ version: "2.0" });
      const main = await serve({ demo: [file(demo), file(newer)] });
      const other = await serve({ demo: [file(wheel({ summary: "another" }))] });
      const [forged] = await over(main, [`--extra-index-url ${other.url}`, "demo"]);
      assert.deepEqual(forged?.aliases, ["DIFFERENT-ARTIFACTS-ON-SOURCES"]);
      const yanked = await serve({ demo: [{ artifact: wheel({ version: "9.0" }), yanked: "broken" }] });
      const [twins] = await over(main, [`--extra-index-url ${yanked.url}`, "demo"]);
      assert.match(twins!.message, new RegExp(`pip would take 2\\.0 of ${new URL(main.url).host}`));
    });

    it("are one project where they say so themselves (PEP 708), and not where one of two alone names the other", async () => {
      const own = file(wheel({ version: "1.5" }));
      for (const html of [false, true]) {
        const main = await serve({ demo: [file(demo)] }, { html });
        const other = await serve({ demo: [own] }, { html, cacheControl: "no-store" });
        const here = `${main.url}demo/`;
        const there = `${other.url}demo/`;
        const states = async () =>
          (await over(main, [`--extra-index-url ${other.url}`, "demo"])).map(({ state }) => state);
        assert.deepEqual(await states(), ["failed"]);
        other.projects.demo = { files: [own], alternateLocations: [here, there] };
        assert.deepEqual(await states(), ["failed"]);
        other.projects.demo = { files: [own], tracks: ["https://elsewhere.example.com/demo/", here] };
        assert.deepEqual(await states(), ["passed"]);
        const mine = await serve({ demo: [file(demo)] }, { html });
        const places = [`${mine.url}demo`, there];
        mine.projects.demo = { files: [file(demo)], alternateLocations: places };
        other.projects.demo = { files: [own], alternateLocations: places };
        assert.deepEqual(
          (await over(mine, [`--extra-index-url ${other.url}`, "demo"])).map(({ state }) => state),
          ["passed"],
        );
      }
    });

    it("that refuse are told beside what the others have shown", async () => {
      const main = await serve({ demo: [file(demo)] });
      const other = await serve({ demo: [file(wheel({ summary: "another" }))] });
      const refusing = await serve({}, { misbehave: (_, response) => !!response.writeHead(403).end() });
      const more = [refusing, other].map(({ url }) => `--extra-index-url ${url}`);
      const states = (await over(main, [...more, "demo==1.0"])).map(({ state }) => state);
      assert.deepEqual(states, ["failed", "not-checked"]);
    });
  });

  describe("of several requirements files", () => {
    const over = async (files: Readonly<Record<string, string>>, index: RunningIndex) => {
      for (const [name, lines] of Object.entries(files)) place.write(name, lines);
      place.write("requirements.txt", `--index-url ${index.url}\n${files["requirements.txt"]}`);
      return place.run(["requirements.txt"]);
    };

    it("asks for the digests of all lines once a line of any of them has one, as pip does", async () => {
      const index = await serve({ demo: [file(demo)] });
      const more = { "requirements.txt": `-r more.txt\ndemo==1.0 --hash=sha256:${demo.sha256}\n` };
      const answer = await over({ ...more, "more.txt": "more==1.0\n" }, index);
      const check = onlyCheck(answer.checks("more", "pinned-and-hashed"), "failed");
      assert.deepEqual(check.labels, ["missing-hash"]);
    });

    it("takes version and digests from constraints too, and only what both admit", async () => {
      const sdist = buildSdist({ name: "demo", version: "1.0" });
      const newer = wheel({ version: "2.0" });
      const index = await serve({ demo: [file(demo), file(sdist), file(newer)] });
      const states = async (line: string, constraint: string) => {
        const answer = await over(
          { "requirements.txt": `-c c.txt\n${line}\n`, "c.txt": `${constraint}\n` },
          index,
        );
        return ["pinned-and-hashed", "artifact-digest"].map((rule) => answer.checks("demo", rule)[0]?.state);
      };
      const [right, other] = [demo, sdist].map(({ sha256 }) => `--hash=sha256:${sha256}`);
      const wrong = `--hash=sha256:${"0".repeat(64)}`;
      assert.deepEqual(await states("demo", `demo==1.0 ${right}`), ["passed", "passed"]);
      assert.deepEqual(await states("demo==1.0", `demo ${wrong}`), ["passed", "failed"]);
      assert.deepEqual(await states(`demo==1.0 ${right} ${wrong}`, `demo ${right} ${other}`), [
        "passed",
        "passed",
      ]);
      assert.deepEqual(await states("demo", "demo==1.0; python_version < '3'"), ["failed", "not-applicable"]);
      await over({ "requirements.txt": "-c c.txt\ndemo\n", "c.txt": "demo<2\n" }, index);
      assert.equal((await place.run(["requirements.txt"])).of("demo").version, "1.0");
    });
  });

  describe("and what binds its packages beside it", () => {
    const acme = buildWheel({ name: "acme", version: "1.0" });

    it("is .thoth.yaml: a name that it binds to an index is told to no other one", async () => {
      const [main, own] = [await serve({ demo: [file(demo)] }), await serve({ acme: [file(acme)] })];
      place.write(
        ".thoth.yaml",
        `indexes: [{name: inside, url: '${own.url}', explicit: true}]\nindex-bindings: {acme: inside}\n`,
      );
      const lines = [demo, acme].map(
        ({ filename, sha256 }) => `${filename.split("-")[0]}==1.0 --hash=sha256:${sha256}`,
      );
      place.write("requirements.txt", [`--index-url ${main.url}`, ...lines].join("\n"));
      const answer = await place.run(["requirements.txt"]);
      for (const name of ["demo", "acme"]) onlyCheck(answer.checks(name, "artifact-digest"), "passed");
      assert.deepEqual(answer.of("acme").indexes, [own.url]);
      assert.deepEqual(
        main.requests.filter(({ path }) => path.includes("acme")),
        [],
      );
    });

    it("is uv's tables in a pyproject.toml: indexes, repositories, addresses and folders", async () => {
      const [main, own] = [await serve({ demo: [file(demo)] }), await serve({ acme: [file(acme)] })];
      const commit = "a".repeat(40);
      place.write(
        "pyproject.toml",
        `[project]\nname = "reqeusts"\nversion = "1"\ndependencies = ["demo", "acme", "repo", "away", "inside"]\n` +
          `[[tool.uv.index]]\nname = "own"\nurl = "${own.url}"\nexplicit = true\n` +
          `[[tool.uv.index]]\nname = "main"\nurl = "${main.url}"\ndefault = true\n` +
          `[tool.uv.sources]\nacme = {index = "own"}\nrepo = {git = "https://example.com/repo.git", rev = "${commit}"}\n` +
          `away = {url = "https://example.com/away-1.0-py3-none-any.whl"}\ninside = {workspace = true}\n`,
      );
      const answer = await place.run(["pyproject.toml"]);
      assert.deepEqual(
        answer.result.packages.map(({ name, version, indexes }) => [name, version, indexes]),
        [
          ["demo", "1.0", [main.url]],
          ["acme", "1.0", [own.url]],
          ["repo", undefined, []],
          ["away", undefined, []],
          ["inside", undefined, []],
        ],
      );
      assert.deepEqual(
        main.requests.map(({ path }) => path),
        ["/simple/demo/"],
      );
      const pins = ["repo", "away", "inside"].map(
        (name) => answer.checks(name, "pinned-and-hashed")[0]?.state,
      );
      assert.deepEqual(pins, ["passed", "failed", "not-applicable"]);
    });
  });
});
