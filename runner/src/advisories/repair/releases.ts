// Compares releases further on: the nearest one of each line is not always the least change, as another may leave the rest where it is.
import { compareVersions, type Version } from "../../../../shared/src/packaging/version.ts";
import type { Demand } from "../../resolve/index.ts";
import { type Candidate, has, highest, isBetter, linesOf, narrowed, versionsByName } from "./candidate.ts";
import { MOST_CHOICES, MOST_RELEASES } from "./limits.ts";
import type { Prover } from "./prover.ts";
import type { Key, Trials } from "./search.ts";
import type { Settler } from "./settler.ts";
import { lineFor } from "./specifiers.ts";

export class ReleaseComparison {
  readonly #prover: Prover;
  readonly #trials: Trials;
  readonly #settler: Settler;

  constructor(prover: Prover, settler: Settler) {
    this.#prover = prover;
    this.#trials = prover.trials;
    this.#settler = settler;
  }

  /**
   * Where fewer lines or fewer moves are possible: every choice of releases for the lines of `names`. The nearest of each is not
   * always the least, as a release further on may leave the rest where it is.
   */
  async compare(
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
    if (choices.length > MOST_CHOICES) this.#trials.isCutShort = true;
    const open = this.#trials.open(names);
    for (const choice of choices.slice(0, MOST_CHOICES)) {
      if (this.#trials.isSpent) {
        this.#trials.isCutShort = true;
        break;
      }
      const question = narrowed(open, choice);
      const found = await this.#trials.solve(question, this.#trials.without({ allowed }));
      if (!found) continue;
      const settled = await this.#settler.settle(allowed, question, names, found);
      if (settled && (!best || isBetter(settled, best))) best = settled;
      if (settled && linesOf(settled) <= names.size) continue;
      const raised = await this.#settler.raiseAll(allowed, names, found);
      if (raised && (!best || isBetter(raised, best))) best = raised;
    }
    return best;
  }

  /** Whether edits of the lines of `names` can be fewer than a plan has, or move fewer packages: those that cannot stay have to move. */
  async #mayBeat(allowed: ReadonlySet<Key>, names: ReadonlySet<string>, toBeat: Candidate): Promise<boolean> {
    if (linesOf(toBeat) > names.size) return true;
    const open = this.#trials.open(names);
    for (const { name } of toBeat.moved) {
      const [version, another] = versionsByName(this.#prover.today.flat()).get(name) ?? [];
      if (!version || (another && compareVersions(version, another) !== 0)) return true;
      const held = narrowed(open, [lineFor(name, `==${version}`)]);
      if (await this.#trials.solve(held, this.#trials.without({ allowed }))) return true;
    }
    return false;
  }

  /** The releases of one project that some stack takes when the lines of `names` may move, the nearest first. */
  async #releasesFor(
    allowed: ReadonlySet<Key>,
    names: ReadonlySet<string>,
    name: string,
  ): Promise<Version[]> {
    const open = this.#trials.open(names);
    const releases: Version[] = [];
    for (;;) {
      const others = releases.map((version) => lineFor(name, `!=${version}`));
      const found = await this.#trials.solve(narrowed(open, others), this.#trials.without({ allowed }));
      const next = found && highest(found, name);
      if (!next || has(releases, next)) return releases;
      if (releases.length >= MOST_RELEASES || this.#trials.isSpent) {
        this.#trials.isCutShort = true;
        return releases;
      }
      releases.push(next);
    }
  }
}
