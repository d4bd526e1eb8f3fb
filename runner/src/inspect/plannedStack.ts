// The stack as Thoth resolves it, for where wheels alone make none: every release of it that has no wheel is built.
import type { InspectionRequest, PlannedPackage, PlannedStack } from "./model.ts";
import { count, type InspectionRecord } from "./record.ts";
import type { PinnedPackage } from "./resolving.ts";

/**
 * Undefined where nothing is to be built, or, with `isSecond`, where this resolver finds no stack either: then the tool's own words are
 * told.
 * @throws what ends the inspection.
 */
export async function buildStack(
  { builder }: InspectionRequest,
  record: InspectionRecord,
  isSecond: boolean,
): Promise<readonly PinnedPackage[] | undefined> {
  if (!builder) return undefined;
  const late = AbortSignal.timeout(record.remaining);
  const signal = record.signal ? AbortSignal.any([record.signal, late]) : late;
  try {
    const planned = await builder.resolve(signal);
    if ("message" in planned) {
      if (isSecond) return undefined;
      return record.end("install-failed", planned.message, planned.next ? { next: planned.next } : {});
    }
    try {
      return await buildPlanned(planned, record);
    } finally {
      await planned.close();
    }
  } catch (error) {
    record.stopIfCancelled();
    if (!late.aborted) throw error;
    return record.end("timed-out", `The stack takes longer than ${record.limits.seconds} s.`, {
      next: "Raise the time limit.",
    });
  }
}

async function buildPlanned(
  { packages }: PlannedStack,
  record: InspectionRecord,
): Promise<readonly PinnedPackage[] | undefined> {
  const toBuild = packages.filter(({ build }) => build !== undefined);
  if (toBuild.length === 0) return undefined;
  record.resolver = "thoth";
  for (const { name, requires } of packages) record.graph.add(name, requires);
  record.resolved(packages);
  record.begin("build");
  const pinned: PinnedPackage[] = [];
  for (const one of packages) {
    if (!one.build) {
      pinned.push(one);
      continue;
    }
    const { name, version } = one;
    record.log.line(`== build ${name} ${version}`);
    record.progress({
      stage: "build",
      message: `build ${name} ${version}`,
      done: toBuild.indexOf(one) + 1,
      total: toBuild.length,
    });
    const built = await one.build();
    if ("outcome" in built) return endUnbuilt(name, built, record);
    pinned.push({ name, version, sha256: [built.sha256] });
  }
  record.passed(`${count(toBuild.length, "wheel")} built`);
  return pinned;
}

type Unbuilt = Extract<
  Awaited<ReturnType<NonNullable<PlannedPackage["build"]>>>,
  { readonly outcome: unknown }
>;

function endUnbuilt(
  name: string,
  { outcome, message, lines, next, reason }: Unbuilt,
  record: InspectionRecord,
): never {
  const requirement = record.requirementOf(name);
  return record.end(outcome, message, {
    lines,
    package: name,
    ...(next ? { next } : {}),
    ...(reason ? { reason } : {}),
    ...(requirement ? { requirement } : {}),
  });
}
