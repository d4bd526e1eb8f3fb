// One attestation warm in process, and five files as a whole process, against `pypi-attestations` in Python.
//
// Both sides get the same text with the publisher that the index claims, and the same trust root; each reads the JSON anew every round.
// They take turns, so that whatever else the machine does meets both.
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { verifyProvenance } from "../../../runner/src/provenance/attestation/index.ts";
import { digestOfRoot } from "../../../runner/src/provenance/attestation/trust.ts";
import { BUNDLE, cleanEnvironment, median, needBundle, pythonWith, type Row, timed } from "../support.ts";

const SET = fileURLToPath(new URL("../../../../shared/conformance/provenance/", import.meta.url));
const PEER = fileURLToPath(new URL("attestations.py", import.meta.url));
const TRUSTED_ROOT = `${SET}trusted-root/trusted_root.json`;
const PROVENANCE = `${SET}attestations/pypi_attestations-0.0.19.tar.gz.provenance`;
/** Five files beside three artifacts, all signed under the production root. */
const FILES = [
  "pypi_attestations-0.0.19.tar.gz.provenance",
  "pypi_attestations-0.0.19.tar.gz.publish.attestation",
  "pypi_attestations-0.0.19.tar.gz.slsa.attestation",
  "pypi_attestation_models-0.0.4a2.tar.gz.attestation",
  "gitlab_oidc_project-0.0.3.tar.gz.publish.attestation",
];

const ROUNDS = 200;
const TURNS = 5;
const WHOLE_ROUNDS = 7;
const WARM_REACH = 3;
const WHOLE_REACH = 3;

/** Empty, with a line that says so, where the attestations are not beside the clone. */
export async function measureAttestations(): Promise<Row[]> {
  if (!existsSync(PROVENANCE)) {
    console.error(`provenance: ${SET} is not there, so attestations were not measured.`);
    return [];
  }
  await needBundle();
  const python = pythonWith("pypi_attestations", "pypi-attestations");
  return [await measureWarm(python), measureWhole(python)];
}

interface Subject {
  readonly name: string;
  readonly digest: { readonly sha256: string };
}

/** What the first attestation of a file is about. */
function subjectOf(path: string): Subject {
  const json = JSON.parse(readFileSync(path, "utf8"));
  const attestation = json.attestation_bundles?.[0].attestations[0] ?? json;
  return JSON.parse(Buffer.from(attestation.envelope.statement, "base64").toString("utf8")).subject[0];
}

async function measureWarm(python: string): Promise<Row> {
  const text = readFileSync(PROVENANCE, "utf8");
  const root = JSON.parse(readFileSync(TRUSTED_ROOT, "utf8")) as unknown;
  const trust = { source: "file", from: TRUSTED_ROOT, sha256: digestOfRoot(root), root } as const;
  const { name, digest } = subjectOf(PROVENANCE);
  const verify = async (): Promise<number> => {
    const start = performance.now();
    const provenance: unknown = JSON.parse(text);
    const { state } = await verifyProvenance({
      filename: name,
      sha256: digest.sha256,
      provenance,
      trust,
      now: Date.now(),
    });
    if (state !== "passed") throw new Error(`The attestation ended as ${state}.`);
    return performance.now() - start;
  };
  for (let round = 0; round < ROUNDS; round++) await verify();
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let turn = 0; turn < TURNS; turn++) {
    const times: number[] = [];
    for (let round = 0; round < ROUNDS; round++) times.push(await verify());
    ours.push(median(times));
    const args = [PEER, "warm", TRUSTED_ROOT, String(ROUNDS + 20), PROVENANCE];
    const peer = JSON.parse(execFileSync(python, args, { encoding: "utf8" })) as number[];
    theirs.push(median(peer.slice(20)));
  }
  const ratio = median(ours) / median(theirs);
  return {
    what: `one attestation, warm, in process, median of ${ROUNDS}`,
    ours: `${median(ours).toFixed(2)} ms`,
    peer: `pypi-attestations ${median(theirs).toFixed(2)} ms`,
    ratio,
    reach: `≤ ${WARM_REACH} ×`,
    met: ratio <= WARM_REACH,
  };
}

function measureWhole(python: string): Row {
  const folder = mkdtempSync(join(tmpdir(), "thoth-bench-attestations-"));
  try {
    for (const file of FILES) copyFileSync(`${SET}attestations/${file}`, join(folder, file));
    const files = FILES.map((file) => join(folder, file));
    const artifacts = new Map(files.map((file) => [subjectOf(file).name, subjectOf(file).digest.sha256]));
    const named = [...artifacts].map(([name, sha256]) => `${join(folder, name)}#sha256=${sha256}`);
    const env = cleanEnvironment(folder);
    const command = [BUNDLE, "attestation", ...named, "--trusted-root", TRUSTED_ROOT];
    const said = execFileSync(process.execPath, [...command, "--format", "json"], { encoding: "utf8", env });
    const verified = JSON.parse(said).result.artifacts.flatMap(
      (one: { attestations: { state: string }[] }) => one.attestations,
    ) as { state: string }[];
    if (verified.length !== FILES.length || verified.some(({ state }) => state !== "passed")) {
      throw new Error(`Not all ${FILES.length} files were verified: ${said}`);
    }
    const ours: number[] = [];
    const theirs: number[] = [];
    for (let round = 0; round <= WHOLE_ROUNDS; round++) {
      const pair = [
        timed(process.execPath, command, env),
        timed(python, [PEER, "whole", TRUSTED_ROOT, ...files], env),
      ] as const;
      // The first round warms the disk up.
      if (round === 0) continue;
      ours.push(pair[0]);
      theirs.push(pair[1]);
    }
    const ratio = median(theirs) / median(ours);
    return {
      what: "five files with attestations, whole process",
      ours: `${Math.round(median(ours))} ms`,
      peer: `pypi-attestations ${Math.round(median(theirs))} ms`,
      ratio,
      reach: `≥ ${WHOLE_REACH} × faster`,
      met: ratio >= WHOLE_REACH,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
