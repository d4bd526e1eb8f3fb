// Repairs of a manifest that clear advisories, each proven by resolving; and what is known against releases that no line names.
import { type AdvisoryThreshold, matchAdvisories, smallestFix } from "../../../shared/src/advisory/index.ts";
import type { StackExposure, StackFacts, StackLock, StackRepair } from "../../../shared/src/facts/stack.ts";
import { type Marker, readMarker } from "../../../shared/src/packaging/marker.ts";
import type { EnvironmentOptions } from "../../../shared/src/protocol/operation.ts";
import { placementOf } from "../../../shared/src/rules/place.ts";
import type { AdvisoryLookup, Repair, RepairPlan } from "../advisories/index.ts";
import type { Pin, StackScope } from "../resolve/index.ts";
import type { AskedManifest } from "./askedManifest.ts";
import type { OperationContext } from "./context.ts";
import { createLookup } from "./knownAdvisories.ts";
import { type ScopeSolver, solverForScope, solverForTargets } from "./lockScope.ts";
import { takesConstraints } from "./repairAddedLines.ts";
import { type FoundLock, findLocks } from "./repairLocks.ts";
import { skippedOf } from "./repairNotes.ts";
import { type RepairInput, repairEnvironments } from "./repairScope.ts";
import { raiseAsSpecifier } from "./repairStyle.ts";
import type { SearchedStack } from "./stackFacts.ts";
import { TRIAL_DECISIONS } from "./unanswered.ts";

interface ManifestRepairs {
  /** Independent of one another; the last holds all of them where there are several. */
  readonly repairs: readonly StackRepair[];
  /** Everything at once; absent where nothing helps. */
  readonly whole?: StackRepair | undefined;
  /** What stays, by project, with what is in the way. */
  readonly left: readonly { readonly name: string; readonly id: string; readonly reason: string }[];
  /** Why nothing could be planned. */
  readonly reason?: string | undefined;
}

export interface RepairOptions {
  /** Repairs of what is known: one of the whole, or each that stands alone; none where it is left out. */
  readonly wanted?: "whole" | "each" | undefined;
  readonly allowDowngrade?: boolean | undefined;
  /** An advisory that is not there yet may come in below it. By default none may. */
  readonly severityThreshold?: AdvisoryThreshold | undefined;
  readonly environments?: readonly EnvironmentOptions[] | undefined;
}

/** Plans repairs of a manifest that was asked for; nothing is written. */
async function repairManifest(
  context: OperationContext,
  input: RepairInput,
  searched: SearchedStack,
  locks: readonly FoundLock[],
  lookup: AdvisoryLookup,
  { allowDowngrade, environments, severityThreshold }: RepairOptions,
  signal: AbortSignal,
): Promise<ManifestRepairs> {
  // Most checks plan no repair: what plans and writes one is loaded where one does.
  const [{ planRepairs }, { createTargetChecks }, { RepairWriter }] = await Promise.all([
    import("../advisories/index.ts"),
    import("./repairTargets.ts"),
    import("./repairWriter.ts"),
  ]);
  const { asked } = searched;
  const { question, reading, universe } = asked;
  const named = environments && [...environments];
  const [lock] = locks;
  const declared = await repairEnvironments({ ...input, environments: named }, asked.root.path);
  const each = declared ?? lock?.environments;
  const scope = declared
    ? searched.scope
    : await scopeOfLock(context, { ...input, environments: named }, asked, lock, signal);
  const targets = createTargetChecks(context, input, asked, each, lookup, signal);
  let plan: RepairPlan;
  try {
    plan = await planRepairs(universe, lookup, question, {
      targets: [reading],
      ...(scope ? { scope: (other) => scope.over(other) } : {}),
      now: context.now(),
      signal,
      locked: lock?.pins.map(({ name, version, marker }) => ({
        name,
        version,
        ...(marker ? { marker } : {}),
      })),
      allowDowngrade,
      mayConstrain: takesConstraints(asked),
      raise: (demand, version) => {
        const place = asked.places.get(demand);
        return place && raiseAsSpecifier(place, version);
      },
      threshold: severityThreshold,
      vet: (pins, today) => targets.vet(pins, today),
    });
  } finally {
    await targets.close();
  }
  if (plan.kind === "unresolved") return { repairs: [], left: [], reason: plan.reason };
  const writer = new RepairWriter(asked, locks, plan);
  const left = plan.left.map(({ name, match, reason }) => {
    const skipped = skippedOf(plan.vetted, new Set([name]));
    return { name, id: match.id, reason: [reason, ...skipped].join("; ") };
  });
  const refused: { name: string; id: string; reason: string }[] = [];
  const repairs: StackRepair[] = [];
  for (const repair of plan.repairs) {
    const written = await writer.write(repair);
    if (typeof written !== "string") repairs.push(written);
    else for (const { name, match } of repair.fixed) refused.push({ name, id: match.id, reason: written });
  }
  const whole = plan.repairs.length > 1 ? await writer.write(wholeOf(plan)) : repairs[0];
  return {
    repairs,
    ...(whole === undefined || typeof whole === "string" ? {} : { whole }),
    left: [...left, ...refused],
  };
}

/**
 * Adds what is known against releases that no line names, of the lock beside the manifest, else of the stack as it resolves today;
 * and, where they are wanted, repairs of what is known.
 */
export async function addAdvisories(
  context: OperationContext,
  input: RepairInput,
  searched: SearchedStack,
  facts: StackFacts,
  signal: AbortSignal,
  options: RepairOptions = {},
): Promise<StackFacts> {
  const { asked, resolution } = searched;
  const { wanted } = options;
  const knowledge = await context.knowledge();
  if (resolution.kind !== "solved" || knowledge.advisories.sources().length === 0) return facts;
  const { tree } = asked.root;
  const lookup = createLookup(knowledge);
  const locks = await findLocks(asked, signal);
  const all = exposuresOf(resolution.pins, locks[0], lookup, context.now());
  const named = placementOf(tree).byName;
  const beside = locks.filter(({ form }) => form !== "pipfile-lock");
  const known: StackFacts = {
    ...facts,
    texts: {
      ...facts.texts,
      ...Object.fromEntries(locks.map(({ file }) => [file.uri, file.manifest.text])),
    },
    ...(beside.length > 0 ? { locks: beside.map(lockFacts) } : {}),
    exposed: all.filter(({ name }) => !named.has(name)),
  };
  if (wanted === undefined) return known;
  if (all.length === 0 && !searched.scope) return { ...known, repairs: [] };
  const { whole, repairs, left, reason } = await repairManifest(
    context,
    input,
    searched,
    locks,
    lookup,
    options,
    signal,
  );
  return {
    ...known,
    repairs: wanted === "each" ? repairs : whole ? [whole] : [],
    unrepaired: [...left, ...(reason === undefined ? [] : [{ name: "", reason }])],
  };
}

/** What a lock says that it is for, where nobody has declared anything. */
async function scopeOfLock(
  context: OperationContext,
  input: RepairInput,
  asked: AskedManifest,
  lock: FoundLock | undefined,
  signal: AbortSignal,
): Promise<ScopeSolver | undefined> {
  if (lock?.scope) {
    const requiredEnvironments = await platformsOf(lock, lock.scope, asked, signal);
    return solverForScope({ ...lock.scope, requiredEnvironments }, asked);
  }
  return lock?.environments && solverForTargets(context, input, asked, lock.environments, signal);
}

/**
 * The platforms on which all of a lock for everywhere can be installed as it is: what it is moved to has to have files for them too,
 * which a stack for everywhere alone does not ask.
 */
async function platformsOf(
  { pins }: FoundLock,
  scope: StackScope,
  asked: AskedManifest,
  signal: AbortSignal,
): Promise<Marker[]> {
  const found: Marker[] = [];
  for (const platform of ["linux", "darwin", "win32"]) {
    const read = readMarker(`sys_platform == "${platform}"`);
    if (!read.ok) continue;
    const solver = await solverForScope({ ...scope, requiredEnvironments: [read.value] }, asked);
    const answer = await solver.solve(
      { ...asked.question, kept: pins },
      { signal, maxDecisions: TRIAL_DECISIONS },
    );
    if (answer.kind === "solved") found.push(read.value);
  }
  return found;
}

function lockFacts({ file, pins }: FoundLock): StackLock {
  const versions: Record<string, string> = {};
  for (const { name, version } of pins) versions[name] ??= version.toString();
  return { uri: file.uri, versions };
}

function exposuresOf(
  pins: readonly Pin[],
  lock: FoundLock | undefined,
  lookup: AdvisoryLookup,
  now: number,
): StackExposure[] {
  const all = new Map((lock ? lock.pins : pins).map((pin) => [`${pin.name} ${pin.version.key}`, pin]));
  return [...all.values()].flatMap(({ name, version }) => {
    const text = version.toString();
    const matches = matchAdvisories(lookup(name), text, now);
    if (matches.length === 0) return [];
    const fixedIn = smallestFix(lookup(name), text, now);
    return [{ name, version: text, matches, ...(fixedIn === undefined ? {} : { fixedIn }) }];
  });
}

function wholeOf(plan: Extract<RepairPlan, { kind: "planned" }>): Repair {
  const { changes, constraints, moved, stacks } = plan;
  return { changes, constraints, moved, stacks, fixed: plan.repairs.flatMap(({ fixed }) => fixed) };
}
