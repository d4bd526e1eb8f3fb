// `thoth fix`: what is right alone and wrong together, and files that change under its hands.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { buildWheel, type IndexedProject, type IndexOptions, startIndex } from "../support/index.ts";
import { makePlace, type Place } from "./thoth.ts";

/** A first release that is yanked, and a second one with its dependencies. */
function yankedThen(name: string, ...requires: string[]): IndexedProject {
  return {
    files: [
      { artifact: buildWheel({ name, version: "1.0" }), yanked: "broken" },
      buildWheel({ name, version: "2.0", requires }),
    ],
  };
}

describe("thoth fix", () => {
  let place: Place;
  const withIndex = async (
    projects: Record<string, IndexedProject>,
    use: (url: string) => Promise<void>,
    options: IndexOptions = {},
  ): Promise<void> => {
    const index = await startIndex(projects, options);
    try {
      await use(index.url);
    } finally {
      await index.close();
    }
  };
  const read = (name: string): string => readFileSync(join(place.folder, name), "utf8");

  beforeEach(() => {
    place = makePlace();
  });
  afterEach(() => place.remove());

  it("pins to the newest release that resolves, where the newest by its own metadata does not", async () => {
    const wheel = (name: string, version: string, ...requires: string[]) =>
      buildWheel({ name, version, requires });
    const projects = (...first: string[]): Record<string, IndexedProject> => ({
      // 3.0 and 4.0 are in the way only by what they bring in.
      app: {
        files: [
          { artifact: wheel("app", "1.0", ...first), yanked: "broken" },
          wheel("app", "1.5"),
          wheel("app", "2.0"),
          wheel("app", "3.0", "mid"),
          wheel("app", "4.0", "mid"),
        ],
      },
      mid: { files: [wheel("mid", "1.0", "base>=2")] },
      base: { files: [wheel("base", "1.0"), wheel("base", "3.0")] },
    });
    // The pinned release works, or takes part in a conflict itself.
    for (const first of [[], ["base>=3"]]) {
      await withIndex(projects(...first), async (url) => {
        place.write("requirements.txt", "app==1.0  # web\nbase<2\n");
        const { stdout } = await place.run(["check", "-q", "--index-url", url, "--format", "json"]);
        const { findings } = JSON.parse(stdout).result.files[0];
        const yanked = findings.find(({ rule }: { rule: string }) => rule === "yanked-release");
        assert.deepEqual(
          yanked.fixes.map(({ title, proven }: { title: string; proven: boolean }) => [title, proven]),
          [
            [
              first.length === 0
                ? "Pin to 2.0 (newest possible; resolves with 2 packages, 1 changes)"
                : "Pin to 2.0 (newest possible; resolves with 2 packages)",
              true,
            ],
          ],
        );
        assert.equal((await place.run(["fix", "-q", "--write", "--index-url", url])).status, 0);
        assert.equal(read("requirements.txt"), "app==2.0  # web\nbase<2\n");
      });
    }
  });

  it("names what a mistyped name was meant to be where the index has that, and leaves it to a person", async () => {
    const wheel = (name: string) => ({ files: [buildWheel({ name, version: "1.0" })] });
    const offered = async (url: string): Promise<string[]> => {
      const { stdout } = await place.run(["check", "-q", "--index-url", url, "--format", "json"]);
      const { findings } = JSON.parse(stdout).result.files[0];
      return findings
        .filter(({ rule }: { rule: string }) => rule === "unknown-project")
        .flatMap(({ fixes }: { fixes: { kind: string; title: string; edits: { newText: string }[] }[] }) =>
          fixes.map(({ kind, title, edits }) => `${kind}: ${title}: ${edits.map(({ newText }) => newText)}`),
        );
    };
    // `inhouse-tool` is on no list; `numpy` is established and not on this index; two letters off is no slip.
    const projects = { requests: wheel("requests"), "inhouse-tool": wheel("inhouse-tool") };
    await withIndex(projects, async (url) => {
      const text = "Reqeusts[socks]>=1  # web\nnumppy\ninhosue-tool\nrqeeusts\n";
      place.write("requirements.txt", text);
      const swapped =
        "repair-name: Replace Reqeusts with requests (two characters are swapped; on the index): requests";
      assert.deepEqual(await offered(url), [swapped]);
      place.write("other/requirements.txt", "inhouse-tool\n");
      await place.run(["check", "other/requirements.txt", "-q", "--index-url", url]);
      // By then the project is known here.
      assert.deepEqual(await offered(url), [
        swapped,
        "repair-name: Replace inhosue-tool with inhouse-tool (two characters are swapped; on the index): inhouse-tool",
      ]);
      const { stdout } = await place.run(["fix", "requirements.txt", "-q", "--write", "--index-url", url]);
      assert.match(stdout, /not fixed: replace Reqeusts with requests .*: that is for a person to decide/);
      assert.equal(read("requirements.txt"), text);
    });
  });

  it("takes one of two fixes that only contradict each other together, and says why", async () => {
    await withIndex(
      { alpha: yankedThen("alpha", "beta<2"), beta: yankedThen("beta"), gamma: yankedThen("gamma") },
      async (url) => {
        const fix = (...args: string[]) => place.run(["fix", "-q", "--index-url", url, ...args]);
        // Each is offered where it stands alone.
        for (const pins of ["alpha==1.0\nbeta==1.1\n", "beta==1.0\n"]) {
          place.write("requirements.txt", pins);
          assert.match((await fix()).stdout, /1 fix in 1 file/, pins);
        }
        place.write("requirements.txt", "alpha==1.0\nbeta==1.0\ngamma==1.0\n");
        const { stdout, status } = await fix("--write");
        assert.match(
          stdout,
          /requirements\.txt:2 {2}yanked-release {2}not fixed: beside the other fixes it would bring an error: alpha 2\.0 needs beta <2/,
        );
        assert.match(stdout, /2 fixes written to 1 file\./);
        assert.equal(status, 0);
        assert.equal(read("requirements.txt"), "alpha==2.0\nbeta==1.0\ngamma==2.0\n");
        const after = await place.run(["check", "-q", "--index-url", url]);
        assert.doesNotMatch(after.stdout, /conflicting/);
        assert.equal(after.status, 0);
      },
    );
  });

  it("knows of each release what it needs, though what is remembered is of a page of another moment", async () => {
    await withIndex({ beta: yankedThen("beta") }, async (url) => {
      const check = () => place.run(["check", "-q", "--index-url", url]);
      place.write("requirements.txt", "beta==2.0\n");
      await check();
      const { stdout } = await place.run(["knowledge", "path"]);
      const knowledge = new DatabaseSync(stdout.trim());
      const { changes } = knowledge
        .prepare("UPDATE pages SET etag = etag || '0' WHERE key LIKE 'facts %'")
        .run();
      knowledge.close();
      assert.ok(changes > 0);
      place.write("requirements.txt", "beta==1.0\n");
      const fixed = await place.run(["fix", "-q", "--index-url", url]);
      assert.match(fixed.stdout, /1 fix in 1 file/);
    });
  });

  it("proves across files that include one another", async () => {
    await withIndex({ alpha: yankedThen("alpha", "beta<2"), beta: yankedThen("beta") }, async (url) => {
      place.write("requirements.txt", "-r more.txt\nalpha==1.0\n");
      place.write("more.txt", "beta==1.0\n");
      const { stdout } = await place.run(["fix", "-q", "--write", "--index-url", url, "requirements.txt"]);
      assert.match(stdout, /1 fix written to 1 file\./);
      assert.equal((await place.run(["check", "-q", "--index-url", url, "requirements.txt"])).status, 0);
    });
  });

  it("writes none of its fixes where one of the files has changed meanwhile", async () => {
    await withIndex(
      { alpha: yankedThen("alpha"), beta: yankedThen("beta") },
      async (url) => {
        place.write("requirements.txt", "-r more.txt\nalpha==1.0\n");
        place.write("more.txt", "beta==1.0\n");
        const { stdout } = await place.run(["fix", "-q", "--write", "--index-url", url, "requirements.txt"]);
        assert.match(stdout, /not fixed: more\.txt has changed since it was read; run fix again/);
        assert.match(stdout, /0 of 2 fixes written/);
        assert.equal(read("requirements.txt"), "-r more.txt\nalpha==1.0\n");
        assert.equal(read("more.txt"), "beta==1.0 # mine\n");
      },
      {
        misbehave: () => {
          writeFileSync(join(place.folder, "more.txt"), "beta==1.0 # mine\n");
          return false;
        },
      },
    );
  });
});
