// The in-toto statement inside an attestation (PEP 740): one subject, which must be this very artifact, and a predicate that is known.
import { isSameArtifactName, readArtifactName } from "./artifactName.ts";
import type { AttestationReason } from "./model.ts";
import { shown } from "./words.ts";

export interface Statement {
  readonly predicateType: string;
  readonly subjects: readonly { readonly name: string; readonly sha256: string | undefined }[];
}

/** Why a statement does not speak for an artifact. */
export interface StatementFault {
  readonly reason: AttestationReason;
  readonly sentence: string;
}

/** What indexes may attest (PEP 740; the publish and SLSA provenance predicates). */
export const PREDICATES: ReadonlySet<string> = new Set([
  "https://docs.pypi.org/attestations/publish/v1",
  "https://slsa.dev/provenance/v1",
]);

const TYPES = new Set(["https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1"]);
const MAX_SUBJECTS = 1024;

/** The statement in `payload`, or undefined where it is none. `allowOlder` takes version 0.1, which PEP 740 does not. */
export function readStatement(payload: Buffer, allowOlder = false): Statement | undefined {
  let json: unknown;
  try {
    json = JSON.parse(payload.toString("utf8"));
  } catch {
    return undefined;
  }
  if (!isObject(json)) return undefined;
  const { _type: type, subject, predicateType } = json;
  if (typeof type !== "string" || !TYPES.has(type) || (!allowOlder && !type.endsWith("/v1")))
    return undefined;
  if (typeof predicateType !== "string") return undefined;
  if (subject !== undefined && !Array.isArray(subject)) return undefined;
  const subjects = (subject ?? []) as unknown[];
  if (subjects.length > MAX_SUBJECTS || !subjects.every(isObject)) return undefined;
  return {
    predicateType,
    subjects: subjects.map(({ name, digest }) => {
      const sha256 = isObject(digest) ? digest.sha256 : undefined;
      return {
        name: typeof name === "string" ? name : "",
        sha256: typeof sha256 === "string" ? sha256 : undefined,
      };
    }),
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Why `statement` is not about the artifact; undefined where it is. `sha256` is lower-case hex. */
export function findOtherSubject(
  statement: Statement,
  artifact: { readonly filename: string; readonly sha256: string },
): StatementFault | undefined {
  const { subjects, predicateType } = statement;
  const [subject] = subjects;
  if (subject === undefined) return { reason: "no-subject", sentence: "The attestation is about no file." };
  if (subjects.length > 1) {
    return {
      reason: "several-subjects",
      sentence: `The attestation is about ${subjects.length} files; one may be about one only.`,
    };
  }
  const signed = readArtifactName(subject.name);
  const named = readArtifactName(artifact.filename);
  if (!signed) {
    const said =
      subject.name === "" ? "a file without a name" : `${shown(subject.name)}, which names no artifact`;
    return { reason: "malformed-name", sentence: `The attestation is about ${said}.` };
  }
  if (!named || !isSameArtifactName(signed, named)) {
    return {
      reason: "other-name",
      sentence: `The attestation is about ${shown(subject.name)}, not about ${shown(artifact.filename)}.`,
    };
  }
  if (subject.sha256 !== artifact.sha256) {
    const said = subject.sha256 === undefined ? "no SHA-256" : `the SHA-256 ${shown(subject.sha256, 16)}`;
    return {
      reason: "other-digest",
      sentence: `The attestation is about ${said}; this file has ${shown(artifact.sha256, 16)}.`,
    };
  }
  if (PREDICATES.has(predicateType)) return undefined;
  return {
    reason: "unknown-predicate",
    sentence: `The attestation says ${shown(predicateType)}, which indexes do not attest.`,
  };
}
