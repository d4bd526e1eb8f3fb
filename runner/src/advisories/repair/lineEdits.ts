// The lines that a plan changes and adds, as they come together: each line once, and no more of it than its release takes.
import { compareVersions, type Version } from "../../../../shared/src/packaging/version.ts";
import type { Demand } from "../../resolve/index.ts";
import { type Candidate, highest, isOther } from "./candidate.ts";
import type { AddedConstraint, LineChange, RepairOptions } from "./model.ts";
import type { Stacks } from "./search.ts";
import { isPin, raisedSpecifier, saidSpecifier } from "./specifiers.ts";

/**
 * What is narrowed where something comes out otherwise than was meant: its own line, constraint or asker, or first of all lines that are
 * written anyway and let others come, which costs no line more and may leave less open.
 */
export type Holding = "where it is" | "in written lines";

export class LineEdits {
  readonly #lines: ReadonlyMap<string, readonly Demand[]>;
  readonly #changes = new Map<Demand, LineChange>();
  readonly #added = new Map<string, AddedConstraint>();

  readonly #options: Pick<RepairOptions, "mayConstrain" | "raise">;

  constructor(
    lines: ReadonlyMap<string, readonly Demand[]>,
    options: Pick<RepairOptions, "mayConstrain" | "raise"> = {},
  ) {
    this.#lines = lines;
    this.#options = options;
  }

  get changes(): LineChange[] {
    return [...this.#changes.values()];
  }

  get constraints(): AddedConstraint[] {
    return [...this.#added.values()];
  }

  /** Edits the lines of a project that do not take a version; whether any of them has to be. */
  take(name: string, version: Version): boolean {
    return this.#edit(name, version, undefined, false);
  }

  /** Narrows a line of a project so that it takes a version and none below it, nor the ones from `below` on. */
  hold(name: string, version: Version, below?: Version): boolean {
    return this.#edit(name, version, below, true);
  }

  /**
   * Where a line leaves open what was meant, as a range does, it is narrowed: that of the project itself, else that of who brings it in
   * and moved further than was meant. Where that is not enough what no line names gets a constraint.
   * @param wrong projects of which the candidate has another release than was meant.
   * @returns whether there was anything to narrow.
   */
  holdTo(wanted: Stacks, wrong: ReadonlySet<string>, candidate: Candidate, how: Holding): boolean {
    if (how === "in written lines" && this.#holdWritten(wanted, wrong, candidate)) return true;
    const names = [...wrong];
    const brought: string[] = [];
    let isChanged = false;
    for (let at = 0; at < names.length; at++) {
      const name = names[at]!;
      const got = highest(candidate.stacks, name);
      if (!got) return false;
      const version = highest(wanted, name);
      if (version && this.#lines.has(name)) {
        isChanged = this.#holdNear(name, wanted, candidate) || isChanged;
        continue;
      }
      brought.push(name);
      const askers = candidate.stacks.flat().flatMap((pin) => (pin.name === name ? pin.via : []));
      names.push(...askers.filter((asker) => !names.includes(asker) && isOther(candidate, wanted, asker)));
    }
    if (isChanged) return true;
    if (brought.map((name) => this.#constrain(name, wanted, candidate)).includes(true)) return true;
    // What moved further may have let the rest be chosen otherwise, without asking for it.
    const others = [...this.#lines.keys()].filter((name) => isOther(candidate, wanted, name));
    return others.map((name) => this.#holdNear(name, wanted, candidate)).includes(true);
  }

  /** Holds the written lines that went further than was meant: of those whose projects ask for something wrong, else all. */
  #holdWritten(wanted: Stacks, wrong: ReadonlySet<string>, candidate: Candidate): boolean {
    const askers = new Set(
      candidate.stacks.flat().flatMap(({ name, via }) => (wrong.has(name) ? [name, ...via] : [])),
    );
    const further = [...new Set(this.changes.map(({ name }) => name))].filter((name) =>
      isOther(candidate, wanted, name),
    );
    const asking = further.filter((name) => askers.has(name));
    const held = asking.length > 0 ? asking : further;
    return held.map((name) => this.#holdNear(name, wanted, candidate)).includes(true);
  }

  /** Holds a project to what was meant, below what it has. */
  #holdNear(name: string, wanted: Stacks, { stacks }: Candidate): boolean {
    const version = highest(wanted, name);
    const got = highest(stacks, name);
    if (!version || !got) return false;
    return this.hold(name, version, compareVersions(got, version) > 0 ? got : undefined);
  }

  #constrain(name: string, wanted: Stacks, { stacks }: Candidate): boolean {
    const version = highest(wanted, name);
    const got = highest(stacks, name);
    // What was not meant to be there at all is nothing to hold.
    if (!version || !got || this.#options.mayConstrain === false) return false;
    const end = compareVersions(got, version) > 0 ? `,<${got.public}` : "";
    const specifier = `>=${version.public}${end}`;
    if (this.#added.get(name)?.specifier === specifier) return false;
    const via = stacks.flat().find((pin) => pin.name === name)?.via ?? [];
    this.#added.set(name, { name, specifier, via });
    return true;
  }

  /** `force` where the lines would take another one too. */
  #edit(name: string, version: Version, below: Version | undefined, force: boolean): boolean {
    let isChanged = false;
    for (const demand of this.#lines.get(name) ?? []) {
      const { specifier } = demand.requirement;
      if (!force && specifier.contains(version, { prereleases: true })) continue;
      const known = this.#changes.get(demand);
      const isHeld = force && known?.version === version.toString() && isPin(specifier);
      const own = below ? undefined : this.#options.raise?.(demand, version);
      const to = own ?? raisedSpecifier(specifier, version, below);
      if (isHeld || known?.to === to) continue;
      this.#changes.set(demand, {
        demand,
        name,
        from: saidSpecifier(demand),
        to,
        version: version.toString(),
      });
      isChanged = true;
      // One line that is narrow enough holds the project.
      if (force) break;
    }
    return isChanged;
  }
}
