// Why an advisory stays: what is in the way, and what clearing it would cost.
import { compareVersions } from "../../../../shared/src/packaging/version.ts";
import type { Demand } from "../../resolve/index.ts";
import { type Candidate, isBelow } from "./candidate.ts";
import type { Exposure, Remaining } from "./model.ts";
import type { Key, Stacks, Trials } from "./search.ts";

/** Other ways are told up to this many. */
const MOST_WAYS = 3;

/**
 * Each of what is left, with what is in the way.
 * @param constrained what could be had where lines may be added that narrow what others bring in, and they may not.
 */
export async function explainRemaining(
  trials: Trials,
  left: ReadonlyMap<Key, Exposure>,
  lines: ReadonlyMap<string, readonly Demand[]>,
  constrained?: Candidate,
): Promise<Remaining[]> {
  const told: Remaining[] = [];
  for (const [key, exposure] of left) {
    const reason =
      constrained && !constrained.exposures.has(key)
        ? `it needs a constraint (${sayConstraints(constrained)}), and this kind of file has no place for one`
        : await reasonFor(trials, left, lines, key);
    told.push({ ...exposure, reason });
  }
  return told;
}

function sayConstraints({ constraints }: Candidate): string {
  return constraints.map(({ name, specifier }) => `${name}${specifier}`).join(", ");
}

async function reasonFor(
  trials: Trials,
  left: ReadonlyMap<Key, Exposure>,
  lines: ReadonlyMap<string, readonly Demand[]>,
  key: Key,
): Promise<string> {
  const { name, version } = left.get(key)!;
  const all = new Set(lines.keys());
  const open = trials.open(all);
  const forbidden = new Set([key]);
  const ways: string[] = [];
  while (ways.length < MOST_WAYS) {
    const stacks = await trials.solve(open, trials.without({ forbidden }));
    if (!stacks) break;
    const brought = broughtBy(trials, stacks, left, key);
    if (brought.length === 0) return "clearing it was not found possible beside the rest";
    ways.push(sayWay(trials, stacks, lines, brought));
    for (const [other] of brought) forbidden.add(other);
  }
  if (ways.length > 0) return `clearing it would bring others: ${ways.join("; ")}`;
  const without = await sayReleasesWithout(trials, key, name, version);
  if (without !== undefined) return without;
  const why = await trials.whyNot(open, trials.without({ forbidden: new Set([key]) }));
  if (why === undefined) return "clearing it was not found possible beside the rest";
  return `no release of ${name} above ${version} clears it and fits the rest: ${why}`;
}

/** Where the project itself has no release to go to, that is all there is to say. */
async function sayReleasesWithout(
  trials: Trials,
  key: Key,
  name: string,
  version: string,
): Promise<string | undefined> {
  const without = await trials.releasesWithout(key, name);
  const nearest = without.at(-1);
  if (!nearest) return `no release of ${name} clears it`;
  if (trials.allowsDowngrade || !isBelow(nearest.toString(), version)) return undefined;
  return `no release of ${name} above ${version} clears it; ${nearest} below it does (fix --allow-downgrade)`;
}

/** What a stack has that the plan leaves out: new, or cleared otherwise. */
function broughtBy(
  trials: Trials,
  stacks: Stacks,
  left: ReadonlyMap<Key, Exposure>,
  key: Key,
): (readonly [Key, Exposure])[] {
  return [...trials.exposuresOf(stacks)].filter(
    ([other, exposure]) =>
      other !== key && !left.has(other) && (trials.present.has(other) || !trials.mayComeIn(exposure)),
  );
}

function sayWay(
  trials: Trials,
  stacks: Stacks,
  lines: ReadonlyMap<string, readonly Demand[]>,
  brought: readonly (readonly [Key, Exposure])[],
): string {
  const moved = stacks.flat().filter((pin) => {
    const today = trials.today.get(pin.name);
    return lines.has(pin.name) && today !== undefined && compareVersions(today, pin.version) !== 0;
  });
  const what = [...new Set(moved.map((pin) => `${pin.name} ${pin.version}`))].slice(0, 3).join(", ");
  const with_ = brought.map(([, one]) => `${one.match.id} of ${one.name} ${one.version}`).slice(0, 3);
  return `${what === "" ? "the rest" : what} has ${with_.join(", ")}`;
}
