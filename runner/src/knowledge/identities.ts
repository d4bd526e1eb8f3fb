// Who has signed what, kept from the first time that it was seen: a history that an index rewrites is told by comparing with this.
import type { KnowledgeFile } from "./file.ts";
import { withoutCredentials } from "./rows.ts";

/** One signer of one file, as it was first seen. */
export interface KnownIdentity {
  /** PEP 503 form. */
  readonly project: string;
  readonly version: string;
  readonly filename: string;
  /** Lower-case hex, of the file. */
  readonly sha256: string;
  /** Address of the index. */
  readonly source: string;
  /** What the certificate says, as the one who verified it put it. Its `signedAt` and `run` tell no signers apart. */
  readonly identity: Readonly<Record<string, unknown>>;
  /** Milliseconds since the epoch, by the index. */
  readonly uploadedAt?: number | undefined;
}

export interface KeptIdentity extends KnownIdentity {
  /** Milliseconds since the epoch. */
  readonly firstSeen: number;
  readonly lastSeen: number;
}

export class Identities {
  readonly #file: KnowledgeFile;

  constructor(file: KnowledgeFile) {
    this.#file = file;
  }

  /** Keeps signers that were verified now. One that is known keeps the time at which it was first seen. */
  record(identities: readonly KnownIdentity[], now: number): void {
    this.merge(identities.map((one) => ({ ...one, firstSeen: now, lastSeen: now })));
  }

  /** Keeps signers that another machine has seen: the earliest time of first sight counts, and the latest of last. */
  merge(identities: readonly KeptIdentity[]): void {
    if (identities.length === 0) return;
    this.#file.write(() => {
      const insert = this.#file.prepare(INSERT);
      for (const one of identities) {
        const { project, version, filename, sha256, source, identity, uploadedAt } = one;
        insert.run(
          project,
          version,
          filename,
          sha256.toLowerCase(),
          withoutCredentials(source),
          signerOf(identity),
          JSON.stringify(identity),
          uploadedAt ?? null,
          one.firstSeen,
          one.lastSeen,
        );
      }
    });
  }

  /** The projects of which a signer was ever seen, in PEP 503 form. */
  projects(): string[] {
    return this.#file
      .rows("SELECT DISTINCT project FROM identities ORDER BY project")
      .map(({ project }) => String(project));
  }

  /** Every signer that was ever seen of a project, the first seen first. `project` is in PEP 503 form. */
  ofProject(project: string): KeptIdentity[] {
    return this.#file
      .rows("SELECT * FROM identities WHERE project = ? ORDER BY first_seen, filename, signer", project)
      .map((row) => ({
        project,
        version: String(row.version),
        filename: String(row.filename),
        sha256: String(row.sha256),
        source: String(row.source),
        identity: JSON.parse(String(row.identity)) as Record<string, unknown>,
        ...(typeof row.uploaded === "number" ? { uploadedAt: row.uploaded } : {}),
        firstSeen: Number(row.first_seen),
        lastSeen: Number(row.last_seen),
      }));
  }
}

const INSERT = `INSERT INTO identities
  (project, version, filename, sha256, source, signer, identity, uploaded, first_seen, last_seen)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (project, filename, sha256, source, signer)
  DO UPDATE SET first_seen = min(first_seen, excluded.first_seen), last_seen = max(last_seen, excluded.last_seen)`;

/** The identity without what differs from run to run, its keys in order. */
function signerOf(identity: Readonly<Record<string, unknown>>): string {
  const { signedAt: _, run: __, ...signer } = identity;
  return JSON.stringify(Object.entries(signer).sort(([a], [b]) => (a < b ? -1 : 1)));
}
