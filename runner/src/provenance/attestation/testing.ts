// What the tests of attestations share: the conformance files, trust roots of them, digests.
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { TrustMaterial } from "./model.ts";
import { digestOfRoot } from "./trust.ts";

/** The folder of real attestations, which is not part of the repository. */
export const CONFORMANCE = fileURLToPath(
  new URL("../../../../../shared/conformance/provenance/", import.meta.url),
);
export const isConformanceHere = existsSync(CONFORMANCE);

export const NOW = Date.parse("2026-11-22T12:00:00Z");

export function sha256(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** The JSON in a file of the conformance set. */
export function readJson(path: string): unknown {
  return JSON.parse(readFileSync(CONFORMANCE + path, "utf8"));
}

/** `root` as a trust root that a person named. */
export function trustOf(root: unknown, from = "trusted_root.json", time?: number): TrustMaterial {
  return { source: "file", from, time, sha256: digestOfRoot(root), root };
}

/** Sigstore's production or staging trust root. */
export function sigstoreTrust(kind: "production" | "staging"): TrustMaterial {
  const name = kind === "production" ? "trusted_root.json" : "trusted_root.staging.json";
  return trustOf(readJson(`trusted-root/${name}`), name, Date.parse("2026-08-21"));
}
