// `attestation`: verifies what lies beside artifacts on disk. Asks nobody.
import { readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import type {
  AttestationInput,
  AttestationOutput,
  AttestationVerdictOutput,
} from "../../../shared/src/protocol/attestation.ts";
import { dataFolder } from "../data/index.ts";
import {
  type AttestationVerdict,
  currentTrust,
  type TrustState,
  trustFromFile,
  verifyBeside,
} from "../provenance/attestation/index.ts";
import type { Operation, OperationContext } from "./context.ts";
import { OperationError } from "./errors.ts";

/** How files with attestations are called after the artifact that they lie beside: as PyPI's and Sigstore's tools write them. */
const BESIDE = /^(?:\.[a-z]+)?\.attestation$|^\.provenance$|^\.sigstore(?:\.json)?$/;
const MAX_JSON = 16 * 1024 * 1024;

type Judged = AttestationOutput["artifacts"][number];

/** Throws OperationError for files that cannot be read, and for a trust root or key that is none. */
export const attestation: Operation<AttestationInput, AttestationOutput, never> = async (
  context,
  input,
  _calls,
  signal,
) => {
  if (input.attestations && input.artifacts.length > 1) {
    throw usage("attestation-of-several", "--attestation is for one artifact.", "Name one artifact.");
  }
  if ((input.identity === undefined) !== (input.issuer === undefined)) {
    throw usage("half-an-identity", "--identity and --issuer go together.", "Give both.");
  }
  const trust = await trustOf(context, input);
  const publicKey = await publicKeyOf(input);
  const artifacts: Judged[] = [];
  for (const artifact of input.artifacts) {
    signal.throwIfAborted();
    artifacts.push(await judgeArtifact(artifact, input, { trust, publicKey, now: context.now() }));
  }
  return {
    result: {
      artifacts,
      trust: {
        source: trust.trust.source,
        from: trust.trust.from,
        ...(trust.trust.time === undefined ? {} : { time: trust.trust.time }),
        message: trust.sentence,
      },
    },
    notChecked: artifacts.flatMap(unchecked),
  };
};

function unchecked({ path, state, attestations }: Judged): { what: string; reason: string }[] {
  if (state === "absent") return [{ what: path, reason: "nothing to check lies beside it" }];
  return attestations
    .filter((one) => one.state === "not-checked")
    .map(({ file, message }) => ({ what: file, reason: message }));
}

async function trustOf(context: OperationContext, input: AttestationInput): Promise<TrustState> {
  if (input.trustedRoot === undefined) return currentTrust(dataFolder(context), context.now());
  const answer = await trustFromFile(resolve(input.cwd, input.trustedRoot));
  if (!("trust" in answer)) {
    const { code, message, next } = answer.failure;
    throw new OperationError("unreadable", code, message, next);
  }
  return answer;
}

async function publicKeyOf({ cwd, publicKey }: AttestationInput): Promise<string | undefined> {
  if (publicKey === undefined) return undefined;
  const pem = (await readBytes(resolve(cwd, publicKey), publicKey)).toString("utf8");
  try {
    process.getBuiltinModule("node:crypto").createPublicKey(pem);
    return pem;
  } catch {
    throw usage("bad-key", `${publicKey} is no public key.`, "Give a key in PEM.");
  }
}

interface Tools {
  readonly trust: TrustState;
  readonly publicKey: string | undefined;
  readonly now: number;
}

async function judgeArtifact(artifact: string, input: AttestationInput, tools: Tools): Promise<Judged> {
  const { path, digest } = readArtifact(artifact);
  const whole = resolve(input.cwd, path);
  const bytes = digest === undefined ? await readBytes(whole, path) : undefined;
  const files = input.attestations?.map((file) => resolve(input.cwd, file)) ?? besides(whole);
  const attestations: AttestationVerdictOutput[] = [];
  const { createHash } = process.getBuiltinModule("node:crypto");
  const sha256 =
    digest ??
    createHash("sha256")
      .update(bytes as Buffer)
      .digest("hex");
  const { identity: san, issuer } = input;
  for (const file of files) {
    const verdict = await verifyBeside({
      filename: basename(whole),
      beside: await readJson(file),
      artifact: bytes,
      sha256,
      trust: tools.trust.trust,
      now: tools.now,
      publicKey: tools.publicKey,
      identity: san !== undefined && issuer !== undefined ? { san, issuer } : undefined,
    });
    const all: readonly AttestationVerdict[] =
      verdict.attestations.length > 0
        ? verdict.attestations
        : [{ ...verdict, state: verdict.state === "absent" ? "not-checked" : verdict.state }];
    attestations.push(...all.map((one) => told(file, one, input)));
  }
  const worst = (["failed", "not-checked", "passed"] as const).find((state) =>
    attestations.some((one) => one.state === state),
  );
  return { path: whole, sha256, state: worst ?? "absent", attestations };
}

function told(
  file: string,
  verdict: AttestationVerdict,
  asked: Pick<AttestationInput, "identity" | "publicKey">,
): AttestationVerdictOutput {
  const { state, reason, sentence, detail, predicateType, identity } = verdict;
  const by = asked.identity !== undefined ? "identity" : asked.publicKey !== undefined ? "key" : "nothing";
  const isByNobody = state === "passed" && by === "nothing";
  return {
    file,
    state,
    reason,
    message: isByNobody ? `${sentence.replace(/\.$/, "")}; expected by nothing.` : sentence,
    ...(state === "passed" ? { expectedBy: by } : {}),
    ...(detail === undefined ? {} : { detail }),
    ...(predicateType === undefined ? {} : { predicateType }),
    ...(identity ? { identity } : {}),
  };
}

/** `PATH` or `PATH#sha256=HEX`, as index pages write it. */
function readArtifact(text: string): { path: string; digest?: string } {
  const hash = text.lastIndexOf("#");
  if (hash < 0) return { path: text };
  const digest = /^sha256=([0-9a-f]{64})$/i.exec(text.slice(hash + 1))?.[1];
  // A file may have a hash mark in its name.
  return digest === undefined ? { path: text } : { path: text.slice(0, hash), digest: digest.toLowerCase() };
}

/** The files with attestations beside an artifact, by name. */
function besides(artifact: string): string[] {
  const name = basename(artifact);
  try {
    return readdirSync(dirname(artifact))
      .filter((file) => file.startsWith(name) && BESIDE.test(file.slice(name.length)))
      .sort()
      .map((file) => join(dirname(artifact), file));
  } catch {
    return [];
  }
}

/** `shown`: the path as the person wrote it. */
async function readBytes(path: string, shown = path): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    const { code = "error" } = error as NodeJS.ErrnoException;
    const why = code === "ENOENT" ? "it does not exist" : code === "EISDIR" ? "it is a folder" : code;
    throw new OperationError("unreadable", "unreadable", `cannot read ${shown}: ${why}.`, "Check the path.");
  }
}

/** What is no JSON is no attestation, which is a verdict and not an error. */
async function readJson(path: string): Promise<unknown> {
  const bytes = await readBytes(path);
  if (bytes.length > MAX_JSON) return undefined;
  try {
    return JSON.parse(bytes.toString("utf8")) as unknown;
  } catch {
    return undefined;
  }
}

function usage(code: string, message: string, next: string): OperationError {
  return new OperationError("usage", code, message, next);
}
