// What a lock names, against what its index has: each package by the index that it is bound to, each file by its own digests.
import assert from "node:assert/strict";
import type { CheckState, ProvenanceCheck } from "../../../shared/src/protocol/provenance.ts";
import {
  type BuiltArtifact,
  buildWheel,
  type IndexedFile,
  type IndexOptions,
  type RunningIndex,
  startIndex,
} from "../../../test/support/index.ts";
import { makeProvenancePlace, type ProvenancePlace } from "../../../test/support/provenance.ts";

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
  const only = (checks: readonly ProvenanceCheck[], state: CheckState): ProvenanceCheck => {
    assert.deepEqual(
      checks.map((check) => check.state),
      [state],
      JSON.stringify(checks, null, 1),
    );
    return checks[0]!;
  };
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
      const check = only(answer.checks("demo", "artifact-digest"), "failed");
      assert.deepEqual(check.aliases, ["INVALID-ARTIFACT-HASH", "ARTIFACT-DIFFERENT-SOURCE"]);
      only(answer.checks("more", "artifact-digest"), "passed");
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
      only(answer.checks("bare", "artifact-digest"), "passed");
      only(answer.checks("demo", "artifact-digest"), "passed");
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
    only(answer.checks("demo", "artifact-digest"), "passed");
    const check = only(answer.checks("demo", "artifact-on-several-indexes"), "passed");
    assert.match(check.message, /its name is told to no other index/);
  });
});
