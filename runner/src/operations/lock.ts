// `lock`: resolves a manifest for one runtime environment and gives the stack with the digest of every file.
import { existsSync } from "node:fs";
import { resolve as resolvePath } from "node:path";
import { normalizeName } from "../../../shared/src/packaging/name.ts";
import type { Version } from "../../../shared/src/packaging/version.ts";
import type { LockedPackage, LockInput, LockOutput } from "../../../shared/src/protocol/lock.ts";
import { explainFailure, type Pin, resolve } from "../resolve/index.ts";
import type { Operation } from "./context.ts";
import { OperationError } from "./errors.ts";
import { lockedOrigin } from "./lockedOrigin.ts";
import {
  type AskedManifest,
  askManifest,
  MOST_DECISIONS,
  readPins,
  refuseUnanswered,
  tellForeignSources,
} from "./question.ts";

/** Throws an OperationError where the manifest does not resolve, so that no file is ever written that is no lock. */
export const lock: Operation<LockInput, LockOutput, never> = async (context, input, calls, signal) => {
  const asked = await askManifest(context, input, calls, signal);
  try {
    calls.progress({ message: `resolving ${asked.path}` });
    const previous = await previousPins(asked, input);
    const upgraded = new Set(input.upgradePackages.map(normalizeName));
    const kept = input.upgrade ? [] : [...previous].filter(([name]) => !upgraded.has(name));
    const question = { ...asked.question, preferences: new Map(kept) };
    const resolution = await resolve(asked.catalogue, question, { signal, maxDecisions: MOST_DECISIONS });
    refuseUnanswered(resolution, asked.path);
    if (resolution.kind === "impossible") {
      const last = explainFailure(resolution.failure).steps.at(-1)!;
      throw new OperationError(
        "failed",
        "does-not-resolve",
        `${asked.path} does not resolve for ${asked.environment}: ${last.because.map(({ text }) => text).join("; ")}.`,
        `Ask why and what would help: thoth explain ${asked.path}`,
      );
    }
    const { pins } = resolution;
    for (const told of tellForeignSources(pins, question)) calls.warn(told);
    const changed = pins.filter(({ name, version }) => previous.get(name)?.key !== version.key);
    return {
      result: {
        path: asked.path,
        environment: asked.environment,
        packages: await lockPins(pins, asked),
        changed: previous.size === 0 ? [] : changed.map(({ name }) => name),
      },
      notChecked: [],
    };
  } finally {
    await asked.close();
  }
};

async function previousPins(
  { loader }: AskedManifest,
  { previous, cwd }: LockInput,
): Promise<Map<string, Version>> {
  if (previous === undefined || !existsSync(resolvePath(cwd, previous))) return new Map();
  return readPins(loader, previous);
}

/** One after another: only what lists no digest is fetched, and that is rare. */
async function lockPins(pins: readonly Pin[], asked: AskedManifest): Promise<LockedPackage[]> {
  const packages: LockedPackage[] = [];
  for (const pin of pins) packages.push(lockedPackage(pin, await artifactsOf(pin, asked), asked));
  return packages;
}

/** Every file of the release; where the index lists no sha256, the one that would be installed, hashed here. */
async function artifactsOf(pin: Pin, { universe }: AskedManifest): Promise<LockedPackage["artifacts"]> {
  const source = pin.direct === undefined ? undefined : universe.sourceOf(pin.name, pin.direct);
  // A folder has no digest, and of a repository the commit says it all.
  if (source && source.kind !== "archive") return [];
  const listed = pin.release.flatMap(({ filename, hashes: { sha256 } }) =>
    sha256 === undefined ? [] : [{ filename, sha256 }],
  );
  if (listed.length > 0) return listed.sort((a, b) => (a.filename < b.filename ? -1 : 1));
  const answer = await universe.digest(pin.name, pin.file);
  if ("sha256" in answer) return [{ filename: pin.file.filename, sha256: answer.sha256 }];
  const { message, next } = answer.failure;
  throw new OperationError(
    "not-checked",
    "no-digest",
    `${pin.name} ${pin.version} has no sha256 listed, and its file cannot be read to make one: ${message}`,
    next,
  );
}

function lockedPackage(pin: Pin, artifacts: LockedPackage["artifacts"], asked: AskedManifest): LockedPackage {
  const { universe, loader, places } = asked;
  const lines = pin.demands.flatMap((demand) => {
    const place = places.get(demand);
    return place ? [`-r ${loader.displayUri(place.uri)}`] : [];
  });
  const index = universe.indexOf(pin.file);
  return {
    name: pin.name,
    version: pin.version.toString(),
    extras: [...pin.extras],
    ...(index === undefined ? {} : { index }),
    ...lockedOrigin(pin, asked),
    artifacts,
    via: [...new Set([...lines, ...pin.via])],
  };
}
