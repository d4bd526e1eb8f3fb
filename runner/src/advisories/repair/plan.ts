// Plans the repair of a stack: first no new finding, then the fewest advisories left, the fewest lines changed, the fewest
// packages moved, small steps in version. Every plan that is answered was resolved for every environment.
import { compareVersions, type Version } from "../../../../shared/src/packaging/version.ts";
import type { Demand, KeptPin, Pin, Question, Universe } from "../../resolve/index.ts";
import {
  type Candidate,
  has,
  highest,
  isBelow,
  isBetter,
  isOther,
  linesOf,
  narrowed,
  versionsByName,
} from "./candidate.ts";
import { combinations } from "./combinations.ts";
import { findGroups } from "./groups.ts";
import type {
  AddedConstraint,
  AdvisoryLookup,
  LineChange,
  Move,
  RepairOptions,
  RepairPlan,
  Vetted,
} from "./model.ts";
import { explainRemaining } from "./remaining.ts";
import { type Key, keptOf, pinKey, type Stacks, Trials } from "./search.ts";
import { isPin, lineFor, raisedSpecifier, saidSpecifier, withSpecifier } from "./specifiers.ts";
import { rememberUniverse } from "./universe.ts";

/** Combinations of this many things at most are tried all; of more, only those that one search suggests. */
const MOST_COMBINED = 14;
/** So many answers of one size are compared. */
const MOST_COMPARED = 24;
/** So many releases of each line, and so many choices of them, are compared where the nearest moves others along. */
const MOST_RELEASES = 12;
const MOST_CHOICES = 150;
/** So often a plan is made anew because a release of it was refused. */
const MOST_VETTINGS = 40;

/**
 * Plans the smallest change of the lines of a question that leaves the fewest advisories. Where the answer is `exact`, no way to raise
 * lines to releases leaves fewer, changes fewer lines or, with as many, moves fewer packages; among those that are equal in all of
 * that, the nearest releases are tried first, and the smallest step is not shown.
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
      const found = await this.#fewestLines(allowed, all, best);
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
    const others = [...all].filter((name) => !needed.has(name));
    const isSmall = others.length <= MOST_COMBINED;
    const pool = isSmall ? others : [...suggested].filter((name) => !needed.has(name));
    if (!isSmall) this.isCutShort = true;
    let best = await this.#finish(allowed, suggested);
    const mostAdded = pool.length <= MOST_COMBINED ? pool.length : 0;
    for (let size = 0; size <= mostAdded; size++) {
      const lines = needed.size + size;
      if (lines > Math.min(...[best, toBeat].map((one) => (one ? linesOf(one) : Infinity)))) break;
      let compared = 0;
      for (const some of combinations(pool, size)) {
        if (this.trials.isSpent || compared >= MOST_COMPARED) {
          this.isCutShort = true;
          break;
        }
        const names = new Set([...needed, ...some]);
        if (!(await this.trials.trial(allowed, names))) continue;
        compared++;
        const found = await this.#finish(allowed, names);
        if (found && (!best || isBetter(found, best))) best = found;
        best = await this.#compareReleases(allowed, names, best);
      }
    }
    return best;
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
    return found && this.#settle(allowed, this.trials.open(names), names, found);
  }

  /**
   * Where fewer lines or fewer moves are possible: every choice of releases for the lines of `names`. The nearest of each is not
   * always the least, as a release further on may leave the rest where it is.
   */
  async #compareReleases(
    allowed: ReadonlySet<Key>,
    names: ReadonlySet<string>,
    toBeat: Candidate | undefined,
  ): Promise<Candidate | undefined> {
    if (names.size === 0 || (toBeat && !(await this.#mayBeat(allowed, names, toBeat)))) return toBeat;
    let best = toBeat;
    let choices: Demand[][] = [[]];
    for (const name of names) {
      const releases = await this.#releasesFor(allowed, names, name);
      choices = releases.flatMap((version) => choices.map((one) => [...one, lineFor(name, `==${version}`)]));
    }
    if (choices.length > MOST_CHOICES) this.isCutShort = true;
    const open = this.trials.open(names);
    for (const choice of choices.slice(0, MOST_CHOICES)) {
      if (this.trials.isSpent) {
        this.isCutShort = true;
        break;
      }
      const question = narrowed(open, choice);
      const found = await this.trials.solve(question, this.trials.without({ allowed }));
      if (!found) continue;
      const settled = await this.#settle(allowed, question, names, found);
      if (settled && (!best || isBetter(settled, best))) best = settled;
      if (settled && linesOf(settled) <= names.size) continue;
      const raised = await this.#raiseAll(allowed, names, found);
      if (raised && (!best || isBetter(raised, best))) best = raised;
    }
    return best;
  }

  /** Whether edits of the lines of `names` can be fewer than a plan has, or move fewer packages: those that cannot stay have to move. */
  async #mayBeat(allowed: ReadonlySet<Key>, names: ReadonlySet<string>, toBeat: Candidate): Promise<boolean> {
    if (linesOf(toBeat) > names.size) return true;
    const open = this.trials.open(names);
    for (const { name } of toBeat.moved) {
      const [version, another] = versionsByName(this.#today.flat()).get(name) ?? [];
      if (!version || (another && compareVersions(version, another) !== 0)) return true;
      const held = narrowed(open, [lineFor(name, `==${version}`)]);
      if (await this.trials.solve(held, this.trials.without({ allowed }))) return true;
    }
    return false;
  }

  /** The releases of one project that some stack takes when the lines of `names` may move, the nearest first. */
  async #releasesFor(
    allowed: ReadonlySet<Key>,
    names: ReadonlySet<string>,
    name: string,
  ): Promise<Version[]> {
    const open = this.trials.open(names);
    const releases: Version[] = [];
    for (;;) {
      const others = releases.map((version) => lineFor(name, `!=${version}`));
      const found = await this.trials.solve(narrowed(open, others), this.trials.without({ allowed }));
      const next = found && highest(found, name);
      if (!next || has(releases, next)) return releases;
      if (releases.length >= MOST_RELEASES || this.trials.isSpent) {
        this.isCutShort = true;
        return releases;
      }
      releases.push(next);
    }
  }

  /** Each line raised to the release that was found, and nothing else: undefined where that is not enough. */
  async #raiseAll(
    allowed: ReadonlySet<Key>,
    names: ReadonlySet<string>,
    wanted: Stacks,
  ): Promise<Candidate | undefined> {
    const edits = new Map<Demand, LineChange>();
    for (const name of names) {
      const version = highest(wanted, name);
      // A line that takes the release already may have to say it all the same: it keeps the search from going elsewhere.
      if (version && !this.#edit(name, version, undefined, edits, false))
        this.#edit(name, version, undefined, edits, true);
    }
    const changes = [...edits.values()].filter(({ from, to }) => from !== to);
    const raised = await this.prove(changes, [], wanted);
    return raised && this.#wrongIn(raised, allowed).size === 0 ? raised : undefined;
  }

  /** Turns what a search found with the lines of `names` open, as the question has them, into edits of them. */
  async #settle(
    allowed: ReadonlySet<Key>,
    open: Question,
    names: ReadonlySet<string>,
    found: Stacks,
  ): Promise<Candidate | undefined> {
    const wanted = await this.#nearer(allowed, open, found);
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

  /** Moves what need not move back to where it is, within what the question leaves open. */
  async #nearer(allowed: ReadonlySet<Key>, open: Question, found: Stacks): Promise<Stacks> {
    let best = found;
    const catalogues = this.trials.without({ allowed });
    const held: Demand[] = [];
    const tryHolding = async (name: string, version: Version): Promise<boolean> => {
      const stacks = await this.trials.solve(
        narrowed(open, [...held, lineFor(name, `==${version}`)]),
        catalogues,
      );
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
