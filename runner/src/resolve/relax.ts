// What would help: the smallest edits of the person's own lines that take part in the conflict, each proven by resolving.
import { normalizeName } from "../../../shared/src/packaging/name.ts";
import { type Requirement, readRequirement } from "../../../shared/src/packaging/requirement.ts";
import { type Clause, SpecifierSet } from "../../../shared/src/packaging/specifier.ts";
import type { Version } from "../../../shared/src/packaging/version.ts";
import type { SolveOptions } from "./core/model.ts";
import { explainFailure } from "./explain.ts";
import type { Catalogue } from "./python/catalogue.ts";
import type { Failure } from "./python/failure.ts";
import type { Demand, Pin, Question } from "./python/model.ts";
import { resolve } from "./resolve.ts";

/** One edit of a line: `replacement` is absent where the line goes. */
export interface LineEdit {
  readonly demand: Demand;
  readonly replacement: Demand | undefined;
}

/** One edit, or two that help only together, shown to help. */
export interface Relaxation {
  readonly edits: readonly LineEdit[];
  /** What then resolves. */
  readonly pins: readonly Pin[];
}

export interface RelaxOptions extends SolveOptions {
  /** At most so many are given. */
  readonly most?: number;
  /** Told each as soon as it is proven. */
  readonly onProven?: (relaxation: Relaxation) => void;
}

const MOST = 5;
/** A trial that takes longer than this is not worth the wait; what it would have shown is left out, never claimed. */
const TRIAL_DECISIONS = 20_000;

/** How a question is answered: for one environment, or for everything that a lock is to hold for. */
export type Solve = (
  question: Question,
  options: SolveOptions,
) => Promise<
  | { readonly kind: "solved"; readonly pins: readonly Pin[] }
  | { readonly kind: "impossible"; readonly failure: Failure }
  | { readonly kind: "undecided" | "stopped" }
>;

/**
 * Proves edits of the lines that take part in a conflict, best first: each line with the clauses that stand in the way moved
 * just far enough, then each line left out, then, if none of those helps, two lines together.
 * @param causes from the explanation.
 * @throws what `options.signal` was aborted with.
 */
export async function findRelaxations(
  where: Catalogue | Solve,
  question: Question,
  causes: readonly Demand[],
  options: RelaxOptions = {},
): Promise<readonly Relaxation[]> {
  const search = new RelaxationSearch(
    typeof where === "function" ? where : (one, limits) => resolve(where, one, limits),
    question,
    options,
  );
  for (const demand of causes) await search.moveLines([demand]);
  for (const demand of causes) await search.leaveOut(demand);
  if (search.found.length > 0) return search.found;
  for (const demand of causes) {
    for (const other of await search.stillInTheWay(demand)) await search.moveLines([demand, other]);
  }
  return search.found;
}

class RelaxationSearch {
  readonly found: Relaxation[] = [];
  readonly #solve: Solve;
  readonly #question: Question;
  readonly #options: RelaxOptions;

  constructor(solve: Solve, question: Question, options: RelaxOptions) {
    this.#solve = solve;
    this.#question = question;
    this.#options = options;
  }

  get #isEnough(): boolean {
    return this.found.length >= (this.#options.most ?? MOST);
  }

  #resolve(edits: readonly LineEdit[]): ReturnType<Solve> {
    const { signal, maxDecisions = TRIAL_DECISIONS } = this.#options;
    return this.#solve(withEdits(this.#question, edits), { signal, maxDecisions });
  }

  async #prove(edits: readonly LineEdit[]): Promise<void> {
    const resolution = await this.#resolve(edits);
    // A stack of nothing helps nobody.
    if (resolution.kind !== "solved" || resolution.pins.length === 0) return;
    const relaxation = { edits, pins: resolution.pins };
    this.found.push(relaxation);
    this.#options.onProven?.(relaxation);
  }

  /**
   * Moves the clauses of these lines to what resolves where they say nothing. A line whose clauses are not in the way is left as it
   * is, its hashes too: where they alone are, nothing is to be changed that easily.
   */
  async moveLines(demands: readonly Demand[]): Promise<void> {
    if (this.#isEnough || demands.some(({ requirement }) => !isBounded(requirement))) return;
    const open = await this.#resolve(demands.map(openLine));
    if (open.kind !== "solved") return;
    const edits: LineEdit[] = [];
    for (const demand of demands) {
      const name = normalizeName(demand.requirement.name.text);
      const version = open.pins.find((pin) => pin.name === name)?.version;
      if (version === undefined) return;
      const own = demand.requirement.specifier.clauses;
      const clauses = own.flatMap((clause) => moveClause(clause, version));
      if (clauses.join(",") === own.map(({ operator, version: text }) => operator + text).join(",")) continue;
      edits.push({ demand, replacement: withSpecifier(demand, [...new Set(clauses)].join(",")) });
    }
    if (edits.length > 0) await this.#prove(edits);
  }

  /** A line whose clauses can be moved is better edited than left out. */
  async leaveOut(demand: Demand): Promise<void> {
    if (this.#isEnough || this.found.some(({ edits }) => edits.some((edit) => edit.demand === demand)))
      return;
    await this.#prove([{ demand, replacement: undefined }]);
  }

  /** The lines that are in the way even where this one says nothing. */
  async stillInTheWay(demand: Demand): Promise<readonly Demand[]> {
    if (this.#isEnough || !isBounded(demand.requirement)) return [];
    const edit = openLine(demand);
    const resolution = await this.#resolve([edit]);
    if (resolution.kind !== "impossible") return [];
    return explainFailure(resolution.failure).causes.filter((cause) => cause !== edit.replacement);
  }
}

function isBounded({ specifier, url }: Requirement): boolean {
  return url === undefined && specifier.clauses.length > 0;
}

function openLine(demand: Demand): LineEdit {
  return { demand, replacement: withSpecifier(demand, "") };
}

/** The clause as it is if it admits the version, else moved just far enough; nothing where it only excludes. */
function moveClause(clause: Clause, version: Version): string[] {
  const { operator } = clause;
  if (new SpecifierSet([clause]).contains(version, { prereleases: true })) return [operator + clause.version];
  switch (operator) {
    case "!=":
      return [];
    case "<":
    case "<=":
      return [`<=${version.public}`];
    case ">":
    case ">=":
      return [`>=${version.public}`];
    case "==":
      return [`==${version}`];
    case "===":
      return [`===${version}`];
    case "~=":
      return [version.release.length > 1 && !version.isPrerelease ? `~=${version.public}` : `==${version}`];
  }
}

/** The line with other clauses: name, extras, marker and whatever else stands there stay as they are. */
export function withSpecifier(demand: Demand, clauses: string): Demand {
  const { text, requirement } = demand;
  const span = requirement.specifierSpan;
  const edited = span ? text.slice(0, span.start) + clauses + text.slice(span.end) : text;
  const read = readRequirement(edited);
  if (!read.ok) throw new Error(`${edited}: ${read.error.message}`);
  return { ...demand, requirement: read.value, text: edited, hashes: undefined };
}

function withEdits(question: Question, edits: readonly LineEdit[]): Question {
  const edit = (lines: readonly Demand[] | undefined): Demand[] | undefined =>
    lines?.flatMap((line) => {
      const found = edits.find(({ demand }) => demand === line);
      return found === undefined ? [line] : (found.replacement ?? []);
    });
  return {
    ...question,
    requirements: edit(question.requirements)!,
    constraints: edit(question.constraints),
    overrides: edit(question.overrides),
  };
}
