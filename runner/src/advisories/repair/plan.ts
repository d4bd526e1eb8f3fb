// Plans the repair of a stack: first no new finding, then the fewest advisories left, the fewest lines changed, the fewest
// packages moved, small steps in version. Every plan that is answered was resolved for every environment.
import type { Pin, Question, Universe } from "../../resolve/index.ts";
import { findGroups } from "./groups.ts";
import { MOST_VETTINGS } from "./limits.ts";
import type { AdvisoryLookup, RepairOptions, RepairPlan, Vetted } from "./model.ts";
import { Planner } from "./planner.ts";
import { Prover } from "./prover.ts";
import { explainRemaining } from "./remaining.ts";
import { pinKey, Trials } from "./search.ts";
import { rememberUniverse } from "./universe.ts";

/**
 * Plans the smallest change of the lines of a question that leaves the fewest advisories. Where the answer is `exact`, the search was
 * not cut short: no way to raise lines to releases was found to leave fewer, change fewer lines or, with as many, move fewer packages.
 * Small random worlds (`locked.test.ts`, `everyWay.test.ts`) bear that out beside a lock; without one a rare plan is worse than the best,
 * as the order in which a resolver decides keeps a package where it is. Among equals the nearest releases are tried first, and the
 * smallest step is not shown.
 * @param universe where releases come from.
 * @param advisories what is known against each project.
 * @param question the lines as they are; `preferences` are passed over in favour of `options.locked`.
 * @throws what `options.signal` was aborted with.
 */
export async function planRepairs(
  universe: Universe,
  advisories: AdvisoryLookup,
  question: Question,
  options: RepairOptions,
): Promise<RepairPlan> {
  const remembered = rememberUniverse(universe);
  const known = new Map<string, Vetted>();
  for (let round = 0; ; round++) {
    const refused = new Map([...known].filter(([, one]) => one.refused !== undefined));
    const plan = await planEitherWay(remembered, advisories, question, options, refused);
    if (plan.kind !== "planned") return plan;
    const unknown = takenBy(plan).filter((pin) => !known.has(pinKey(pin)));
    const vetted = unknown.length > 0 && options.vet ? await options.vet(unknown, plan.today.flat()) : [];
    unknown.forEach(({ name, version }, at) => {
      known.set(pinKey({ name, version }), vetted[at] ?? { name, version: version.toString(), notes: [] });
    });
    const told: RepairPlan = { ...plan, vetted: [...known.values()] };
    if (vetted.every((one) => one.refused === undefined)) return told;
    if (round >= MOST_VETTINGS) return withoutRepairs(told);
  }
}

/** Releases that the plan or a part of it takes and that are not there today, each once. */
function takenBy({ repairs, stacks, today }: Extract<RepairPlan, { kind: "planned" }>): Pin[] {
  if (repairs.length === 0) return [];
  const there = new Set(today.flat().map(pinKey));
  const taken = new Map<string, Pin>();
  for (const pin of [...stacks.flat(), ...repairs.flatMap((repair) => repair.stacks.flat())]) {
    if (pin.direct === undefined && !there.has(pinKey(pin))) taken.set(pinKey(pin), pin);
  }
  return [...taken.values()];
}

function withoutRepairs(plan: Extract<RepairPlan, { kind: "planned" }>): RepairPlan {
  const reason = "every release that was tried is refused by the checks of where it comes from";
  const left = plan.before.map((exposure) => ({ ...exposure, reason }));
  const nothing = { repairs: [], changes: [], constraints: [], moved: [], stacks: plan.today };
  return { ...plan, ...nothing, left, exact: false };
}

/** A step down is taken only where it is asked for and no step up does as much. */
async function planEitherWay(
  universe: Universe,
  advisories: AdvisoryLookup,
  question: Question,
  options: RepairOptions,
  refused: ReadonlyMap<string, Vetted>,
): Promise<RepairPlan> {
  if (!options.allowDowngrade) return planOnce(universe, advisories, question, options, refused);
  const up = { ...options, allowDowngrade: false };
  const upwards = await planOnce(universe, advisories, question, up, refused);
  if (upwards.kind === "unresolved" || upwards.left.length === 0) return upwards;
  const free = await planOnce(universe, advisories, question, options, refused);
  return free.kind === "planned" && free.left.length < upwards.left.length ? free : upwards;
}

async function planOnce(
  universe: Universe,
  advisories: AdvisoryLookup,
  question: Question,
  options: RepairOptions,
  refused: ReadonlyMap<string, Vetted>,
): Promise<RepairPlan> {
  const trials = new Trials(universe, advisories, question, options, refused);
  const asked: Question = { ...question, kept: options.locked };
  const stacks = await trials.solve(asked, trials.plain());
  if (!stacks) {
    const reason = await trials.whyNot(asked, trials.plain());
    return { kind: "unresolved", reason: reason ?? "the stack could not be resolved" };
  }
  trials.begin(stacks);
  const { present } = trials;
  const prover = new Prover(trials, asked, stacks, options);
  const lines = trials.linesByName();
  const best = present.size === 0 ? undefined : await new Planner(prover, lines).best();
  const left = best?.exposures ?? present;
  const freer =
    options.mayConstrain === false && left.size > 0
      ? await new Planner(new Prover(trials, asked, stacks, { ...options, mayConstrain: true }), lines).best()
      : undefined;
  const groups = best ? await findGroups(prover, best) : [];
  return {
    kind: "planned",
    before: [...present.values()],
    repairs: groups,
    changes: best?.changes ?? [],
    constraints: best?.constraints ?? [],
    moved: best?.moved ?? [],
    left: await explainRemaining(trials, left, lines, freer),
    stacks: best?.stacks ?? stacks,
    today: stacks,
    vetted: [],
    exact: !trials.isCutShort,
  };
}
