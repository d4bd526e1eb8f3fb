// `thoth attestation`: artifacts on disk and what lies beside them, as a person sees it.
import assert from "node:assert/strict";
import { createHash, generateKeyPairSync } from "node:crypto";
import type { AttestationOutput } from "../../shared/src/protocol/attestation.ts";
import { buildWheel } from "../support/index.ts";
import { createSigstore, type ThrowAwaySigstore } from "../support/sigstore.ts";
import { makePlace, type Place } from "./thoth.ts";

describe("thoth attestation", function () {
  this.timeout(60_000);
  let place: Place;
  let sigstore: ThrowAwaySigstore;
  const wheel = buildWheel({ name: "demo", version: "1.0" });
  before(async () => {
    sigstore = await createSigstore();
  });
  beforeEach(() => {
    place = makePlace();
    place.write("root.json", JSON.stringify(sigstore.root));
    place.write(wheel.filename, wheel.bytes);
  });
  afterEach(() => place.remove());

  const root = ["--trusted-root", "root.json"];
  const resultOf = (stdout: string): AttestationOutput => JSON.parse(stdout).result;
  const attest = (change: object = {}): Promise<Record<string, unknown>> =>
    sigstore.attest({ filename: wheel.filename, sha256: wheel.sha256, ...change });

  it("says who has signed, and that a valid signature is not trust", async () => {
    place.write(`${wheel.filename}.publish.attestation`, JSON.stringify(await attest()));
    const { status, stdout } = await place.run(["attestation", wheel.filename, ...root]);
    assert.equal(status, 0, stdout);
    assert.match(stdout, /^demo-1\.0-py3-none-any\.whl: verified\n/);
    assert.match(stdout, /Signed by octo\/demo, release\.yml; expected by nothing\./);
    assert.match(stdout, /commit +c0ffee/);
    assert.match(stdout, /1 artifact: 1 verified\. Valid is not trusted: look at who signed\./);
  });

  it("finds attestations, provenance objects and bundles beside each artifact, and answers in JSON", async () => {
    place.write(`${wheel.filename}.attestation`, JSON.stringify(await attest()));
    place.write(
      `${wheel.filename}.provenance`,
      JSON.stringify(await sigstore.provenance({ filename: wheel.filename, sha256: wheel.sha256 })),
    );
    place.write(`${wheel.filename}.txt`, "no attestation");
    const { status, stdout } = await place.run(["attestation", wheel.filename, ...root, "--format", "json"]);
    assert.equal(status, 0, stdout);
    const [artifact] = resultOf(stdout).artifacts;
    assert.equal(artifact?.sha256, createHash("sha256").update(wheel.bytes).digest("hex"));
    assert.deepEqual(
      artifact?.attestations.map(({ state, identity }) => [state, identity?.repositoryId]),
      [
        ["passed", "1001"],
        ["passed", "1001"],
      ],
    );
  });

  it("refuses what is of another file, with exit status 1 and the reason", async () => {
    place.write("other.json", JSON.stringify(await attest({ sha256: "0".repeat(64) })));
    const { status, stdout } = await place.run([
      "attestation",
      wheel.filename,
      "--attestation",
      "other.json",
      ...root,
    ]);
    assert.equal(status, 1);
    assert.match(stdout, /whl: refused\n.*is about the SHA-256 0{15}…; this file has/);
  });

  it("refuses what is no attestation at all", async () => {
    place.write(`${wheel.filename}.attestation`, "{");
    assert.equal((await place.run(["attestation", wheel.filename, ...root])).status, 1);
  });

  it("says what it could not check, with exit status 3: keys that the trust root does not know, and nothing beside it", async () => {
    const none = await place.run(["attestation", wheel.filename, ...root]);
    assert.equal(none.status, 3);
    assert.match(none.stdout, /: not attested/);
    place.write(`${wheel.filename}.attestation`, JSON.stringify(await attest()));
    const shipped = await place.run(["attestation", wheel.filename]);
    assert.equal(shipped.status, 3, shipped.stderr);
    assert.match(shipped.stdout, /Not checked: the log .* is unknown to the trust root of 21 August 2026\./);
    assert.match(shipped.stdout, /The trust root is the one that came with Thoth, of 21 August 2026\./);
  });

  it("could not check under a trust root without the log, the authority or the certificate's log that signed", async () => {
    place.write(`${wheel.filename}.attestation`, JSON.stringify(await attest()));
    for (const [part, says] of [
      ["tlogs", /Not checked: the log that recorded the signature \(.*\) is unknown to the trust root in /],
      ["certificateAuthorities", /Not checked: the certificate's authority .* is unknown/],
      ["ctlogs", /Not checked: the certificate's log .* is unknown/],
    ] as const) {
      place.write("without.json", JSON.stringify({ ...sigstore.root, [part]: [] }));
      const ran = await place.run(["attestation", wheel.filename, "--trusted-root", "without.json"]);
      assert.equal(ran.status, 3, `${part}: ${ran.stderr}`);
      assert.match(ran.stdout, says);
    }
  });

  it("takes an artifact that is not at hand by its digest", async () => {
    place.write("demo-2.0.tar.gz.attestation", JSON.stringify(await attest({ filename: "demo-2.0.tar.gz" })));
    const named = `demo-2.0.tar.gz#sha256=${wheel.sha256}`;
    const { status, stdout } = await place.run(["attestation", named, ...root]);
    assert.equal(status, 0, stdout);
    assert.match(stdout, /^demo-2\.0\.tar\.gz: verified/);
  });

  it("compares the signer with the one that is asked for, whatever form lies beside the artifact", async () => {
    const san = "https://github.com/octo/demo/.github/workflows/release.yml@refs/tags/v1.0";
    const issuer = "https://token.actions.githubusercontent.com";
    const provenance = await sigstore.provenance({ filename: wheel.filename, sha256: wheel.sha256 });
    for (const [file, object] of [
      [`${wheel.filename}.publish.attestation`, await attest()],
      [`${wheel.filename}.provenance`, provenance],
    ] as const) {
      place.write("one.json", JSON.stringify(object));
      const run = (...asked: string[]): ReturnType<Place["run"]> =>
        place.run(["attestation", wheel.filename, "--attestation", "one.json", ...root, ...asked]);
      const right = await run("--identity", san, "--issuer", issuer);
      assert.equal(right.status, 0, `${file}: ${right.stdout}`);
      assert.doesNotMatch(right.stdout, /expected by nothing|Valid is not trusted/);
      const named = await run("--identity", "evil@example.com", "--issuer", issuer);
      assert.equal(named.status, 1, file);
      assert.match(named.stdout, /Signed by https:\/\/github\.com\/octo.*, not by evil@example\.com\./);
      const vouched = await run("--identity", san, "--issuer", "https://gitlab.com");
      assert.equal(vouched.status, 1, file);
      assert.match(vouched.stdout, /has vouched for .*, not https:\/\/gitlab\.com\./);
      const json = await run("--identity", san, "--issuer", issuer, "--format", "json");
      assert.equal(resultOf(json.stdout).artifacts[0]?.attestations[0]?.expectedBy, "identity");
    }
  });

  it("refuses a certificate's signature where a key is asked for, and a key that is none", async () => {
    place.write(`${wheel.filename}.attestation`, JSON.stringify(await attest()));
    const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    place.write("key.pub", publicKey.export({ type: "spki", format: "pem" }));
    const other = await place.run(["attestation", wheel.filename, ...root, "--public-key", "key.pub"]);
    assert.equal(other.status, 1);
    assert.match(other.stdout, /It is signed with a certificate, not with a key\./);
    place.write("none.pub", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n");
    const none = await place.run(["attestation", wheel.filename, ...root, "--public-key", "none.pub"]);
    assert.equal(none.status, 2);
    assert.match(none.stderr, /none\.pub is no public key\.\n/);
  });

  it("compares a digest with the one that a signature on the file itself is on, and goes no further without the file", async () => {
    const [mine, other] = ["a".repeat(64), "b".repeat(64)];
    const digest = Buffer.from(mine, "hex").toString("base64");
    const { verification_material: material } = (await attest()) as {
      verification_material: { certificate: string; transparency_entries: unknown[] };
    };
    place.write(
      "demo-1.0.tar.gz.sigstore.json",
      JSON.stringify({
        mediaType: "application/vnd.dev.sigstore.bundle.v0.3+json",
        verificationMaterial: {
          certificate: { rawBytes: material.certificate },
          tlogEntries: material.transparency_entries,
        },
        messageSignature: { messageDigest: { algorithm: "SHA2_256", digest }, signature: digest },
      }),
    );
    const run = (sha256: string): ReturnType<Place["run"]> =>
      place.run(["attestation", `demo-1.0.tar.gz#sha256=${sha256}`, ...root]);
    assert.equal((await run(mine)).status, 3);
    const wrong = await run(other);
    assert.equal(wrong.status, 1, wrong.stdout);
    assert.match(wrong.stdout, /The signature is on a file with another digest\./);
  });

  it("names what cannot be read, with exit status 2", async () => {
    const missing = await place.run(["attestation", "none.whl"]);
    assert.equal(missing.status, 2);
    assert.match(missing.stderr, /cannot read none\.whl: it does not exist/);
    place.write("bad.json", "{}");
    const bad = await place.run(["attestation", wheel.filename, "--trusted-root", "bad.json"]);
    assert.equal(bad.status, 2);
    assert.match(bad.stderr, /bad\.json is no trust root/);
    const half = await place.run(["attestation", wheel.filename, "--identity", "x"]);
    assert.equal(half.status, 2);
  });
});
