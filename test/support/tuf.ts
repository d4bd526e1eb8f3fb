// A TUF repository of the tests' own on loopback: valid by default, and wrong in whatever way a test asks for.
import { createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import {
  Key,
  Metadata,
  MetaFile,
  Root,
  Signature,
  Snapshot,
  TargetFile,
  Targets,
  Timestamp,
} from "@tufjs/models";

const TARGET = "trusted_root.json";
const ROLES = ["root", "timestamp", "snapshot", "targets"] as const;
type RoleName = (typeof ROLES)[number];

interface Signer {
  readonly key: Key;
  readonly privateKey: KeyObject;
}

/** One state of the repository. */
export interface Published {
  /** What the target `trusted_root.json` holds. */
  readonly trustedRoot: unknown;
  /** Of timestamp, snapshot and targets. */
  readonly version: number;
  /** Milliseconds since the epoch; in a week by default. */
  readonly expires?: Partial<Record<RoleName, number>>;
  /** Signs this role with a key that the root does not name. */
  readonly forged?: RoleName;
  /** Serves other bytes than the metadata says. */
  readonly otherTarget?: string;
  /** Publishes a second root, signed by both keys, with new keys for all roles; or by the new one alone. */
  readonly rotate?: boolean | "alone";
  /** The version that the second root says it is. */
  readonly rootVersion?: number;
  /** Serves this role's file of the version before in place of the new one. */
  readonly mixed?: "snapshot" | "targets";
  /** The version of the targets that the snapshot lists. */
  readonly targetsListed?: number;
  /** Served in place of this role's file. */
  readonly instead?: { readonly role: "timestamp" | "snapshot" | "targets"; readonly bytes: Buffer };
}

export interface TufRepository {
  /** Without a slash at its end. */
  readonly url: string;
  /** The first root, which a client is given. */
  readonly root: unknown;
  /** Paths that were asked for. */
  readonly requests: string[];
  publish(state: Published): void;
  /** Answers everything with this status. */
  fail(status: number | undefined): void;
  close(): Promise<void>;
}

const WEEK = 7 * 24 * 3_600_000;

function makeSigner(): Signer {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const raw = Buffer.from(publicKey.export({ format: "jwk" }).x as string, "base64url").toString("hex");
  const keyID = createHash("sha256").update(raw).digest("hex");
  return {
    key: new Key({ keyID, keyType: "ed25519", scheme: "ed25519", keyVal: { public: raw } }),
    privateKey,
  };
}

const makeSigners = (): Record<RoleName, Signer> => ({
  root: makeSigner(),
  timestamp: makeSigner(),
  snapshot: makeSigner(),
  targets: makeSigner(),
});

/** `metadata`, signed by each of `signers`, as it is served. */
function seal(metadata: Metadata<Root | Timestamp | Snapshot | Targets>, ...signers: Signer[]): Buffer {
  for (const { key, privateKey } of signers) {
    metadata.sign(
      (data) => new Signature({ keyID: key.keyID, sig: sign(null, data, privateKey).toString("hex") }),
    );
  }
  return Buffer.from(JSON.stringify(metadata.toJSON()));
}

/** Starts an empty repository on a free port. */
export async function startTufRepository(): Promise<TufRepository> {
  const files = new Map<string, Buffer>();
  const requests: string[] = [];
  let status: number | undefined;
  let signers = makeSigners();
  const expiry = (time: number | undefined): string =>
    new Date(time ?? Date.now() + WEEK).toISOString().replace(/\.\d+Z$/, "Z");
  const makeRoot = (version: number, expires?: number): Metadata<Root> => {
    const root = new Root({
      version,
      specVersion: "1.0.31",
      expires: expiry(expires),
      consistentSnapshot: true,
    });
    for (const role of ROLES) root.addKey(signers[role].key, role);
    return new Metadata(root);
  };
  const first = seal(makeRoot(1), signers.root);
  const server = createServer((request, response) => {
    const path = (request.url ?? "/").slice(1);
    requests.push(path);
    const file = files.get(path);
    if (status !== undefined) response.writeHead(status).end();
    else if (file === undefined) response.writeHead(404).end();
    else
      response
        .writeHead(200, { "content-type": "application/json", "content-length": file.length })
        .end(file);
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));

  const publish = (state: Published): void => {
    const { version, expires = {}, forged, rotate = false, rootVersion = 2 } = state;
    if (rotate || expires.root !== undefined || rootVersion !== 2) {
      const before = signers.root;
      if (rotate) signers = makeSigners();
      const by = [...(rotate === "alone" ? [] : [before]), ...(rotate ? [signers.root] : [])];
      files.set("2.root.json", seal(makeRoot(rootVersion, expires.root), ...by));
    }
    const by = (role: RoleName): Signer => {
      if (forged !== role) return signers[role];
      // The name of the right key with another one behind it.
      return { key: signers[role].key, privateKey: makeSigner().privateKey };
    };
    const options = (role: RoleName) => ({ version, specVersion: "1.0.31", expires: expiry(expires[role]) });
    const target = Buffer.from(JSON.stringify(state.trustedRoot));
    const digest = createHash("sha256").update(target).digest("hex");
    const file = new TargetFile({ path: TARGET, length: target.length, hashes: { sha256: digest } });
    const targets = new Targets({ ...options("targets"), targets: { [TARGET]: file } });
    files.set(`${version}.targets.json`, seal(new Metadata(targets), by("targets")));
    files.set(`targets/${digest}.${TARGET}`, Buffer.from(state.otherTarget ?? target));
    const meta = { "targets.json": new MetaFile({ version: state.targetsListed ?? version }) };
    const snapshot = new Snapshot({ ...options("snapshot"), meta });
    files.set(`${version}.snapshot.json`, seal(new Metadata(snapshot), by("snapshot")));
    const timestamp = new Timestamp({ ...options("timestamp"), snapshotMeta: new MetaFile({ version }) });
    files.set("timestamp.json", seal(new Metadata(timestamp), by("timestamp")));
    const pathOf = (role: RoleName, at = version): string =>
      role === "timestamp" ? "timestamp.json" : `${at}.${role}.json`;
    const { mixed, instead } = state;
    if (mixed) files.set(pathOf(mixed), files.get(pathOf(mixed, version - 1)) ?? Buffer.alloc(0));
    if (instead) files.set(pathOf(instead.role), instead.bytes);
  };

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    root: JSON.parse(first.toString("utf8")),
    requests,
    publish,
    fail: (code) => {
      status = code;
    },
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}
