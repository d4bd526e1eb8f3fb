// From the requirements to the wheels that they come to: resolved from metadata, built where the person allows it and there is no wheel, fetched.
import { type FetchedWheel, fetchWheels, linkKeptWheels } from "./fetch.ts";
import { hostEnvironment } from "./hostTools.ts";
import type { Interpreter } from "./interpreter.ts";
import type { InspectionRequest } from "./model.ts";
import { buildStack } from "./plannedStack.ts";
import { count, type InspectionRecord } from "./record.ts";
import { resolveStack } from "./resolve.ts";
import type { PinnedPackage, ResolveAnswer, ResolveRequest } from "./resolving.ts";

/**
 * The stages `resolve`, `build` and `fetch`.
 * @param folder of this inspection's own, for the files that the tools read and write.
 * @throws what ends the inspection.
 */
export async function obtainWheels(
  request: InspectionRequest,
  record: InspectionRecord,
  interpreter: Interpreter,
  folder: string,
): Promise<readonly FetchedWheel[]> {
  const resolving = resolveRequestOf(request, record, interpreter, folder);
  record.begin("resolve");
  if (request.requirements.length === 0) {
    record.passed("nothing to install");
    return [];
  }
  const needsBuild = request.requirements.some(({ obstacle }) => obstacle !== undefined);
  const resolved = needsBuild ? undefined : await resolveStack(resolving);
  record.stopIfCancelled();
  const lacksWheel = resolved === undefined || (!resolved.ok && resolved.lacksWheel === true);
  const built = lacksWheel ? await buildStack(request, record, resolved !== undefined) : undefined;
  if (built) return fetchStack(built, request, record, resolving);
  if (resolved === undefined) return [];
  if (!resolved.ok) return endUnresolved(resolved, request, record);
  record.resolver = resolved.tool;
  record.resolved(resolved.packages);
  return fetchStack(resolved.packages, request, record, resolving);
}

function resolveRequestOf(
  request: InspectionRequest,
  record: InspectionRecord,
  interpreter: Interpreter,
  folder: string,
): ResolveRequest {
  const output = record.log.stream();
  const indexes = request.indexes ?? {};
  const kept = request.offline ? linkKept(request, folder) : undefined;
  return {
    interpreter,
    requirements: request.requirements,
    constraints: request.constraints ?? [],
    indexes: kept === undefined ? indexes : { ...indexes, findLinks: [...(indexes.findLinks ?? []), kept] },
    resolver: request.resolver ?? "auto",
    offline: request.offline ?? false,
    onlyListed: request.onlyListed ?? false,
    folder,
    cwd: request.cwd ?? folder,
    env: hostEnvironment(request.env ?? process.env, indexes),
    deadline: record.remaining,
    ...(record.signal ? { signal: record.signal } : {}),
    onOutput: (chunk) => output.write(chunk),
  };
}

function linkKept({ requirements, cacheFolder }: InspectionRequest, folder: string): string | undefined {
  const digests = requirements.flatMap(({ text }) =>
    [...text.matchAll(/--hash=sha256:(\w+)/g)].map((found) => found[1]!),
  );
  return linkKeptWheels(cacheFolder, folder, new Set(digests));
}

function endUnresolved(
  { outcome, message, lines, names, reason, next }: Extract<ResolveAnswer, { ok: false }>,
  { requirements }: InspectionRequest,
  record: InspectionRecord,
): never {
  const named = names
    .map((name) => requirements.find((one) => one.name === name))
    .find((one) => one !== undefined);
  return record.end(outcome, message, {
    lines,
    ...(reason ? { reason } : {}),
    ...(next ? { next } : {}),
    ...(names[0] ? { package: names[0] } : {}),
    ...(named ? { requirement: named } : {}),
  });
}

async function fetchStack(
  packages: readonly PinnedPackage[],
  { requirements, cacheFolder }: InspectionRequest,
  record: InspectionRecord,
  resolving: ResolveRequest,
): Promise<readonly FetchedWheel[]> {
  record.begin("fetch");
  const fetched = await fetchWheels(packages, cacheFolder, { ...resolving, deadline: record.remaining });
  record.stopIfCancelled();
  if (!fetched.ok) {
    const named = requirements.find((one) => one.name !== undefined && one.name === fetched.name);
    return record.end(fetched.timedOut ? "timed-out" : "infrastructure-failed", fetched.message, {
      lines: fetched.lines,
      ...(fetched.next ? { next: fetched.next } : {}),
      ...(fetched.name ? { package: fetched.name } : {}),
      ...(named ? { requirement: named } : {}),
    });
  }
  record.setPackages(
    fetched.wheels
      .map(({ name, version, filename, sha256 }) => ({ name, version, filename, sha256 }))
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
  );
  record.passed(`${count(fetched.wheels.length, "wheel")}, ${fetched.fetched} fetched`);
  return fetched.wheels;
}
