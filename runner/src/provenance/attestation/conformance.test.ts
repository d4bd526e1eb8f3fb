// Real attestations and Sigstore's own conformance cases: production ones verify, staging ones under their own root alone, false ones never.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { type AttestationVerdict, verifyAttestation, verifyBundle, verifyProvenance } from "./index.ts";
import { CONFORMANCE, isConformanceHere, NOW, readJson, sha256, sigstoreTrust, trustOf } from "./testing.ts";

interface Real {
  readonly file: string;
  readonly filename: string;
  readonly digest: string;
  readonly root: "production" | "staging";
  readonly san: string;
  readonly issuer: string;
  readonly predicate: string;
}

const PUBLISH = "https://docs.pypi.org/attestations/publish/v1";
const GITHUB = "https://token.actions.githubusercontent.com";
const RELEASE =
  "https://github.com/trailofbits/pypi-attestations/.github/workflows/release.yml@refs/tags/v0.0.19";
const SPT3G = "spt3g-1.0-cp310-cp310-manylinux_2_17_x86_64.manylinux2014_x86_64.whl";

/** The table of the set's README. */
const REAL: readonly Real[] = [
  {
    file: "pypi_attestations-0.0.19.tar.gz.publish.attestation",
    filename: "pypi_attestations-0.0.19.tar.gz",
    digest: "9bb1add04b1b4e18",
    root: "production",
    san: RELEASE,
    issuer: GITHUB,
    predicate: PUBLISH,
  },
  {
    file: "pypi_attestations-0.0.19.tar.gz.slsa.attestation",
    filename: "pypi_attestations-0.0.19.tar.gz",
    digest: "9bb1add04b1b4e18",
    root: "production",
    san: RELEASE,
    issuer: GITHUB,
    predicate: "https://slsa.dev/provenance/v1",
  },
  {
    file: "pypi_attestation_models-0.0.4a2.tar.gz.attestation",
    filename: "pypi_attestation_models-0.0.4a2.tar.gz",
    digest: "c9709ce6fd5b67b5",
    root: "production",
    san: "https://github.com/trailofbits/pypi-attestation-models/.github/workflows/release.yml@refs/tags/v0.0.4a2",
    issuer: GITHUB,
    predicate: PUBLISH,
  },
  {
    file: "gitlab_oidc_project-0.0.3.tar.gz.publish.attestation",
    filename: "gitlab_oidc_project-0.0.3.tar.gz",
    digest: "c1ca9b0d85df1606",
    root: "production",
    san: "https://gitlab.com/facutuesca/gitlab-oidc-project//.gitlab-ci.yml@refs/heads/main",
    issuer: "https://gitlab.com",
    predicate: PUBLISH,
  },
  ...["attestation", "publish.attestation"].map(
    (ending): Real => ({
      file: `rfc8785-0.1.2-py3-none-any.whl.${ending}`,
      filename: "rfc8785-0.1.2-py3-none-any.whl",
      digest: "c4e92e9ecc828bef",
      root: "staging",
      san: "william@yossarian.net",
      issuer: "https://github.com/login/oauth",
      predicate: PUBLISH,
    }),
  ),
  {
    file: `${SPT3G}.publish.attestation`,
    filename: SPT3G,
    digest: "",
    root: "staging",
    san: "william@yossarian.net",
    issuer: "https://github.com/login/oauth",
    predicate: PUBLISH,
  },
];

/** The digest that the statement of an attestation binds: what the artifact beside it has. */
function boundDigest(attestation: unknown): string {
  const { envelope } = attestation as { envelope: { statement: string } };
  const { subject } = JSON.parse(Buffer.from(envelope.statement, "base64").toString("utf8"));
  return subject[0].digest.sha256;
}

describe("real attestations", () => {
  if (!isConformanceHere) it.skip("verify (the conformance set is not beside this clone)");

  for (const { file, filename, digest, root, san, issuer, predicate } of isConformanceHere ? REAL : []) {
    const verify = (kind: "production" | "staging", change = {}): Promise<AttestationVerdict> => {
      const attestation = readJson(`attestations/${file}`);
      const known = { filename, sha256: boundDigest(attestation), now: NOW };
      return verifyAttestation({ attestation, ...known, trust: sigstoreTrust(kind), ...change });
    };

    it(`${file} verifies under the ${root} root, and says who signed it`, async () => {
      const verdict = await verify(root);
      assert.equal(verdict.state, "passed", verdict.detail ?? verdict.sentence);
      assert.equal(verdict.identity?.san, san);
      assert.equal(verdict.identity?.issuer, issuer);
      assert.equal(verdict.predicateType, predicate);
      assert.ok(boundDigest(readJson(`attestations/${file}`)).startsWith(digest));
    });

    it(`${file} is not checked under the other root, whose keys are others`, async () => {
      const verdict = await verify(root === "production" ? "staging" : "production");
      assert.equal(verdict.state, "not-checked");
      assert.equal(verdict.reason, "unknown-log");
      assert.match(
        verdict.sentence,
        /^Not checked: the log .* is unknown to the trust root of 21 August 2026\.$/,
      );
    });

    it(`${file} does not speak for another file or digest`, async () => {
      assert.equal((await verify(root, { sha256: "0".repeat(64) })).reason, "other-digest");
      const other = filename.replace(/-\d[^-]*?(?=-|\.tar)/, "-9.9");
      assert.equal((await verify(root, { filename: other })).reason, "other-name");
    });
  }

  const bundles = [
    ["pypi_attestation_models-0.0.4a2.tar.gz.sigstore", "production"],
    ["rfc8785-0.1.2-py3-none-any.whl.sigstore", "staging"],
  ] as const;
  for (const [file, root] of isConformanceHere ? bundles : []) {
    it(`${file}, the same as a Sigstore bundle, verifies under the ${root} root alone`, async () => {
      const bundle = readJson(`attestations/${file}`) as { dsseEnvelope: { payload: string } };
      const statement = JSON.parse(Buffer.from(bundle.dsseEnvelope.payload, "base64").toString("utf8"));
      const known = {
        bundle,
        artifact: Buffer.alloc(0),
        sha256: statement.subject[0].digest.sha256,
        now: NOW,
      };
      const verdict = await verifyBundle({ ...known, trust: sigstoreTrust(root) });
      assert.equal(verdict.state, "passed", verdict.detail ?? verdict.sentence);
      const other = sigstoreTrust(root === "production" ? "staging" : "production");
      assert.equal((await verifyBundle({ ...known, trust: other })).state, "not-checked");
      const { mediaType } = bundle as unknown as { mediaType: string };
      const spelled = { ...bundle, mediaType: `${mediaType}\n` };
      const refused = await verifyBundle({ ...known, bundle: spelled, trust: sigstoreTrust(root) });
      assert.equal(refused.reason, "malformed");
    });
  }

  it("a provenance object verifies with the publisher that the index claims, and tells repository, ids and commit", async function () {
    if (!isConformanceHere) return this.skip();
    const provenance = readJson("attestations/pypi_attestations-0.0.19.tar.gz.provenance");
    const [bundle] = (provenance as { attestation_bundles: { attestations: unknown[] }[] })
      .attestation_bundles;
    const input = {
      filename: "pypi_attestations-0.0.19.tar.gz",
      sha256: boundDigest(bundle!.attestations[0]),
      provenance,
      trust: sigstoreTrust("production"),
      now: NOW,
    };
    const verdict = await verifyProvenance(input);
    assert.equal(verdict.state, "passed", verdict.sentence);
    assert.equal(verdict.sentence, "Signed by trailofbits/pypi-attestations, release.yml.");
    const [{ identity, publisher } = {}] = verdict.attestations;
    assert.equal(publisher?.kind, "GitHub");
    assert.deepEqual(
      { ...identity, run: undefined, signer: undefined, san: undefined, commit: identity?.commit?.length },
      {
        kind: "GitHub",
        issuer: GITHUB,
        san: undefined,
        repository: "https://github.com/trailofbits/pypi-attestations",
        repositoryId: "772247423",
        owner: "https://github.com/trailofbits",
        ownerId: "2314423",
        workflow: ".github/workflows/release.yml",
        ref: "refs/tags/v0.0.19",
        commit: 40,
        runner: "github-hosted",
        run: undefined,
        signer: undefined,
        signedAt: 1733354041000,
      },
    );
  });

  it("a signature from after now is not checked, since one of two clocks is wrong", async function () {
    if (!isConformanceHere) return this.skip();
    const attestation = readJson(`attestations/${REAL[0]!.file}`);
    const verdict = await verifyAttestation({
      attestation,
      filename: REAL[0]!.filename,
      sha256: boundDigest(attestation),
      trust: sigstoreTrust("production"),
      now: Date.parse("2024-01-01"),
    });
    assert.equal(verdict.state, "not-checked");
    assert.equal(
      verdict.sentence,
      "Not checked: the signature is of 4 December 2024, and this machine's clock says 1 January 2024.",
    );
  });
});

const CASES = `${CONFORMANCE}sigstore-conformance/bundle-verify/`;
const BEACON =
  "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main";

describe("Sigstore's conformance cases", () => {
  const names = existsSync(CASES)
    ? readdirSync(CASES, { withFileTypes: true }).filter((entry) => entry.isDirectory())
    : [];
  if (names.length === 0) it.skip("end as their names say (the conformance set is not beside this clone)");

  for (const { name } of names) {
    const isGood = !name.endsWith("_fail");
    it(`${name} is ${isGood ? "accepted" : "rejected"}`, async () => {
      const read = (file: string): Buffer | undefined =>
        existsSync(`${CASES}${name}/${file}`) ? readFileSync(`${CASES}${name}/${file}`) : undefined;
      const root = read("trusted_root.json");
      const artifact = read("artifact") ?? readFileSync(`${CASES}a.txt`);
      const publicKey = read("key.pub")?.toString("utf8");
      const verify = async (): Promise<AttestationVerdict> =>
        verifyBundle({
          bundle: JSON.parse(read("bundle.sigstore.json")!.toString("utf8")),
          artifact,
          sha256: sha256(artifact),
          trust: root ? trustOf(JSON.parse(root.toString("utf8")), name) : sigstoreTrust("production"),
          now: NOW,
          publicKey,
          identity:
            publicKey === undefined
              ? {
                  san: read("identity")?.toString("utf8").trim() ?? BEACON,
                  issuer: read("issuer")?.toString("utf8").trim() ?? GITHUB,
                }
              : undefined,
        });
      if (isGood) {
        const verdict = await verify();
        assert.equal(verdict.state, "passed", verdict.detail ?? verdict.sentence);
      } else {
        const state = await verify().then(
          (verdict) => verdict.state,
          () => "refused",
        );
        assert.notEqual(state, "passed");
      }
    });
  }
});
