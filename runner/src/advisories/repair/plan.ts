// Plans the repair of a stack: first no new finding, then the fewest advisories left, the fewest lines changed, the fewest
// packages moved, the smallest step in version. Every plan that is answered was resolved for every environment.
import { compareVersions, parseVersion, type Version } from "../../../../shared/src/packaging/version.ts";
import type { Demand, KeptPin, Pin, Question, Universe } from "../../resolve/index.ts";
import { combinations } from "./combinations.ts";
import { findGroups } from "./groups.ts";
import type {
  AddedConstraint,
  AdvisoryLookup,
  Exposure,
  LineChange,
  Move,
  RepairOptions,
  RepairPlan,
  Vetted,
} from "./model.ts";
import { explainRemaining } from "./remaining.ts";
import { type Key, keptOf, pinKey, type Stacks, Trials } from "./search.ts";
import {
  distanceBetween,
  isPin,
  lineFor,
  raisedSpecifier,
  saidSpecifier,
  withSpecifier,
} from "./specifiers.ts";
import { rememberUniverse } from "./universe.ts";

/** Lines edited and added, with the stack that was shown to come of them. */
export interface Candidate {
  readonly changes: readonly LineChange[];
  readonly constraints: readonly AddedConstraint[];
  readonly stacks: Stacks;
  readonly exposures: ReadonlyMap<Key, Exposure>;
  readonly moved: readonly Move[];
}

/** Combinations of this many things at most are tried all; of more, only those that one search suggests. */
const MOST_COMBINED = 14;
/** So many answers of one size are compared. */
const MOST_COMPARED = 24;
/** So many releases of a line are tried beyond the nearest one, where the nearest moves others along. */
const MOST_FURTHER = 4;
/** So often a plan is made anew because a release of it was refused. */
const MOST_VETTINGS = 40;

/**
 * Plans the smallest change of the lines of a question that leaves the fewest advisories.
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
  const planner = new Planner(trials, asked, stacks, options);
  const best = present.size === 0 ? undefined : await planner.best();
  const left = best?.exposures ?? present;
  const groups = best ? await findGroups(planner, best) : [];
  return {
    kind: "planned",
    before: [...present.values()],
    repairs: groups,
    changes: best?.changes ?? [],
    constraints: best?.constraints ?? [],
    moved: best?.moved ?? [],
    left: await explainRemaining(trials, left, planner.lines),
    stacks: best?.stacks ?? stacks,
    today: stacks,
    vetted: [],
    exact: !trials.isCutShort && !planner.isCutShort,
  };
}

export class Planner {
  readonly trials: Trials;
  readonly question: Question;
  readonly lines: ReadonlyMap<string, readonly Demand[]>;
  isCutShort = false;
  readonly options: RepairOptions;
  readonly #today: Stacks;

  constructor(trials: Trials, question: Question, today: Stacks, options: RepairOptions) {
    this.trials = trials;
    this.question = question;
    this.lines = trials.linesByName();
    this.#today = today;
    this.options = options;
  }

  /** The best change; undefined where none leaves fewer advisories than there are. */
  async best(): Promise<Candidate | undefined> {
    const all = new Set(this.lines.keys());
    let best: Candidate | undefined;
    for (const allowed of await this.#leastLeft(all)) {
      if (allowed.size >= this.trials.present.size) continue;
      const fewest = await this.#fewestLines(allowed, all, best);
      const found = fewest && (await this.#fewestMoves(allowed, fewest));
      if (found && (!best || isBetter(found, best))) best = found;
    }
    return best;
  }

  /** The smallest sets of advisories without which there is no stack, whatever lines move. */
  async #leastLeft(all: ReadonlySet<string>): Promise<ReadonlySet<Key>[]> {
    const keys = [...this.trials.present.keys()];
    const works = async (allowed: ReadonlySet<Key>) => (await this.trials.trial(allowed, all)) !== undefined;
    if (await works(new Set())) return [new Set()];
    const needed = new Set<Key>();
    for (const key of keys) {
      if (!(await works(new Set(keys.filter((other) => other !== key))))) needed.add(key);
    }
    if (await works(needed)) return [needed];
    const others = keys.filter((key) => !needed.has(key));
    if (others.length <= MOST_COMBINED) {
      for (let size = 1; size < others.length && !this.trials.isSpent; size++) {
        const found: ReadonlySet<Key>[] = [];
        for (const some of combinations(others, size)) {
          if (this.trials.isSpent || found.length >= MOST_COMPARED) break;
          const allowed = new Set([...needed, ...some]);
          if (await works(allowed)) found.push(allowed);
        }
        if (found.length > 0) return found;
      }
    }
    this.isCutShort = true;
    // One after the other, the gravest first: what can be cleared beside what is cleared already.
    let allowed = new Set(keys);
    for (const key of keys) {
      const without = new Set([...allowed].filter((other) => other !== key));
      if (!needed.has(key) && (await works(without))) allowed = without;
    }
    return [allowed];
  }

  /** The fewest lines that have to move for a stack with nothing but what is allowed. */
  async #fewestLines(
    allowed: ReadonlySet<Key>,
    all: ReadonlySet<string>,
    toBeat: Candidate | undefined,
  ): Promise<Candidate | undefined> {
    const free = await this.trials.trial(allowed, all);
    if (!free) return undefined;
    const suggested = this.#linesBroken(free);
    const needed = new Set<string>();
    for (const name of suggested) {
      const without = new Set([...all].filter((other) => other !== name));
      if (!(await this.trials.trial(allowed, without))) needed.add(name);
    }
    let best = await this.#finish(allowed, needed);
    if (best) return best;
    const most = Math.min(suggested.size, toBeat ? linesOf(toBeat) : suggested.size);
    const others = [...all].filter((name) => !needed.has(name));
    const isSmall = others.length <= MOST_COMBINED;
    const pool = isSmall ? others : [...suggested].filter((name) => !needed.has(name));
    if (!isSmall) this.isCutShort = true;
    for (let size = 1; size <= most - needed.size && pool.length <= MOST_COMBINED; size++) {
      let compared = 0;
      for (const some of combinations(pool, size)) {
        if (this.trials.isSpent || compared >= MOST_COMPARED) break;
        const found = await this.#finish(allowed, new Set([...needed, ...some]));
        if (!found) continue;
        compared++;
        if (!best || isBetter(found, best)) best = found;
      }
      if (best && linesOf(best) <= needed.size + size) return best;
    }
    const last = await this.#finish(allowed, suggested);
    return last && (!best || isBetter(last, best)) ? last : best;
  }

  /** Names whose lines a stack breaks. */
  #linesBroken(stacks: Stacks): Set<string> {
    const broken = new Set<string>();
    for (const { name, version } of stacks.flat()) {
      const lines = this.lines.get(name) ?? [];
      if (lines.some(({ requirement }) => !requirement.specifier.contains(version, { prereleases: true })))
        broken.add(name);
    }
    return broken;
  }

  /** Turns the lines of `names` being open into edits, and shows that what comes of them is what was meant. */
  async #finish(allowed: ReadonlySet<Key>, names: ReadonlySet<string>): Promise<Candidate | undefined> {
    const found = await this.trials.trial(allowed, names);
    return found && this.#settle(allowed, names, found);
  }

  /** Where more moves than the lines say, a release further on may leave the rest where it is: that comes before the smaller step. */
  async #fewestMoves(allowed: ReadonlySet<Key>, first: Candidate): Promise<Candidate> {
    let best = first;
    const names = new Set(first.changes.map(({ name }) => name));
    if (first.moved.length <= names.size || names.size > MOST_COMBINED) return best;
    const open = this.trials.open(names);
    for (const name of names) {
      const passed: string[] = [];
      let version = first.changes.find((change) => change.name === name)!.version;
      while (passed.length < MOST_FURTHER && !this.trials.isSpent) {
        passed.push(`!=${version}`);
        const constraints = [...(open.constraints ?? []), lineFor(name, passed.join(","))];
        const found = await this.trials.solve({ ...open, constraints }, this.trials.without({ allowed }));
        const next = found && highest(found, name);
        if (!found || !next) break;
        version = next.toString();
        const candidate = await this.#settle(allowed, names, found);
        if (candidate && isBetter(candidate, best)) best = candidate;
      }
    }
    return best;
  }

  /** Turns what a search found with the lines of `names` open into edits of them. */
  async #settle(
    allowed: ReadonlySet<Key>,
    names: ReadonlySet<string>,
    found: Stacks,
  ): Promise<Candidate | undefined> {
    const wanted = await this.#nearer(allowed, names, found);
    const edits = new Map<Demand, LineChange>();
    const added = new Map<string, AddedConstraint>();
    for (const name of names) {
      const version = highest(wanted, name);
      if (version) this.#edit(name, version, undefined, edits, false);
    }
    for (let round = 0; round < 8; round++) {
      const candidate = await this.prove([...edits.values()], [...added.values()], wanted);
      if (!candidate) return undefined;
      const wrong = this.#wrongIn(candidate, allowed);
      if (wrong.size === 0) return round === 0 ? candidate : this.#withoutSpare(candidate, wanted, allowed);
      if (!this.#holdTo(wanted, wrong, candidate, edits, added)) return undefined;
    }
    return undefined;
  }

  /** What was held beside another thing may not have to be held once that is. */
  async #withoutSpare(whole: Candidate, wanted: Stacks, allowed: ReadonlySet<Key>): Promise<Candidate> {
    let best = whole;
    for (const one of [...whole.constraints, ...whole.changes]) {
      const constraints = best.constraints.filter((other) => other !== one);
      const changes = best.changes.filter((other) => other !== one);
      const fewer = await this.prove(changes, constraints, wanted);
      if (fewer && this.#wrongIn(fewer, allowed).size === 0 && isBetter(fewer, best)) best = fewer;
    }
    return best;
  }

  /** Projects of which the stack has another release than was meant: one with an advisory, one refused, or one below today's. */
  #wrongIn({ exposures, moved, stacks }: Candidate, allowed: ReadonlySet<Key>): Set<string> {
    const wrong = this.trials.refusedIn(stacks);
    for (const [key, exposure] of exposures) {
      const isNew = !this.trials.present.has(key);
      if (!allowed.has(key) && !(isNew && this.trials.mayComeIn(exposure))) wrong.add(exposure.name);
    }
    if (this.options.allowDowngrade) return wrong;
    for (const { name, from, to } of moved) if (isBelow(to, from)) wrong.add(name);
    return wrong;
  }

  /** Where a line leaves open what was meant, as a range does, it is narrowed; what no line names gets a constraint. */
  #holdTo(
    wanted: Stacks,
    wrong: ReadonlySet<string>,
    candidate: Candidate,
    edits: Map<Demand, LineChange>,
    added: Map<string, AddedConstraint>,
  ): boolean {
    let isChanged = false;
    const names = [...wrong];
    for (let at = 0; at < names.length; at++) {
      const name = names[at]!;
      const version = highest(wanted, name);
      const got = highest(candidate.stacks, name);
      if (!got) return false;
      if (!version) {
        // What was not meant to be there at all is brought in by what moved further than was meant.
        const askers = candidate.stacks.flat().flatMap((pin) => (pin.name === name ? pin.via : []));
        names.push(...askers.filter((asker) => !names.includes(asker) && isOther(candidate, wanted, asker)));
        continue;
      }
      const below = compareVersions(got, version) > 0 ? got : undefined;
      if (this.lines.has(name)) {
        isChanged = this.#edit(name, version, below, edits, true) || isChanged;
        continue;
      }
      const specifier = below ? `>=${version.public},<${below.public}` : `>=${version.public}`;
      if (added.get(name)?.specifier === specifier) continue;
      const via = candidate.stacks.flat().find((pin) => pin.name === name)?.via ?? [];
      added.set(name, { name, specifier, via });
      isChanged = true;
    }
    return isChanged;
  }

  /** Edits the lines of a project so that they take a version; `force` where they would take another one too. */
  #edit(
    name: string,
    version: Version,
    below: Version | undefined,
    edits: Map<Demand, LineChange>,
    force: boolean,
  ): boolean {
    let isChanged = false;
    for (const demand of this.lines.get(name) ?? []) {
      const { specifier } = demand.requirement;
      if (!force && specifier.contains(version, { prereleases: true })) continue;
      const isHeld = force && edits.get(demand)?.version === version.toString() && isPin(specifier);
      const to = raisedSpecifier(specifier, version, below);
      if (isHeld || edits.get(demand)?.to === to) continue;
      edits.set(demand, { demand, name, from: saidSpecifier(demand), to, version: version.toString() });
      isChanged = true;
      // One line that is narrow enough holds the project.
      if (force) break;
    }
    return isChanged;
  }

  /** Moves what need not move back to where it is, and what moves too far nearer. */
  async #nearer(allowed: ReadonlySet<Key>, names: ReadonlySet<string>, found: Stacks): Promise<Stacks> {
    let best = found;
    const catalogues = this.trials.without({ allowed });
    const open = this.trials.open(names);
    const held: Demand[] = [];
    const tryHolding = async (name: string, version: Version): Promise<boolean> => {
      const constraints = [...(open.constraints ?? []), ...held, lineFor(name, `==${version}`)];
      const stacks = await this.trials.solve({ ...open, constraints }, catalogues);
      if (!stacks) return false;
      held.push(lineFor(name, `==${version}`));
      best = stacks;
      return true;
    };
    const moved = this.#movesOf(found);
    if (moved.length < 2 || moved.length > MOST_COMBINED) return best;
    for (const { name } of moved) {
      const now = this.trials.today.get(name);
      const still = highest(best, name);
      if (now && still && compareVersions(now, still) !== 0) await tryHolding(name, now);
    }
    return best;
  }

  /** Applies changes to the lines and resolves as the person's tools would; undefined where that gives no stack. */
  async prove(
    changes: readonly LineChange[],
    constraints: readonly AddedConstraint[],
    wanted?: Stacks,
    kept: readonly KeptPin[] | undefined = wanted && keptOf(wanted),
  ): Promise<Candidate | undefined> {
    const edited = new Map(changes.map((change) => [change.demand, withSpecifier(change.demand, change.to)]));
    const edit = (demand: Demand): Demand => edited.get(demand) ?? demand;
    const added = constraints.map(({ name, specifier }) => lineFor(name, specifier));
    const locked = this.options.locked;
    const question: Question = {
      ...this.question,
      requirements: this.question.requirements.map(edit),
      constraints: [...(this.question.constraints ?? []).map(edit), ...added],
      kept: locked && (kept ?? locked),
    };
    const stacks = await this.trials.solve(question, this.trials.plain());
    if (!stacks) return undefined;
    return {
      changes,
      constraints,
      stacks,
      exposures: this.trials.exposuresOf(stacks),
      moved: this.#movesOf(stacks),
    };
  }

  /** Which packages have another version than today, over all environments. */
  #movesOf(stacks: Stacks): Move[] {
    const moves = new Map<string, Move>();
    stacks.forEach((stack, at) => {
      const today = versionsByName(this.#today[at] ?? []);
      for (const [name, versions] of versionsByName(stack)) {
        const before = today.get(name);
        if (!before) continue;
        // One project may have several releases in one stack, each by its marker: what went and what came are told in pairs.
        const gone = before.filter((one) => !has(versions, one));
        versions
          .filter((one) => !has(before, one))
          .forEach((version, place) => {
            const from = gone[place] ?? gone.at(-1) ?? before.at(-1)!;
            moves.set(`${name} ${from} ${version}`, { name, from: from.toString(), to: version.toString() });
          });
      }
    });
    return [...moves.values()];
  }
}

/** Whether a project of the stack has another release than was meant, or was not meant to be there. */
function isOther({ stacks }: Candidate, wanted: Stacks, name: string): boolean {
  const got = highest(stacks, name);
  const version = highest(wanted, name);
  return got !== undefined && (version === undefined || compareVersions(got, version) !== 0);
}

/** Among the environments the highest: one line holds for all of them. */
function highest(stacks: Stacks, name: string): Version | undefined {
  const versions = stacks.flat().flatMap((pin) => (pin.name === name ? [pin.version] : []));
  return versions.sort(compareVersions).at(-1);
}

/** Lowest first. */
function versionsByName(pins: readonly Pin[]): Map<string, Version[]> {
  const versions = new Map<string, Version[]>();
  for (const { name, version } of pins) versions.set(name, [...(versions.get(name) ?? []), version]);
  for (const all of versions.values()) all.sort(compareVersions);
  return versions;
}

function has(versions: readonly Version[], version: Version): boolean {
  return versions.some((one) => compareVersions(one, version) === 0);
}

export function linesOf({ changes, constraints }: Candidate): number {
  return changes.length + constraints.length;
}

/** The objective, in its order. That nothing new comes in was seen to before. */
export function isBetter(a: Candidate, b: Candidate): boolean {
  const left = scoreOf(a);
  const right = scoreOf(b);
  const at = left.findIndex((value, place) => value !== right[place]);
  return at >= 0 && left[at]! < right[at]!;
}

function scoreOf(candidate: Candidate): number[] {
  const steps = [0, 0, 0];
  for (const { from, to } of candidate.moved) {
    distanceBetween(from, to).forEach((step, at) => {
      steps[at]! += step;
    });
  }
  const down = candidate.moved.filter(({ from, to }) => isBelow(to, from));
  return [candidate.exposures.size, linesOf(candidate), candidate.moved.length, down.length, ...steps];
}

function isBelow(a: string, b: string): boolean {
  const [left, right] = [parseVersion(a), parseVersion(b)];
  return left !== undefined && right !== undefined && compareVersions(left, right) < 0;
}
