// Why there is no stack: the derivation reduced to sentences of at most two causes, each tied to the line that it comes from.
//
// Reduced means: a filter or a missing release is told with the requirement that it spoils, not as a step of its own; an extra
// is its project; releases that ask the same of the same project are told together; ranges are told as releases that exist.
import { ROOT } from "./core/model.ts";
import { admitsAbsence, countVersions, intersection, type States } from "./core/states.ts";
import type { Project } from "./python/catalogue.ts";
import type { Failure } from "./python/failure.ts";
import type { Demand, FilterCode, Reason } from "./python/model.ts";

import { describeReleases } from "./words.ts";

/** What kind of obstacle a cause is. */
export type ObstacleKind = "clash" | "no-release" | "no-project" | "unusable" | "needs-build" | FilterCode;

/** One half of a sentence. */
export interface Because {
  /** A clause in words: `tensorflow 2.15.0 depends on numpy >=1.23.5,<2.0.0`. */
  readonly text: string;
  /** The step that says it, where another step does. */
  readonly step?: number;
  /** The person's line, where it is one. */
  readonly demand?: Demand;
}

export interface Step {
  /** From 1, in the order of telling. */
  readonly number: number;
  readonly because: readonly Because[];
  readonly therefore: string;
}

/** One thing that takes part, as it is known before anything follows from it. */
export interface Ground {
  /** The project that asks; undefined where the person does. */
  readonly asker: string | undefined;
  /** `tensorflow 2.15.0`, with `asker`. */
  readonly releases: string | undefined;
  /** The project that is asked for; undefined where a release cannot be used at all. */
  readonly about: string | undefined;
  /** What is asked of it: `numpy <2.0.0`; several where releases of the asker differ. */
  readonly texts: readonly string[];
  /** What else stands in the way: `numpy 1.26.4 is yanked`. */
  readonly notes: readonly string[];
  readonly demand: Demand | undefined;
}

export interface Explanation {
  readonly steps: readonly Step[];
  /** Everything that the steps are drawn from, each once. */
  readonly grounds: readonly Ground[];
  /** The person's own lines that take part, each once. */
  readonly causes: readonly Demand[];
  /** What stands in the way; `clash` where requirements exclude each other. */
  readonly kinds: readonly ObstacleKind[];
}

interface Leaf {
  readonly kind: "leaf";
  /** The incompatibility that it comes to, its notes included. */
  readonly id: number;
  readonly dependant: number;
  readonly dependency: number;
  /** What the dependants ask for; several where leaves were merged. */
  readonly texts: readonly string[];
  readonly dependants: States | undefined;
  readonly demand: Demand | undefined;
  readonly notes: readonly string[];
  readonly kinds: readonly ObstacleKind[];
}

interface Inner {
  readonly kind: "inner";
  readonly id: number;
  readonly left: Node;
  readonly right: Node;
  readonly notes: readonly string[];
  readonly kinds: readonly ObstacleKind[];
}

/** A filter, or that a release with an extra is that release: told with the other cause, never alone. */
interface Spoiler {
  readonly kind: "spoiler";
  readonly id: number;
  readonly obstacle: ObstacleKind | undefined;
  readonly package: number;
  readonly states: States;
}

type Node = Leaf | Inner | Spoiler;

const NOTES: Readonly<Record<FilterCode, (releases: string) => string>> = {
  tag: (releases) => `no wheel of ${releases} fits this Python and platform`,
  "requires-python": (releases) => `${releases} ${needs(releases)} another Python`,
  yanked: (releases) => `${releases} ${is(releases)} yanked`,
  variant: (releases) => `${releases} ${has(releases)} only wheels of variants, which are not chosen here`,
  "cut-off": (releases) => `${releases} ${is(releases)} newer than the cut-off date`,
  "only-sdist": (releases) =>
    `${releases} ${has(releases)} no wheel, and building from source is switched off`,
  "only-wheels": (releases) => `${releases} ${has(releases)} no source, and wheels are switched off`,
  "no-files": (releases) => `${releases} ${has(releases)} no file that can be installed`,
  prerelease: (releases) => `${releases} ${is(releases)} a pre-release, and those are switched off`,
  affected: (releases) => `${releases} ${is(releases)} affected`,
  downgrade: (releases) => `${releases} ${is(releases)} below what is there today`,
  refused: (releases) => `${releases} ${is(releases)} refused`,
  hash: (releases) => `no file of ${releases} has one of the hashes that are listed`,
};

/** Whether the releases are told as several. */
function isPlural(releases: string): boolean {
  return / to |, | and /.test(releases) || releases.startsWith("all releases");
}
const is = (releases: string): string => (isPlural(releases) ? "are" : "is");
const has = (releases: string): string => (isPlural(releases) ? "have" : "has");
const needs = (releases: string): string => (isPlural(releases) ? "need" : "needs");

/** Tells why a question has no answer. */
export function explainFailure(failure: Failure): Explanation {
  const teller = new Teller(failure);
  return teller.tell();
}

class Teller {
  readonly #failure: Failure;
  readonly #nodes = new Map<number, Node>();
  readonly #numbers = new Map<Inner, number>();
  readonly #steps: Step[] = [];
  readonly #causes = new Set<Demand>();
  readonly #kinds = new Set<ObstacleKind>();
  readonly #grounds: Ground[] = [];

  constructor(failure: Failure) {
    this.#failure = failure;
  }

  tell(): Explanation {
    const { root } = this.#failure;
    // Causes are older than what follows from them, so that in the order of their numbers each node finds its parts.
    for (const id of this.#reachable()) this.#nodes.set(id, this.#reduce(id));
    const top = this.#nodes.get(root)!;
    this.#collect(top);
    if (top.kind === "inner") this.#tellInner(top);
    else {
      this.#steps.push({ number: 1, because: [this.#because(top)], therefore: this.#conclusion(root) });
    }
    const isClash = this.#steps.length > 1 || this.#kinds.size === 0;
    return {
      steps: this.#steps,
      grounds: this.#grounds,
      causes: [...this.#causes].sort(byPlace),
      kinds: isClash ? [...new Set<ObstacleKind>(["clash", ...this.#kinds])] : [...this.#kinds],
    };
  }

  #reachable(): number[] {
    const { solver, root } = this.#failure;
    const found = new Set([root]);
    const open = [root];
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      const { cause } = solver.incompatibilities[id]!;
      if (cause.kind !== "derived") continue;
      for (const part of [cause.left, cause.right]) {
        if (found.has(part)) continue;
        found.add(part);
        open.push(part);
      }
    }
    return [...found].sort((a, b) => a - b);
  }

  #reduce(id: number): Node {
    const { packages, terms, cause } = this.#failure.solver.incompatibilities[id]!;
    if (cause.kind === "derived")
      return this.#join(id, this.#nodes.get(cause.left)!, this.#nodes.get(cause.right)!);
    if (cause.kind === "dependency" && cause.reason.kind !== "same-release") {
      const { reason, dependant, dependency } = cause;
      return {
        kind: "leaf",
        id,
        dependant,
        dependency,
        texts: [reason.kind === "depends" ? reason.text : ""],
        dependants: terms[0]!,
        demand: reason.kind === "required" || reason.kind === "depends" ? reason.demand : undefined,
        notes: [],
        kinds: [],
      };
    }
    if (cause.kind === "forbidden" && cause.reason.kind === "constrained") {
      const { demand } = cause.reason;
      return {
        kind: "leaf",
        id,
        dependant: packages[0]!,
        dependency: packages[0]!,
        texts: [],
        dependants: undefined,
        demand,
        notes: [],
        kinds: [],
      };
    }
    if (cause.kind === "unusable" && cause.reason.kind === "unusable") {
      if (packages[0] === ROOT) return this.#ownFault(id, terms[0]!, cause.reason);
      const text = `${this.#releases(packages[0]!, terms[0]!)} cannot be used: ${asClause(cause.reason.message)}`;
      return {
        kind: "leaf",
        id,
        dependant: packages[0]!,
        dependency: -1,
        texts: [text],
        dependants: undefined,
        demand: undefined,
        notes: [],
        kinds: [cause.reason.code === "metadata-not-static" ? "needs-build" : "unusable"],
      };
    }
    const reason = cause.kind === "forbidden" ? cause.reason : undefined;
    let obstacle: ObstacleKind | undefined;
    if (reason?.kind === "filtered") obstacle = reason.code;
    if (reason?.kind === "no-release") {
      obstacle = this.#project(packages[0]!)?.versions.length === 0 ? "no-project" : "no-release";
    }
    return { kind: "spoiler", id, obstacle, package: packages[0] ?? 0, states: terms[0]! };
  }

  /** What the person's own lines cannot have at once, whatever the releases are: one project from two addresses. */
  #ownFault(id: number, dependants: States, reason: Extract<Reason, { kind: "unusable" }>): Node {
    const bare = { kind: "leaf", id, dependant: ROOT, dependency: -1, notes: [], kinds: [] } as const;
    const text = asClause(reason.message);
    const [left, right] = (reason.demands ?? []).map(
      (demand): Leaf => ({ ...bare, texts: [], dependants, demand }),
    );
    if (left && right) return { kind: "inner", id, left, right, notes: [], kinds: [] };
    if (left) return { ...left, notes: [text] };
    return { ...bare, texts: [text], dependants: undefined, demand: undefined, kinds: ["unusable"] };
  }

  /** One derived incompatibility from its two causes. */
  #join(id: number, left: Node, right: Node): Node {
    if (right.kind === "spoiler") return this.#spoil(id, left, right);
    if (left.kind === "spoiler") return this.#spoil(id, right, left);
    const merged = this.#mergeSiblings(id, left, right) ?? this.#mergeSiblings(id, right, left);
    return merged ?? { kind: "inner", id, left, right, notes: [], kinds: [] };
  }

  #spoil(id: number, node: Node, spoiler: Spoiler): Node {
    if (node.kind === "spoiler") return { ...node, id };
    const { obstacle } = spoiler;
    if (obstacle === undefined) return { ...node, id };
    const note = this.#note(node.id, spoiler, obstacle);
    if (note === undefined) return { ...node, id };
    return { ...node, id, notes: [...node.notes, note], kinds: [...node.kinds, obstacle] };
  }

  #note(id: number, spoiler: Spoiler, obstacle: ObstacleKind): string | undefined {
    const project = this.#project(spoiler.package);
    if (project === undefined) return undefined;
    if (obstacle === "no-project") return `no index has a project named ${project.name}`;
    if (obstacle === "no-release") return `no such release of ${project.name} exists`;
    const { packages, terms } = this.#failure.solver.incompatibilities[id]!;
    const place = packages.indexOf(spoiler.package);
    const spoilt = place < 0 ? spoiler.states : this.#without(spoiler.states, terms[place]!);
    if (countVersions(spoilt) === 0) return undefined;
    return NOTES[obstacle as FilterCode](describeReleases(project, spoilt));
  }

  #without(states: States, others: States): States {
    return states.map((word, place) => word & ~others[place]!);
  }

  /** Releases of one project that ask for the same other project, told as one cause where they follow each other. */
  #mergeSiblings(id: number, node: Node, leaf: Node): Node | undefined {
    if (leaf.kind !== "leaf" || leaf.dependants === undefined || leaf.demand || node.kind !== "inner")
      return undefined;
    for (const [sibling, rest] of [
      [node.left, node.right],
      [node.right, node.left],
    ] as const) {
      if (sibling.kind !== "leaf" || sibling.dependants === undefined || sibling.demand) continue;
      if (sibling.dependant !== leaf.dependant || sibling.dependency !== leaf.dependency) continue;
      const dependants = sibling.dependants.map((word, place) => word | leaf.dependants![place]!);
      const together: Leaf = {
        ...leaf,
        dependants,
        texts: [...new Set([...sibling.texts, ...leaf.texts])],
        notes: [...new Set([...sibling.notes, ...leaf.notes])],
        kinds: [...new Set([...sibling.kinds, ...leaf.kinds])],
      };
      return { ...node, id, left: rest, right: together };
    }
    return undefined;
  }

  #collect(top: Node): void {
    const seen = new Set<Node>();
    const open: Node[] = [top];
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      if (seen.has(node) || node.kind === "spoiler") continue;
      seen.add(node);
      for (const kind of node.kinds) this.#kinds.add(kind);
      if (node.kind === "inner") {
        open.push(node.left, node.right);
        continue;
      }
      if (node.demand) this.#causes.add(node.demand);
      this.#grounds.push(this.#groundOf(node));
    }
  }

  #groundOf({ dependant, dependency, dependants, texts, notes, demand }: Leaf): Ground {
    const isAsked = dependants !== undefined && dependant !== ROOT;
    return {
      asker: isAsked ? this.#project(dependant)?.name : undefined,
      releases: isAsked ? this.#releases(dependant, dependants) : undefined,
      about: dependency < 0 ? undefined : this.#project(dependency)?.name,
      texts: demand ? [withSpace(demand)] : texts,
      notes,
      demand,
    };
  }

  /** Tells the parts before the whole. An explicit stack, since a derivation may be thousands of steps deep. */
  #tellInner(top: Inner): void {
    const open: Inner[] = [top];
    for (let node = open.at(-1); node !== undefined; node = open.at(-1)) {
      const waiting = [node.left, node.right].find(
        (part): part is Inner => part.kind === "inner" && !this.#numbers.has(part),
      );
      if (waiting && !this.#numbers.has(node)) {
        open.push(waiting);
        continue;
      }
      open.pop();
      if (this.#numbers.has(node)) continue;
      const number = this.#steps.length + 1;
      this.#numbers.set(node, number);
      // A note is told with what follows from it: the sentence keeps its two causes.
      const because = [this.#because(node.left), this.#because(node.right)];
      const therefore = [this.#conclusion(node.id), ...node.notes].join("; ");
      this.#steps.push({ number, because, therefore });
    }
  }

  #because(node: Node): Because {
    if (node.kind === "inner") {
      return { text: this.#conclusion(node.id), step: this.#numbers.get(node)! };
    }
    if (node.kind === "spoiler") {
      return { text: this.#note(node.id, node, node.obstacle ?? "unusable") ?? this.#conclusion(node.id) };
    }
    const notes = node.notes.length > 0 ? `, but ${node.notes.join(", and ")}` : "";
    const text = `${this.#leafText(node)}${notes}`;
    return node.demand ? { text, demand: node.demand } : { text };
  }

  #leafText({ dependant, dependency, texts, dependants, demand }: Leaf): string {
    if (dependants === undefined) return demand ? `you hold ${withSpace(demand)}` : texts[0]!;
    if (dependant === ROOT)
      return `you require ${demand ? withSpace(demand) : this.#project(dependency)?.name}`;
    const asked = texts.length > 3 ? [...texts.slice(0, 2), `${texts.length - 2} others`] : texts;
    const releases = this.#releases(dependant, dependants);
    const list = [...asked].join(" or ");
    return `${releases} ${isPlural(releases) ? "depend" : "depends"} on ${demand ? withSpace(demand) : list}`;
  }

  #project(package_: number): Project | undefined {
    return this.#failure.provider.packages[package_]?.project;
  }

  #releases(package_: number, states: States): string {
    const { project, extra } = this.#failure.provider.packages[package_]!;
    return describeReleases(project, states, extra);
  }

  /** What an incompatibility says, in words. */
  #conclusion(id: number): string {
    const { solver } = this.#failure;
    const { packages, terms } = solver.incompatibilities[id]!;
    const together: string[] = [];
    const needed: string[] = [];
    let isYours = false;
    for (const [place, package_] of packages.entries()) {
      const term = terms[place]!;
      const project = this.#project(package_);
      if (project === undefined) isYours = true;
      else if (admitsAbsence(term)) {
        const rest = intersection(project.releases, this.#without(project.releases, term));
        needed.push(
          countVersions(rest) === 0
            ? `a release of ${project.name} that there is not`
            : this.#releases(package_, rest),
        );
      } else together.push(this.#releases(package_, intersection(term, project.releases)));
    }
    if (together.length === 0 && needed.length === 0) return "your requirements cannot all be met";
    const subject = isYours ? ["your requirements", ...together] : together;
    if (needed.length > 0) {
      const verb = subject.length > 1 || isYours || isPlural(subject[0] ?? "") ? "need" : "needs";
      return `${joinWords(subject)} ${verb} ${joinWords(needed, "or")}`;
    }
    if (subject.length === 1) return `${subject[0]} cannot be used`;
    return `${joinWords(subject)} exclude each other`;
  }
}

function byPlace({ place: a }: Demand, { place: b }: Demand): number {
  if (a === undefined || b === undefined) return 0;
  return a.path === b.path ? a.line - b.line : a.path < b.path ? -1 : 1;
}

function withSpace({ requirement, text }: Demand): string {
  const { specifierSpan } = requirement;
  if (!specifierSpan) return text;
  return `${text.slice(0, specifierSpan.start).trimEnd()} ${text.slice(specifierSpan.start)}`;
}

function joinWords(words: readonly string[], last = "and"): string {
  return words.length < 2 ? (words[0] ?? "") : `${words.slice(0, -1).join(", ")} ${last} ${words.at(-1)}`;
}

/** A sentence of its own as a part of another one. */
function asClause(sentence: string): string {
  return sentence.replace(/^Not checked: /, "").replace(/\.$/, "");
}
