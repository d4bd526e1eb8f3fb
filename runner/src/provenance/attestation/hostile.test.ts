// Validly signed and still wrong: each refused for its own reason. And bytes changed anywhere: never accepted.
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type Attested,
  createSigstore,
  publisherOf,
  type Signer,
  type ThrowAwaySigstore,
} from "../../../../test/support/sigstore.ts";
import {
  isLasting,
  type ProvenanceVerdict,
  readArtifactName,
  verdictKey,
  verifyAttestation,
  verifyBundle,
  verifyProvenance,
} from "./index.ts";
import { isConformanceHere, NOW, readJson, sha256, sigstoreTrust, trustOf } from "./testing.ts";

const FILE = "demo-1.0-py3-none-any.whl";
const DIGEST = sha256("the wheel");
const GOOD: Attested = { filename: FILE, sha256: DIGEST };

describe("attestations that are validly signed", () => {
  let sigstore: ThrowAwaySigstore;
  before(async () => {
    sigstore = await createSigstore();
  });
  const verify = async (
    provenance: unknown,
    artifact: { filename?: string; sha256?: string } = {},
  ): Promise<ProvenanceVerdict> =>
    verifyProvenance({
      filename: FILE,
      sha256: DIGEST,
      ...artifact,
      provenance,
      trust: trustOf(sigstore.root, "throw-away.json"),
      now: Date.now(),
    });

  it("pass where everything is as it should be", async () => {
    const verdict = await verify(await sigstore.provenance(GOOD));
    assert.equal(verdict.state, "passed", verdict.attestations[0]?.detail ?? verdict.sentence);
    assert.equal(verdict.sentence, "Signed by octo/demo, release.yml.");
    assert.equal(verdict.attestations[0]?.identity?.ownerId, "2002");
  });

  const subject = (name: string): object => ({ name, digest: { sha256: DIGEST } });
  const refused: readonly (readonly [string, Partial<Attested>, string, RegExp])[] = [
    [
      "two subjects",
      { subjects: [subject(FILE), subject("demo-1.0.tar.gz")] },
      "several-subjects",
      /^The attestation is about 2 files; one may be about one only\.$/,
    ],
    ["no subject", { subjects: [] }, "no-subject", /^The attestation is about no file\.$/],
    [
      "an unknown predicate",
      { predicateType: "https://example.com/looks-good/v1" },
      "unknown-predicate",
      /looks-good\/v1, which indexes do not attest/,
    ],
    [
      "another name",
      { filename: "demo-1.1-py3-none-any.whl" },
      "other-name",
      /about demo-1\.1-py3-none-any\.whl, not about demo-1\.0-py3-none-any\.whl\.$/,
    ],
    [
      "a name that is none",
      { filename: "../../etc/passwd" },
      "malformed-name",
      /about \.\.\/\.\.\/etc\/passwd, which names no artifact/,
    ],
    [
      "another digest",
      { sha256: sha256("another wheel") },
      "other-digest",
      /SHA-256 [0-9a-f]{15}…; this file has/,
    ],
    ["no digest", { subjects: [{ name: FILE, digest: {} }] }, "other-digest", /about no SHA-256/],
    [
      "a digest in capitals",
      { subjects: [{ name: FILE, digest: { sha256: DIGEST.toUpperCase() } }] },
      "other-digest",
      /this file has/,
    ],
    ["no statement", { statement: "[]" }, "malformed-statement", /no statement about a file/],
    [
      "a statement of another type",
      {
        statement: JSON.stringify({
          _type: "https://example.com",
          subject: [subject(FILE)],
          predicateType: "x",
        }),
      },
      "malformed-statement",
      /no statement/,
    ],
  ];
  for (const [what, change, reason, sentence] of refused) {
    it(`are refused for ${what}`, async () => {
      const verdict = await verify(await sigstore.provenance({ ...GOOD, ...change }));
      assert.equal(verdict.state, "failed");
      assert.equal(verdict.reason, reason);
      assert.match(verdict.sentence, sentence);
    });
  }

  const others: readonly (readonly [string, Partial<Signer>, RegExp])[] = [
    [
      "repository",
      { repository: "evil/demo" },
      /has the repository https:\/\/github\.com\/evil\/demo; the index says/,
    ],
    [
      "workflow",
      { workflow: "other.yml" },
      /has the workflow .*other\.yml@refs\/tags\/v1\.0; the index says/,
    ],
    ["issuer", { issuer: "https://gitlab.com" }, /has the issuer https:\/\/gitlab\.com; the index says/],
  ];
  for (const [what, signer, sentence] of others) {
    it(`are refused where the index claims a publisher with another ${what}`, async () => {
      const verdict = await verify(await sigstore.provenance({ ...GOOD, signer }, publisherOf()));
      assert.equal(verdict.state, "failed");
      assert.equal(verdict.reason, "other-publisher");
      assert.match(verdict.sentence, sentence);
    });
  }

  it("are refused for another environment than the index claims, where the certificate tells one", async () => {
    const judged = async (environment: string | undefined, claimed: string | null): Promise<string> => {
      const signer = environment === undefined ? {} : { environment };
      const publisher = { ...publisherOf(), environment: claimed };
      const verdict = await verify(await sigstore.provenance({ ...GOOD, signer }, publisher));
      return verdict.reason;
    };
    assert.equal(await judged("PyPI", "pypi"), "verified");
    assert.equal(await judged("pypi", null), "verified");
    assert.equal(await judged(undefined, "pypi"), "verified");
    assert.equal(await judged("test", "pypi"), "other-publisher");
  });

  it("are told by the workflow that was started, not by the reusable one that it calls", async () => {
    const called = "https://github.com/shared/workflows/.github/workflows/build.yml@refs/heads/main";
    const repository = "https://github.com/octo/demo";
    const started = `${repository}/.github/workflows/release.yml`;
    const commit = "c0ffee".padEnd(40, "0");
    const at = (run: string, more = {}): Promise<ProvenanceVerdict> => {
      const extensions = { "9": called, "12": repository, "18": `${started}@${run}`, ...more };
      return sigstore
        .provenance({ ...GOOD, signer: { extensions, san: called } }, publisherOf())
        .then((provenance) => verify(provenance));
    };
    const byCommit = await at(commit, { "13": commit });
    assert.equal(byCommit.state, "passed", byCommit.sentence);
    assert.equal(byCommit.attestations[0]?.identity?.workflow, ".github/workflows/release.yml");
    assert.equal(byCommit.attestations[0]?.identity?.signer, called);
    assert.equal((await at("refs/tags/v1", { "14": "refs/tags/v1" })).state, "passed");
    const elsewhere = await at("refs/tags/v1", { "13": commit, "14": "refs/heads/main" });
    assert.equal(elsewhere.reason, "other-publisher");
    const nowhere = await at("refs/tags/v1");
    assert.match(nowhere.sentence, /^The certificate names no commit or ref\.$/);
  });

  it("are refused where the claimed publisher says nothing, and not checked where its kind is not known", async () => {
    const none = await verify(await sigstore.provenance(GOOD, null));
    assert.equal(none.reason, "malformed");
    const empty = await verify(await sigstore.provenance(GOOD, { kind: "GitHub" }));
    assert.equal(empty.reason, "other-publisher");
    const unknown = await verify(
      await sigstore.provenance(GOOD, { kind: "Woodpecker\u202e", repository: "octo/demo" }),
    );
    assert.equal(unknown.state, "not-checked");
    assert.equal(unknown.reason, "unsupported-publisher");
    assert.match(unknown.sentence, /^Not checked: a publisher of the kind Woodpecker cannot be compared/);
  });

  it("still fail under a publisher of an unknown kind where they are about another file", async () => {
    const made = await sigstore.provenance({ ...GOOD, sha256: sha256("other") }, { kind: "Woodpecker" });
    assert.equal((await verify(made)).reason, "other-digest");
  });

  it("tell a changed owner id, which no name shows", async () => {
    const verdict = await verify(await sigstore.provenance({ ...GOOD, signer: { ownerId: "6666" } }));
    assert.equal(verdict.state, "passed");
    assert.equal(verdict.attestations[0]?.identity?.ownerId, "6666");
  });

  it("pass for GitLab, Google and CircleCI with the publisher of each, and are refused with another", async () => {
    const commit = "c0ffee".padEnd(40, "0");
    const cases: readonly (readonly [Partial<Signer>, Record<string, unknown>, string])[] = [
      [
        {
          issuer: "https://gitlab.com",
          extensions: {
            "12": "https://gitlab.com/group/sub/demo",
            "13": commit,
            "14": "refs/heads/main",
            "18": "https://gitlab.com/group/sub/demo//.gitlab-ci.yml@refs/heads/main",
          },
        },
        { kind: "GitLab", repository: "group/sub/demo", workflow_filepath: ".gitlab-ci.yml" },
        "repository",
      ],
      [
        {
          issuer: "https://accounts.google.com",
          extensions: {},
          san: "https://builder@project.iam.gserviceaccount.com",
        },
        { kind: "Google", email: "https://builder@project.iam.gserviceaccount.com" },
        "email",
      ],
      [
        {
          issuer: "https://oidc.circleci.com",
          extensions: {
            "9": "https://circleci.com/api/v2/projects/p-1/pipeline-definitions/d-1",
            "12": "github.com/octo/demo",
            "14": "refs/heads/main",
          },
        },
        {
          kind: "CircleCI",
          project_id: "p-1",
          pipeline_definition_id: "d-1",
          vcs_origin: "github.com/octo/demo",
        },
        "project_id",
      ],
    ];
    for (const [signer, publisher, key] of cases) {
      const made = await sigstore.attest({ ...GOOD, signer });
      const provenance = (claimed: unknown): object => ({
        version: 1,
        attestation_bundles: [{ publisher: claimed, attestations: [made] }],
      });
      const good = await verify(provenance(publisher));
      assert.equal(good.state, "passed", `${publisher.kind}: ${good.sentence}`);
      const other = await verify(provenance({ ...publisher, [key]: "someone-else" }));
      assert.equal(other.reason, "other-publisher", String(publisher.kind));
    }
  });

  it("take wheels whose tags stand in another order, and sdists whose name is spelled otherwise", async () => {
    const spellings = [
      [
        "demo-1.0-cp310-cp310-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
        "demo-1.0-cp310-cp310-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
      ],
      ["Demo.Pkg-1.0.0.tar.gz", "demo_pkg-1.0.tar.gz"],
    ] as const;
    for (const [signed, served] of spellings) {
      const verdict = await verify(await sigstore.provenance({ ...GOOD, filename: signed }), {
        filename: served,
      });
      assert.equal(verdict.state, "passed", verdict.sentence);
    }
    const differ = [
      ["demo-1.0-1-py3-none-any.whl", FILE],
      ["demo-1.0.tar.gz", "demo-1.0.zip"],
      ["demo-1.0.tar.gz", FILE],
      ["demo-1.0+local.tar.gz", "demo-1.0.tar.gz"],
    ] as const;
    for (const [signed, served] of differ) {
      assert.ok(readArtifactName(signed));
      const verdict = await verify(await sigstore.provenance({ ...GOOD, filename: signed }), {
        filename: served,
      });
      assert.equal(verdict.reason, "other-name", `${signed} for ${served}`);
    }
  });

  it("are not checked under a root that knows neither log nor authority", async () => {
    const other = await createSigstore();
    const provenance = await other.provenance(GOOD);
    const verdict = await verify(provenance);
    assert.equal(verdict.state, "not-checked");
    assert.equal(verdict.reason, "unknown-log");
    assert.match(verdict.sentence, /unknown to the trust root in throw-away\.json\.$/);
    const borrowed = { ...sigstore.root, tlogs: other.root.tlogs };
    const judged = await verifyProvenance({
      filename: FILE,
      sha256: DIGEST,
      provenance,
      trust: trustOf(borrowed),
      now: Date.now(),
    });
    assert.equal(judged.reason, "unknown-certificate-authority");
    const again = await verifyProvenance({
      filename: FILE,
      sha256: DIGEST,
      provenance,
      trust: trustOf({ ...other.root, ctlogs: sigstore.root.ctlogs }),
      now: Date.now(),
    });
    assert.equal(again.reason, "unknown-certificate-log");
  });

  it("one that fails speaks for the file, and one that was not checked comes before one that passed", async () => {
    const good = await sigstore.attest(GOOD);
    const bad = await sigstore.attest({ ...GOOD, sha256: sha256("other") });
    const stranger = await (await createSigstore()).attest(GOOD);
    const all = (...attestations: unknown[]): object => ({
      version: 1,
      attestation_bundles: [{ publisher: publisherOf(), attestations }],
    });
    assert.equal((await verify(all(good, good))).state, "passed");
    assert.equal((await verify(all(good, stranger))).state, "not-checked");
    assert.equal((await verify(all(good, stranger, bad))).state, "failed");
    assert.equal((await verify(all())).state, "absent");
  });

  it("objects of another shape or version are told from invalid signatures", async () => {
    const good = await sigstore.attest(GOOD);
    const wrap = (attestation: unknown): object => ({
      version: 1,
      attestation_bundles: [{ publisher: publisherOf(), attestations: [attestation] }],
    });
    const cases: readonly (readonly [unknown, string, string])[] = [
      [null, "failed", "malformed"],
      [[], "failed", "malformed"],
      [{}, "failed", "malformed"],
      [{ version: 1 }, "failed", "malformed"],
      [{ version: 1, attestation_bundles: [{}] }, "failed", "malformed"],
      [{ version: 2, attestation_bundles: [] }, "not-checked", "unsupported-version"],
      [{ version: "1", attestation_bundles: [] }, "failed", "malformed"],
      [wrap({ ...good, version: 2 }), "not-checked", "unsupported-version"],
      [wrap({ ...good, version: 1.5 }), "failed", "malformed"],
      [wrap({ ...good, version: undefined }), "failed", "malformed"],
      [wrap("text"), "failed", "malformed"],
      [wrap({ ...good, envelope: null }), "failed", "malformed"],
      [wrap({ ...good, verification_material: {} }), "failed", "malformed"],
      [
        {
          version: 1,
          attestation_bundles: [{ publisher: publisherOf(), attestations: Array(5000).fill(good) }],
        },
        "not-checked",
        "too-many",
      ],
    ];
    for (const [provenance, state, reason] of cases) {
      const verdict = await verify(provenance);
      assert.deepEqual(
        [verdict.state, verdict.reason],
        [state, reason],
        JSON.stringify(provenance)?.slice(0, 80),
      );
    }
  });

  it("have a key that anything they were judged by changes, and are kept unless the clock has judged them", async () => {
    const provenance = await sigstore.provenance(GOOD);
    const trust = trustOf(sigstore.root);
    const artifact = { filename: FILE, sha256: DIGEST };
    const keys = [
      verdictKey(artifact, provenance, trust),
      verdictKey({ ...artifact, filename: "demo-1.1-py3-none-any.whl" }, provenance, trust),
      verdictKey({ ...artifact, sha256: sha256("other") }, provenance, trust),
      verdictKey(artifact, { ...provenance, version: 2 }, trust),
      verdictKey(artifact, provenance, trustOf({ ...sigstore.root, ctlogs: [] })),
    ];
    assert.equal(new Set(keys).size, keys.length);
    assert.equal(
      verdictKey({ ...artifact }, structuredClone(provenance), trustOf({ ...sigstore.root })),
      keys[0],
    );
    assert.equal(isLasting(await verify(provenance)), true);
    const early = await verifyProvenance({ ...artifact, provenance, trust, now: Date.now() - 86_400_000 });
    assert.deepEqual([early.reason, isLasting(early)], ["future-signature", false]);
  });

  it("name the whole file that they were built by, whatever signs its name and the ref have", async () => {
    for (const [workflow, ref] of [
      ["release.yml@x.yml", "refs/heads/main"],
      ["release.yml", "refs/heads/a@b"],
    ] as const) {
      const verdict = await verify(await sigstore.provenance({ ...GOOD, signer: { workflow, ref } }));
      assert.equal(verdict.state, "passed", verdict.sentence);
      assert.equal(verdict.attestations[0]?.identity?.workflow, `.github/workflows/${workflow}`);
    }
  });

  it("hostile texts in a certificate come out without control characters", async () => {
    const signer = { repository: "evil\u001b[31m/de\u202emo\u0000", workflow: "x\n.yml" };
    const verdict = await verify(await sigstore.provenance({ ...GOOD, signer }));
    assert.doesNotMatch(JSON.stringify(verdict), /\\u001b|\u202e|\\u0000|\\n/);
  });
});

describe("anything at all", () => {
  let sigstore: ThrowAwaySigstore;
  let good: Record<string, unknown>;
  before(async () => {
    sigstore = await createSigstore();
    good = await sigstore.attest(GOOD);
  });

  /** JSON with the keys that the readers look for, so that more than the first look is met. */
  const shaped = (leaf: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
    fc.letrec((tie) => ({
      value: fc.oneof({ maxDepth: 5 }, leaf, fc.array(tie("value"), { maxLength: 3 }), tie("object")),
      object: fc.dictionary(
        fc.constantFrom(
          ...["version", "attestation_bundles", "attestations", "publisher", "kind", "verification_material"],
          ...["certificate", "transparency_entries", "envelope", "statement", "signature", "mediaType"],
          ...[
            "verificationMaterial",
            "tlogEntries",
            "dsseEnvelope",
            "inclusionProof",
            "checkpoint",
            "__proto__",
          ],
        ),
        tie("value"),
        { maxKeys: 6 },
      ),
    })).value;
  const leaf = fc.oneof(fc.jsonValue({ maxDepth: 1 }), fc.constantFrom(1, "1", "", "AAAA", null));

  it("ends in a verdict that is no pass, and never in an error", async () => {
    const trust = trustOf(sigstore.root);
    const artifact = { filename: FILE, sha256: DIGEST, now: Date.now(), trust };
    await fc.assert(
      fc.asyncProperty(shaped(leaf), async (value) => {
        const wrapped = { version: 1, attestation_bundles: [{ publisher: value, attestations: [value] }] };
        for (const provenance of [value, wrapped]) {
          assert.notEqual((await verifyProvenance({ ...artifact, provenance })).state, "passed");
        }
        assert.notEqual((await verifyAttestation({ ...artifact, attestation: value })).state, "passed");
        const bundle = { ...artifact, bundle: value, artifact: Buffer.alloc(1) };
        assert.notEqual((await verifyBundle(bundle)).state, "passed");
      }),
      { numRuns: 300 },
    );
  });

  it("in place of any part of a good attestation is no pass either", async () => {
    const artifact = { filename: FILE, sha256: DIGEST, now: Date.now(), trust: trustOf(sigstore.root) };
    const parts = ["version", "verification_material", "envelope"] as const;
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...parts), shaped(leaf), async (part, value) => {
        fc.pre(part !== "version" || value !== 1);
        const verdict = await verifyAttestation({ ...artifact, attestation: { ...good, [part]: value } });
        assert.notEqual(verdict.state, "passed");
      }),
      { numRuns: 200 },
    );
  });
});

describe("a changed byte", () => {
  let good: Record<string, unknown>;
  let judge: (provenance: unknown) => Promise<ProvenanceVerdict>;
  before(async () => {
    if (!isConformanceHere) {
      const sigstore = await createSigstore();
      good = await sigstore.provenance(GOOD);
      judge = (provenance) =>
        verifyProvenance({
          filename: FILE,
          sha256: DIGEST,
          provenance,
          trust: trustOf(sigstore.root),
          now: NOW,
        });
      return;
    }
    good = readJson("attestations/pypi_attestations-0.0.19.tar.gz.provenance") as Record<string, unknown>;
    const trust = sigstoreTrust("production");
    const [first] = (
      good.attestation_bundles as { attestations: { envelope: { statement: string } }[] }[]
    )[0]!.attestations;
    const { subject } = JSON.parse(Buffer.from(first!.envelope.statement, "base64").toString("utf8"));
    judge = (provenance) =>
      verifyProvenance({
        filename: "pypi_attestations-0.0.19.tar.gz",
        sha256: subject[0].digest.sha256,
        provenance,
        trust,
        now: NOW,
      });
  });

  /** Every text and number in the object, by its path. */
  function leaves(value: unknown, path: (string | number)[] = []): (string | number)[][] {
    if (typeof value === "object" && value !== null) {
      return Object.entries(value).flatMap(([key, item]) =>
        leaves(item, [...path, Array.isArray(value) ? Number(key) : key]),
      );
    }
    return [path];
  }

  function changed(path: readonly (string | number)[], change: (value: unknown) => unknown): unknown {
    const copy = structuredClone(good);
    const last = String(path.at(-1));
    const inner = (object: unknown, key: string | number): unknown =>
      (object as Record<string, unknown>)[key];
    const holder = path.slice(0, -1).reduce(inner, copy) as Record<string, unknown>;
    holder[last] = change(holder[last]);
    return copy;
  }

  it("is accepted before it is changed", async () => {
    assert.equal((await judge(good)).state, "passed");
  });

  it("is never accepted in any text, at the start, the middle, the end, or at places in between", async function () {
    this.timeout(60_000);
    const survivors: string[] = [];
    for (const path of leaves(good)) {
      const key = path.at(-1);
      // A deployment environment stands in no certificate.
      if (key === "environment") continue;
      const value = path.reduce<unknown>((object, part) => (object as never)[part as never], good);
      if (typeof value !== "string") continue;
      const step = Math.max(1, Math.floor(value.length / 12));
      const places = new Set([0, value.length - 1, value.length - 2, value.length >> 1]);
      for (let at = 0; at < value.length; at += step) places.add(at);
      for (const at of places) {
        if (at < 0) continue;
        const mutated = changed(path, (text) => {
          const was = String(text);
          const now = was[at] === "A" ? "B" : "A";
          return was.slice(0, at) + now + was.slice(at + 1);
        });
        if ((await judge(mutated)).state === "passed") survivors.push(`${path.join(".")} at ${at}`);
      }
    }
    assert.deepEqual(survivors, []);
  });

  it("is never accepted in the bytes that a text stands for", async function () {
    this.timeout(60_000);
    const survivors: string[] = [];
    for (const path of leaves(good)) {
      const key = String(path.at(-1));
      const isBytes =
        /certificate|statement|signature|canonicalizedBody|keyId|rootHash|signedEntryTimestamp/.test(key);
      const value = path.reduce<unknown>((object, part) => (object as never)[part as never], good);
      if (typeof value !== "string" || (!isBytes && path.at(-2) !== "hashes")) continue;
      const bytes = Buffer.from(value, "base64");
      const step = Math.max(1, Math.floor(bytes.length / 60));
      for (let at = 0; at < bytes.length; at += step) {
        const flipped = Buffer.from(bytes);
        flipped[at] = flipped[at]! ^ (1 << (at % 8));
        const mutated = changed(path, () => flipped.toString("base64"));
        if ((await judge(mutated)).state === "passed") survivors.push(`${path.join(".")} byte ${at}`);
      }
      for (const other of [Buffer.concat([bytes, Buffer.from([0])]), bytes.subarray(0, -1)]) {
        const mutated = changed(path, () => other.toString("base64"));
        if ((await judge(mutated)).state === "passed") survivors.push(`${path.join(".")} length`);
      }
    }
    assert.deepEqual(survivors, []);
  });

  it("is never accepted where a field is missing, null, or written otherwise", async function () {
    this.timeout(60_000);
    const survivors: string[] = [];
    for (const path of leaves(good)) {
      if (path.at(-1) === "environment") continue;
      const others: ((value: unknown) => unknown)[] = [
        () => undefined,
        () => null,
        () => ({}),
        (value) => `${value} `,
        (value) => (path.at(-1) === "envelope" ? `${value}\n` : null),
        (value) => (path.at(-1) === "envelope" ? String(value).replace(/\n$/, "") : null),
        (value) => `+${value}`,
        (value) => [value],
      ];
      for (const [at, other] of others.entries()) {
        if ((await judge(changed(path, other))).state === "passed")
          survivors.push(`${path.join(".")} #${at}`);
      }
    }
    assert.deepEqual(survivors, []);
  });
});
