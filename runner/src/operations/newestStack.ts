// The newest set that resolves: every line free to move upwards, then each line edited just far enough to admit what came of it.
import type { StackEdits } from "../../../shared/src/facts/stack.ts";
import { planPin, planSpecifier } from "../../../shared/src/manifest/edits.ts";
import { normalizeName } from "../../../shared/src/packaging/name.ts";
import type { Version } from "../../../shared/src/packaging/version.ts";
import type { NewestStack } from "../../../shared/src/protocol/resolve.ts";
import { raiseSpecifier } from "../../../shared/src/rules/index.ts";
import { type Demand, type Pin, type Resolution, resolve, withSpecifier } from "../resolve/index.ts";
import { type FixProver, type SearchedStack, untilAborted } from "./stackFacts.ts";
import { MOST_DECISIONS } from "./unanswered.ts";

/** Undefined where nothing newer resolves. What is proposed is proven as a whole. */
export async function proposeNewest(
  searched: SearchedStack,
  prover: FixProver,
  signal: AbortSignal,
): Promise<NewestStack | undefined> {
  const { asked, resolution } = searched;
  const now = new Map(
    resolution.kind === "solved" ? resolution.pins.map((pin) => [pin.name, pin.version]) : [],
  );
  const open = (floor: boolean): Promise<Resolution> => {
    const requirements = asked.question.requirements.map((line) =>
      openLine(line, floor ? now.get(nameOf(line)) : undefined),
    );
    const options = { signal, maxDecisions: MOST_DECISIONS };
    return untilAborted(resolve(asked.catalogue, { ...asked.question, requirements }, options), signal);
  };
  let freed = await open(true);
  // Where a newer release of one line is bought with an older one of another, the resolver's choice stands.
  if (freed.kind === "impossible" && now.size > 0) freed = await open(false);
  if (freed.kind !== "solved") return undefined;
  const plan = planEdits(searched, freed.pins, now);
  if (plan.edits.length === 0) return undefined;
  return { ...plan, proof: await prover.prove(plan.edits) };
}

function openLine(line: Demand, floor: Version | undefined): Demand {
  const { requirement } = line;
  if (requirement.url !== undefined || requirement.specifier.clauses.length === 0) return line;
  const kept = requirement.specifier.clauses
    .filter(({ operator }) => operator === "!=")
    .map(({ operator, version }) => operator + version);
  // A local label is no bound.
  return withSpecifier(line, [...kept, ...(floor ? [`>=${floor.public}`] : [])].join(","));
}

function planEdits(
  { asked }: SearchedStack,
  pins: readonly Pin[],
  now: ReadonlyMap<string, Version>,
): Omit<NewestStack, "proof"> {
  const byName = new Map(pins.map((pin) => [pin.name, pin]));
  const edits = new Map<string, StackEdits["edits"][number][]>();
  const changes: NewestStack["changes"][number][] = [];
  for (const demand of asked.question.requirements) {
    const pin = byName.get(nameOf(demand));
    const place = asked.places.get(demand);
    if (!pin || !place || pin.direct !== undefined || !asked.catalogue.admits(demand.requirement.marker))
      continue;
    const { manifest, entry, uri } = place;
    if (entry.specifier.contains(pin.version, { prereleases: true })) continue;
    const hashes = pin.release.flatMap(({ hashes: { sha256 } }) => (sha256 ? [`sha256:${sha256}`] : []));
    const raised = raiseSpecifier(entry.specifier, pin.version);
    const isPin =
      entry.specifier.clauses.length === 1 && /^={2,3}$/.test(entry.specifier.clauses[0]!.operator);
    const plan =
      isPin && !entry.specifier.clauses[0]!.version.endsWith(".*")
        ? planPin(manifest, entry, pin.version.toString(), entry.hashes.length > 0 ? hashes : undefined)
        : raised === undefined
          ? undefined
          : planSpecifier(manifest, entry, raised);
    if (!plan?.ok || plan.value.length === 0) continue;
    edits.set(uri, [...(edits.get(uri) ?? []), ...plan.value]);
    const from = now.get(pin.name)?.toString();
    changes.push({ name: pin.name, ...(from === undefined ? {} : { from }), to: pin.version.toString() });
  }
  return { edits: [...edits].map(([uri, list]) => ({ uri, edits: list })), changes };
}

function nameOf({ requirement }: Demand): string {
  return normalizeName(requirement.name.text);
}
