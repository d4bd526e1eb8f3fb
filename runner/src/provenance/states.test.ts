// Every check of provenance in each of the five states: a fixture that reaches it through the operation, or why nothing can.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { AdvisoryRecord } from "../../../shared/src/advisory/index.ts";
import {
  type CheckState,
  checkState,
  type ProvenanceCheck,
} from "../../../shared/src/protocol/provenance.ts";
import { ruleCatalogue } from "../../../shared/src/rules/catalogue.ts";
import {
  buildSdist,
  buildWheel,
  type IndexedFile,
  type IndexedProject,
  type IndexOptions,
  type RunningIndex,
  startIndex,
} from "../../../test/support/index.ts";
import { makeProvenancePlace, type ProvenancePlace } from "../../../test/support/provenance.ts";
import { createSigstore, type ThrowAwaySigstore } from "../../../test/support/sigstore.ts";
import { openKnowledge } from "../knowledge/index.ts";

const DAY = 86_400_000;
/** The throw-away Sigstore signs with the clock of now, and a signature of later is not checked. */
const NOW = Date.now() + 3_600_000;
const uploaded = (daysAgo: number): string => new Date(NOW - daysAgo * DAY).toISOString();

const demo = buildWheel({ name: "demo", version: "1.0" });
const later = buildWheel({ name: "demo", version: "1.1" });
const foreign = buildWheel({ name: "demo", version: "1.0", tag: "cp311-cp311-win_amd64" });
const sdist = buildSdist({ name: "demo", version: "1.0" });
const old = { artifact: demo, uploadTime: uploaded(100), provenance: null } satisfies IndexedFile;
const pinned = `demo==1.0 --hash=sha256:${demo.sha256}`;
const path = "./demo-1.0-py3-none-any.whl";
const vcs = `demo @ git+https://example.com/demo.git@${"a".repeat(40)}`;
const refusing: IndexOptions = { misbehave: (_, response) => !!response.writeHead(503).end() };

/** What a fixture has at hand. */
class Bench {
  readonly place: ProvenancePlace = makeProvenancePlace();
  readonly #open: RunningIndex[] = [];
  readonly #sigstore: ThrowAwaySigstore;

  constructor(sigstore: ThrowAwaySigstore) {
    this.#sigstore = sigstore;
  }

  async serve(files: IndexedProject["files"], options?: IndexOptions): Promise<RunningIndex> {
    const index = await startIndex(files.length > 0 ? { demo: files } : {}, options);
    this.#open.push(index);
    return index;
  }

  /** The results for `demo` over a requirements file with one line. */
  async over(index: RunningIndex, line: string, input = {}, more: readonly string[] = []) {
    this.place.write("requirements.txt", [`--index-url ${index.url}`, ...more, line, ""].join("\n"));
    return (await this.place.run(["requirements.txt"], input, NOW)).of("demo").checks;
  }

  /** The same where the index serves just these files. */
  async of(files: IndexedProject["files"], line = pinned, input = {}): Promise<readonly ProvenanceCheck[]> {
    return this.over(await this.serve(files), line, input);
  }

  /** The results where the index has status and reason. */
  async marked(project: IndexedProject): Promise<readonly ProvenanceCheck[]> {
    const index = await this.serve([]);
    index.projects.demo = project;
    return this.over(index, pinned);
  }

  advise(...records: readonly AdvisoryRecord[]): void {
    const { place } = this;
    const knowledge = openKnowledge({
      env: {},
      platform: "linux",
      home: place.folder,
      file: place.knowledge,
      warn() {},
    });
    const source = {
      source: "archive",
      place: "an archive",
      license: "none",
      time: NOW,
      newest: NOW,
      asOf: NOW,
    };
    knowledge.advisories.replace(
      source,
      records.map((record) => ({ package: "demo", record })),
    );
    knowledge.close();
  }

  /** Files whose attestations were signed under a root of their own, and the answers of the checks. */
  async attested(
    signed: readonly { readonly file: IndexedFile; readonly owner?: string }[],
    others: readonly IndexedFile[],
    line: string,
  ): Promise<readonly ProvenanceCheck[]> {
    const served: Record<string, unknown> = {};
    const index = await this.serve([], {
      misbehave: (request, response) => {
        const found = served[request.url ?? ""];
        return found === undefined ? undefined : !!response.end(JSON.stringify(found));
      },
    });
    const files: IndexedFile[] = [...others];
    for (const { file, owner = "2002" } of signed) {
      const { filename, sha256 } = file.artifact;
      served[`/integrity/${filename}`] = await this.#sigstore.provenance({
        filename,
        sha256,
        signer: { ownerId: owner },
      });
      files.push({ ...file, provenance: `${index.origin}/integrity/${filename}` });
    }
    index.projects.demo = files;
    const trustedRoot = this.place.write("root.json", JSON.stringify(this.#sigstore.root));
    return this.over(index, line, { trustedRoot });
  }

  async close(): Promise<void> {
    this.place.remove();
    for (const index of this.#open) await index.close();
  }
}

type Fixture = (bench: Bench) => Promise<readonly ProvenanceCheck[]>;
/** Why no package and no index can bring the check into the state. */
type Never = { readonly never: string };

const never = (why: string): Never => ({ never: why });
const offline: Fixture = (bench) => bench.of([old], pinned, { offline: true });
const ofPath: Fixture = (bench) => bench.of([old], path);
const fine: Fixture = (bench) => bench.of([old]);
const notPublished = never("there is always something to judge");
const young = { artifact: later, uploadTime: uploaded(50) } satisfies IndexedFile;
const pinnedLater = `demo==1.1 --hash=sha256:${later.sha256}`;
const fault: AdvisoryRecord = {
  id: "GHSA-1",
  severity: "high",
  ranges: [
    [
      ["introduced", "0"],
      ["fixed", "1.1"],
    ],
  ],
};

const TABLE: Readonly<Record<string, Readonly<Record<CheckState, Fixture | Never>>>> = {
  "pinned-and-hashed": {
    passed: fine,
    failed: (bench) => bench.of([old], "demo>=1"),
    absent: (bench) => bench.of([old], "demo==1.0"),
    "not-applicable": ofPath,
    // The lock's own hash, with no Pipfile to compute it from.
    "not-checked": async ({ place }) => {
      const hash = { sha256: "0".repeat(64) };
      place.write(
        "Pipfile.lock",
        JSON.stringify({
          _meta: { hash, "pipfile-spec": 6, requires: {}, sources: [] },
          default: {},
          develop: {},
        }),
      );
      return (await place.run(["Pipfile.lock"], { offline: true }, NOW)).result.files.flatMap(
        ({ checks }) => checks,
      );
    },
  },
  "index-policy": {
    passed: fine,
    failed: (bench) => {
      bench.place.write(".thoth.yaml", "policy: {indexes: ['https://packages.example.com/simple']}\n");
      return bench.of([old]);
    },
    absent: notPublished,
    "not-applicable": ofPath,
    "not-checked": offline,
  },
  "artifact-digest": {
    passed: fine,
    failed: (bench) => bench.of([old], `demo==1.0 --hash=sha256:${"0".repeat(64)}`),
    absent: (bench) => bench.of([old], "demo==1.0"),
    "not-applicable": ofPath,
    "not-checked": async (bench) => bench.over(await bench.serve([], refusing), pinned),
  },
  "artifact-on-several-indexes": {
    passed: async (bench) => {
      const other = await bench.serve([]);
      return bench.over(await bench.serve([old]), pinned, {}, [`--extra-index-url ${other.url}`]);
    },
    failed: async (bench) => {
      const other = await bench.serve([buildWheel({ name: "demo", version: "9.0" })]);
      return bench.over(await bench.serve([old]), pinned, {}, [`--extra-index-url ${other.url}`]);
    },
    absent: notPublished,
    "not-applicable": fine,
    "not-checked": async (bench) => {
      const other = await bench.serve([], refusing);
      return bench.over(await bench.serve([old]), pinned, {}, [`--extra-index-url ${other.url}`]);
    },
  },
  "known-bad": {
    passed: fine,
    failed: (bench) => bench.marked({ files: [old], status: "quarantined" }),
    absent: notPublished,
    "not-applicable": (bench) => bench.of([old], vcs),
    "not-checked": offline,
  },
  "known-vulnerability": {
    passed: (bench) => {
      bench.advise(fault);
      return bench.of([young], pinnedLater);
    },
    failed: (bench) => {
      bench.advise(fault);
      return bench.of([old]);
    },
    absent: notPublished,
    "not-applicable": (bench) => bench.of([old], vcs),
    "not-checked": fine,
  },
  attestation: {
    passed: (bench) => bench.attested([{ file: old }], [], pinned),
    failed: (bench) => bench.attested([{ file: { ...old, listedSha256: "1".repeat(64) } }], [], "demo==1.0"),
    absent: fine,
    "not-applicable": (bench) => bench.of([foreign], "demo==1.0"),
    "not-checked": async (bench) => {
      const index = await bench.serve([], {
        misbehave: (request, response) =>
          request.url === "/integrity" ? !!response.writeHead(503).end() : undefined,
      });
      index.projects.demo = [{ ...old, provenance: `${index.origin}/integrity` }];
      return bench.over(index, pinned);
    },
  },
  "publisher-continuity": {
    passed: (bench) => bench.attested([{ file: old }, { file: young }], [], pinnedLater),
    failed: (bench) => bench.attested([{ file: old }, { file: young, owner: "6666" }], [], pinnedLater),
    absent: fine,
    "not-applicable": ofPath,
    "not-checked": offline,
  },
  "yanked-release": {
    passed: fine,
    failed: (bench) => bench.of([{ ...old, yanked: "broken" }]),
    absent: notPublished,
    "not-applicable": ofPath,
    "not-checked": offline,
  },
  "cool-down": {
    passed: fine,
    failed: (bench) => bench.of([{ ...old, uploadTime: uploaded(1) }]),
    absent: notPublished,
    "not-applicable": (bench) => {
      bench.place.write(".thoth.yaml", "policy: {cool-down: {days: 0}}\n");
      return bench.of([old]);
    },
    "not-checked": (bench) => bench.of([demo]),
  },
  "name-confusion": {
    passed: fine,
    failed: async ({ place }) => {
      place.write("requirements.txt", "reqeusts==1.0\n");
      return (await place.run(["requirements.txt"], { offline: true }, NOW)).of("reqeusts").checks;
    },
    absent: notPublished,
    "not-applicable": never("everything that is asked for has a name"),
    "not-checked": never("the list of established names ships with Thoth"),
  },
  "runs-code-at-install": {
    passed: fine,
    failed: (bench) => bench.of([sdist], "demo==1.0"),
    absent: notPublished,
    "not-applicable": (bench) => bench.of([foreign], "demo==1.0"),
    "not-checked": offline,
  },
  "archive-truth": {
    passed: (bench) => bench.of([old], pinned, { download: true }),
    failed: (bench) => {
      const bytes = Buffer.concat([demo.bytes, Buffer.from("tail")]);
      const sha256 = createHash("sha256").update(bytes).digest("hex");
      return bench.of([{ ...demo, bytes, sha256 }], "demo==1.0", { download: true });
    },
    absent: notPublished,
    "not-applicable": (bench) => bench.of([old], path, { download: true }),
    "not-checked": fine,
  },
  "abandoned-project": {
    passed: fine,
    failed: (bench) => bench.marked({ files: [old], status: "archived" }),
    absent: notPublished,
    "not-applicable": ofPath,
    "not-checked": (bench) => bench.of([demo]),
  },
};

describe("the states of the checks of provenance", () => {
  let sigstore: ThrowAwaySigstore;
  /** Every state in which a check was seen, in any fixture. */
  const seen = new Set<string>();

  before(async () => {
    sigstore = await createSigstore();
  });

  const states = checkState.options;

  it("are held by a table with every check and every state", () => {
    const rules = Object.entries(ruleCatalogue)
      .filter(([name, rule]) => "provenance" in rule && rule.provenance && name !== "policy")
      .map(([name]) => name);
    assert.deepEqual(
      rules.filter((name) => !Object.hasOwn(TABLE, name)),
      [],
    );
    for (const [rule, row] of Object.entries(TABLE)) {
      assert.deepEqual(Object.keys(row).sort(), [...states].sort(), rule);
      assert.ok(Object.hasOwn(ruleCatalogue, rule), rule);
    }
  });

  for (const [rule, row] of Object.entries(TABLE)) {
    for (const state of states) {
      const fixture = row[state];
      if (typeof fixture !== "function") continue;
      it(`${rule}: ${state}`, async () => {
        const bench = new Bench(sigstore);
        try {
          const checks = await fixture(bench);
          for (const check of checks) seen.add(`${check.rule}: ${check.state}`);
          const own = checks.filter((check) => check.rule === rule);
          assert.ok(
            own.some((check) => check.state === state),
            JSON.stringify(own, null, 1),
          );
          for (const check of own) {
            assert.match(check.message, /\.$/);
            assert.equal(check.severity !== undefined, check.state === "failed");
          }
        } finally {
          await bench.close();
        }
      });
    }
  }

  it("that the table calls impossible were never seen", () => {
    const impossible = Object.entries(TABLE).flatMap(([rule, row]) =>
      states.flatMap((state) => (typeof row[state] === "function" ? [] : [`${rule}: ${state}`])),
    );
    assert.deepEqual(
      impossible.filter((one) => seen.has(one)),
      [],
    );
  });
});
