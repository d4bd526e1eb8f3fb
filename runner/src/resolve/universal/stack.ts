// One stack from its parts: releases that several parts have are one pin, used where one of those parts comes to it.
import { type MarkerDiagram, type MarkerSet, NEVER } from "../../../../shared/src/packaging/markerDiagram.ts";
import { compareVersions } from "../../../../shared/src/packaging/version.ts";
import type { Project } from "../python/catalogue.ts";
import type { Demand, Pin, PinDependency } from "../python/model.ts";
import type { Part } from "./part.ts";
import type { PartProvider, Shared } from "./provider.ts";

/** What the search came to in one part. */
export interface SolvedPart {
  readonly part: Part;
  readonly provider: PartProvider;
  readonly versions: ReadonlyMap<number, number>;
}

/** A release, or one extra of it. */
interface Node {
  readonly name: string;
  readonly extra: string | undefined;
  readonly project: Project;
  readonly place: number;
  readonly direct: string | undefined;
  /** Where it needs what, by the key of the other node. */
  readonly edges: Map<string, MarkerSet>;
  reach: MarkerSet;
}

const TOP = "";

export class StackGraph {
  readonly #shared: Shared;
  readonly #diagram: MarkerDiagram;
  readonly #nodes = new Map<string, Node>();
  readonly #top = new Map<string, MarkerSet>();
  readonly #everywhere: MarkerSet;
  readonly #supported: MarkerSet;

  constructor(shared: Shared, parts: readonly SolvedPart[]) {
    this.#shared = shared;
    this.#diagram = shared.reading.diagram;
    this.#supported = this.#diagram.pythonsIn(shared.reading.pythons);
    for (const part of parts) this.#addNodes(part);
    for (const part of parts) this.#addEdges(part);
    this.#everywhere = parts.reduce((all, { part }) => this.#diagram.or(all, part.where), NEVER);
    this.#spread();
  }

  #addNodes({ provider, versions }: SolvedPart): void {
    for (const [package_, place] of versions) {
      const one = provider.packages[package_];
      if (one === undefined) continue;
      const { project, extra } = one;
      const direct = provider.addressOf(project);
      const key = keyOf(project, place, extra, direct);
      if (this.#nodes.has(key)) continue;
      const { name } = project;
      this.#nodes.set(key, { name, extra, project, place, direct, edges: new Map(), reach: NEVER });
    }
  }

  #addEdges({ part, provider, versions }: SolvedPart): void {
    const diagram = this.#diagram;
    const keys = new Map<string, string>();
    for (const [package_, place] of versions) {
      const one = provider.packages[package_];
      if (one === undefined) continue;
      const key = keyOf(one.project, place, one.extra, provider.addressOf(one.project));
      keys.set(one.extra === undefined ? one.project.name : `${one.project.name}[${one.extra}]`, key);
    }
    for (const [package_, place] of versions) {
      const one = provider.packages[package_];
      const own = one && keyOf(one.project, place, one.extra, provider.addressOf(one.project));
      const edges = own === undefined ? this.#top : this.#nodes.get(own)!.edges;
      const add = (to: string | undefined, where: MarkerSet): void => {
        if (to !== undefined && to !== own && where !== NEVER) {
          edges.set(to, diagram.or(edges.get(to) ?? NEVER, where));
        }
      };
      for (const asked of provider.edgesOf(package_, place)) {
        const where = diagram.and(diagram.and(asked.where, asked.own), part.where);
        if (asked.name !== one?.project.name) add(keys.get(asked.name), where);
        for (const extra of asked.extras) add(keys.get(`${asked.name}[${extra}]`), where);
      }
    }
  }

  /** Works out where each node is come to, from the top down until nothing changes. */
  #spread(): void {
    const diagram = this.#diagram;
    const queue: string[] = [];
    const pass = (reach: MarkerSet, edges: ReadonlyMap<string, MarkerSet>): void => {
      for (const [to, where] of edges) {
        const node = this.#nodes.get(to)!;
        const after = diagram.or(node.reach, diagram.and(reach, where));
        if (after === node.reach) continue;
        node.reach = after;
        queue.push(to);
      }
    };
    pass(this.#everywhere, this.#top);
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
      const { reach, edges } = this.#nodes.get(next)!;
      pass(reach, edges);
    }
  }

  /** What the person's own lines lead to. */
  roots(): PinDependency[] {
    return this.#dependencies(this.#top, this.#everywhere);
  }

  #dependencies(edges: ReadonlyMap<string, MarkerSet>, given: MarkerSet): PinDependency[] {
    const diagram = this.#diagram;
    const supposed = diagram.and(given, this.#supported);
    const bases = new Map<string, { node: Node; where: MarkerSet }>();
    for (const [key, where] of edges) {
      const node = this.#nodes.get(key)!;
      if (node.extra !== undefined || diagram.areDisjoint(where, supposed)) continue;
      bases.set(key, { node, where });
    }
    const found: PinDependency[] = [];
    for (const { node, where } of bases.values()) {
      const extras = [...edges.keys()].flatMap((key) => {
        const other = this.#nodes.get(key)!;
        return other.extra !== undefined && isSameRelease(other, node) ? [{ key, extra: other.extra }] : [];
      });
      // An extra that is asked for in fewer places than the project stands as a requirement of its own.
      const alike = extras.filter(({ key }) => edges.get(key) === where).map(({ extra }) => extra);
      found.push(this.#dependency(node, alike, where, supposed));
      for (const { key, extra } of extras) {
        const only = edges.get(key)!;
        if (only !== where && !diagram.areDisjoint(only, supposed)) {
          found.push(this.#dependency(node, [extra], only, supposed));
        }
      }
    }
    return found.sort((a, b) => compareNames(a.name, b.name) || compareVersions(a.version, b.version));
  }

  #dependency(node: Node, extras: readonly string[], where: MarkerSet, supposed: MarkerSet): PinDependency {
    const marker = this.#diagram.toMarker(where, supposed);
    return {
      name: node.name,
      version: node.project.versions[node.place]!,
      ...(node.direct === undefined ? {} : { direct: node.direct }),
      extras: [...extras].sort(),
      ...(marker === undefined ? {} : { marker }),
    };
  }

  /** The pins, sorted by name and version; what is come to nowhere is left out. */
  pins(): Pin[] {
    const demands = this.#demandsByName();
    const via = new Map<Node, Set<string>>();
    for (const { name, edges, reach } of this.#nodes.values()) {
      if (reach === NEVER) continue;
      for (const key of edges.keys()) {
        const node = this.#nodes.get(key)!;
        if (node.extra === undefined && node.name !== name)
          via.set(node, (via.get(node) ?? new Set()).add(name));
      }
    }
    const bases = [...this.#nodes.values()].filter(
      ({ extra, reach }) => extra === undefined && !this.#diagram.areDisjoint(reach, this.#supported),
    );
    return bases
      .map((node) => this.#pin(node, [...(via.get(node) ?? [])].sort(), demands.get(node.name) ?? []))
      .sort((a, b) => compareNames(a.name, b.name) || compareVersions(a.version, b.version));
  }

  #pin(node: Node, via: readonly string[], demands: readonly Demand[]): Pin {
    const { catalogue, reading } = this.#shared;
    const { project, place, name, reach, direct } = node;
    const needs = catalogue.needs(project, place);
    if (needs instanceof Promise || "unusable" in needs) throw new Error(`${name} was selected unread`);
    const extras = [...this.#nodes.values()].filter(
      (other) => other.extra !== undefined && other.reach !== NEVER && isSameRelease(other, node),
    );
    extras.sort((a, b) => compareNames(a.extra!, b.extra!));
    const marker = this.#diagram.toMarker(reach, this.#diagram.and(this.#everywhere, this.#supported));
    return {
      name,
      version: project.versions[place]!,
      extras: extras.map(({ extra }) => extra!),
      files: reading.keepOfUse(catalogue.usableFiles(project, place), reach),
      release: project.files[place]!,
      file: needs.file,
      ...(direct === undefined ? {} : { direct }),
      via,
      demands,
      ...(marker === undefined ? {} : { marker }),
      dependencies: this.#dependencies(node.edges, reach),
      extraDependencies: new Map(
        extras.map((other) => [other.extra!, this.#dependencies(other.edges, other.reach)]),
      ),
    };
  }

  #demandsByName(): Map<string, Demand[]> {
    const demands = new Map<string, Demand[]>();
    for (const { name, reason } of this.#shared.lines) {
      if (reason.kind === "required") demands.set(name, [...(demands.get(name) ?? []), reason.demand]);
    }
    return demands;
  }
}

function keyOf(
  { name }: Project,
  place: number,
  extra: string | undefined,
  direct: string | undefined,
): string {
  return `${name} ${place} ${extra ?? TOP} ${direct ?? TOP}`;
}

function isSameRelease(a: Node, b: Node): boolean {
  return a.name === b.name && a.place === b.place && a.direct === b.direct;
}

function compareNames(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
