// What the stored advisories say of the checked packages: reports of malice, known vulnerabilities, and what a release fixes.
import {
  affectsAll,
  isAffected,
  isWithdrawn,
  matchAdvisories,
  type ProjectAdvisories,
  sayAdvisories,
  smallestFix,
  soughtVersion,
  staleness,
} from "../../../shared/src/advisory/index.ts";
import { parseVersion } from "../../../shared/src/packaging/version.ts";
import type { ProvenanceOutput } from "../../../shared/src/protocol/provenance.ts";
import type { Knowledge } from "../knowledge/index.ts";
import { type CheckDraft, checkMalware, type IndexView, type SubjectView } from "../provenance/index.ts";

const UPDATE = "thoth knowledge update advisories";
const STALENESS = {
  fresh: "",
  old: ", older than a week",
  ahead: ", ahead of this machine's clock",
} as const;

/** What is stored against projects; what is `known` of it is not read again. Undefined where no advisories were ever loaded. */
export function readAdvisories(
  names: ReadonlySet<string>,
  known: ReadonlyMap<string, ProjectAdvisories> = new Map(),
  stored: Pick<Knowledge["advisories"], "read">,
): ReadonlyMap<string, ProjectAdvisories> | undefined {
  const others = stored.read([...names].filter((name) => !known.has(name)));
  if (others === undefined) return undefined;
  const found = new Map<string, ProjectAdvisories>();
  for (const name of names) {
    const own = known.get(name) ?? others.get(name);
    if (own) found.set(name, own);
  }
  return found;
}

/** The advisories of a set of projects, as they are matched at one time. */
export class KnownAdvisories {
  readonly #projects: ReadonlyMap<string, ProjectAdvisories> | undefined;
  readonly #now: number;

  /**
   * @param projects by PEP 503 name; undefined where none were ever stored.
   * @param now milliseconds since the epoch.
   */
  constructor(projects: ReadonlyMap<string, ProjectAdvisories> | undefined, now: number) {
    this.#projects = projects;
    this.#now = now;
  }

  of(name: string): ProjectAdvisories | undefined {
    return this.#projects?.get(name);
  }

  /** Milliseconds since the epoch; undefined where there are none. */
  get asOf(): number | undefined {
    return this.#first?.asOf;
  }

  /** Whether none were ever stored, rather than those of other projects alone. */
  get #isEmpty(): boolean {
    return this.#projects === undefined;
  }

  get #first(): ProjectAdvisories | undefined {
    return this.#projects && [...this.#projects.values()][0];
  }

  /** What the checks rest on, as a person is told. */
  get basis(): ProvenanceOutput["basis"][number] {
    const first = this.#first;
    if (!first) {
      const says = this.#isEmpty ? "none stored" : "no service was asked for any of these packages";
      return { what: "advisories", says: `${says}; ${UPDATE}` };
    }
    return {
      what: "advisories",
      time: new Date(first.asOf).toISOString(),
      says: `${first.source}${STALENESS[staleness(first.asOf, this.#now) ?? "fresh"]}`,
    };
  }

  /** The part of check 4 that reports of malice decide. */
  malware(view: SubjectView): CheckDraft[] {
    const own = this.of(view.subject.name);
    if (!own)
      return checkMalware(view, undefined, {
        source: "advisories",
        why: `${this.#isEmpty ? "none are stored" : "no service was asked for them"}; ${UPDATE}`,
      });
    const { source, asOf: time } = own;
    const basis = { source, time, isOld: staleness(time, this.#now) !== undefined };
    const found =
      view.version === undefined
        ? own.records.filter(
            (record) => record.malicious && affectsAll(record) && !isWithdrawn(record, this.#now),
          )
        : matchAdvisories(own.records, view.version, this.#now).filter(({ malicious }) => malicious);
    // A malicious project is mostly gone from its index: what is true of all of its releases needs none of them.
    if (view.version === undefined && found.length === 0)
      return checkMalware(view, undefined, { ...basis, why: "it is not pinned to one release" });
    const reports = found.map(({ id, summary }) => ({ id, summary: summary ?? "", source, time }));
    return checkMalware(view, reports, basis);
  }

  /** Check 5, composed of what the advisories match. */
  vulnerabilities({ subject, version, isAssumed, indexes }: SubjectView): CheckDraft {
    const rule = "known-vulnerability";
    const own = this.of(subject.name);
    const evidence = [this.#evidence(own)];
    if (subject.from === "path" || subject.from === "vcs") {
      const message = `${subject.written} is of no index, and advisories are of those.`;
      return { rule, state: "not-applicable", message, evidence };
    }
    if (!own || version === undefined) {
      const missing = this.#isEmpty ? "no advisories are stored" : "no service was asked for its advisories";
      const why = own ? "it is not pinned to one release" : missing;
      const message = `${subject.written}: ${why}.`;
      return { rule, state: "not-checked", message, next: UPDATE, evidence };
    }
    const matches = matchAdvisories(own.records, version, this.#now);
    if (matches.length === 0) {
      const message = `Nothing is known against ${subject.written} ${version}.`;
      return { rule, state: "passed", message, evidence };
    }
    const fix = smallestFix(own.records, version, this.#now, releasesOf(indexes));
    const malicious = matches.some((match) => match.malicious);
    return {
      rule,
      state: "failed",
      ...(malicious ? { severity: "error" as const } : {}),
      message: `${subject.written} ${version} has ${sayAdvisories(matches, fix)}.`,
      next: fix === undefined ? "No release fixes all of it." : `Raise it to ${fix}.`,
      ...(isAssumed ? { labels: ["todays-newest"] } : {}),
      advisories: matches.map(({ id, aliases, severity, fixedIn, score, summary }) => ({
        id,
        aliases: [...aliases],
        severity,
        fixedIn: [...fixedIn],
        ...(score === undefined ? {} : { score }),
        ...(summary === undefined ? {} : { summary }),
      })),
      evidence,
    };
  }

  #evidence(own: ProjectAdvisories | undefined): CheckDraft["evidence"][number] {
    if (!own) return { source: "advisories", freshness: "unknown" };
    return {
      source: own.source,
      time: own.asOf,
      freshness: staleness(own.asOf, this.#now) ? "stale" : "fresh",
    };
  }

  /** The advisories that a version fixes: it is named as a fix, and not affected any more. */
  fixesOf(name: string, version: string): readonly string[] | undefined {
    const own = this.of(name);
    const wanted = parseVersion(version)?.toString();
    if (!own || wanted === undefined) return undefined;
    const sought = soughtVersion(version);
    return own.records
      .filter(({ ranges = [] }) =>
        ranges.flat().some(([kind, text]) => kind === "fixed" && parseVersion(text)?.toString() === wanted),
      )
      .filter((record) => !isAffected(record, sought))
      .map(({ id }) => id);
  }
}

/** The releases that may be told as a fix: neither before their time nor withdrawn. */
function releasesOf(views: readonly IndexView[]): string[] | undefined {
  const versions = views.flatMap(({ isBound, answer }) =>
    isBound && answer.state === "page"
      ? answer.page.releases
          .filter(
            ({ parsed, files }) =>
              parsed && !parsed.isPrerelease && files.some((file) => file.yanked === undefined),
          )
          .map(({ version }) => version)
      : [],
  );
  return versions.length > 0 ? versions : undefined;
}
