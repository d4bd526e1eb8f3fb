// Where a package of a stack comes from that was asked for by address, as locks write it down.
import type { LockedPackage } from "../../../shared/src/protocol/lock.ts";
import { redactUrl } from "../index/index.ts";
import type { Pin } from "../resolve/index.ts";
import type { AskedManifest } from "./askedManifest.ts";

export type LockedOrigin = Pick<
  LockedPackage,
  "url" | "vcs" | "directory" | "editable" | "path" | "subdirectory"
>;

/** What a lock says of a pin that was asked for by address; nothing of one that comes from an index. */
export function lockedOrigin(
  { direct, name, demands }: Pick<Pin, "direct" | "name" | "demands">,
  { universe, places }: Pick<AskedManifest, "universe" | "places">,
): LockedOrigin {
  if (direct === undefined) return {};
  const source = universe.sourceOf(name, direct);
  if (source === undefined) return { url: redactUrl(direct) };
  const url = redactUrl(source.url);
  const entries = demands.flatMap((demand) => places.get(demand)?.entry ?? []);
  const editable = entries.some((entry) => entry.editable) ? { editable: true } : {};
  const inside = source.subdirectory === undefined ? {} : { subdirectory: source.subdirectory };
  if (source.kind === "archive") return { url, ...inside };
  if (source.kind === "directory") {
    const path = entries.find((entry) => entry.path)?.path?.text;
    return { url, directory: true, ...(path === undefined ? {} : { path }), ...editable, ...inside };
  }
  const { system, commit, requested } = source;
  const asked = requested === undefined ? {} : { requested };
  return { url, vcs: { system, commit, ...asked, ...inside }, ...editable };
}
