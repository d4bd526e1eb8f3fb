// Makes one policy of the organisation's, the user's and the workspace's: each may tighten what stands above it, none may loosen it.
import type { Acceptance, Policy, RequiredIdentity } from "../config/policy.ts";
import type { Severity } from "../finding/model.ts";
import { matchesName } from "./pattern.ts";

/** Where a policy stands, outermost first. */
export type PolicyLevel = "organisation" | "user" | "workspace";

export interface PolicyLayer {
  readonly level: PolicyLevel;
  /** The file, for a person. */
  readonly from: string;
  readonly policy: Policy;
}

export interface Required {
  readonly packages: readonly string[];
  readonly publisher?: RequiredIdentity;
  readonly from: string;
}

/** A package or pattern, and the address of the index that it must come from. */
export interface Binding {
  readonly pattern: string;
  readonly url: string;
  readonly from: string;
}

export interface PlacedAcceptance {
  readonly acceptance: Acceptance;
  readonly from: string;
}

/** What holds, with where each part was said. */
export interface MergedPolicy {
  /** Absent: every index may be used. */
  readonly indexes?: { readonly urls: readonly string[]; readonly from: string };
  /** In the order in which they are looked at: the first that matches counts; of one file, names before patterns. */
  readonly bindings: readonly Binding[];
  readonly attestations: readonly Required[];
  readonly coolDown: {
    readonly days: number;
    readonly except: readonly string[];
    readonly securityFixes: boolean;
  };
  readonly severities: Readonly<Record<string, Severity | "off">>;
  /** Rules whose severity the organisation or the user has set: nothing below them may make it less. */
  readonly fixed: ReadonlySet<string>;
  readonly require: ReadonlySet<string>;
  readonly ownNames: readonly string[];
  readonly abandonedAfterYears?: number;
  readonly acceptances: readonly PlacedAcceptance[];
  /** What a lower policy said and was not heard, in sentences. */
  readonly unheard: readonly string[];
  readonly layers: readonly { readonly level: PolicyLevel; readonly from: string }[];
}

export const COOL_DOWN_DAYS = 3;
/** What must be checked where nobody says otherwise: that every file is where it should be. */
export const REQUIRED_BY_DEFAULT: readonly string[] = ["artifact-digest"];

const LOUDNESS: Readonly<Record<Severity | "off", number>> = {
  off: 0,
  hint: 1,
  information: 2,
  warning: 3,
  error: 4,
};

/** One address of an index in one spelling: no trailing slash, no login, host in lower case. */
export function indexKey(address: string): string {
  const url = URL.parse(address);
  if (!url) return address.replace(/\/+$/, "");
  url.username = "";
  url.password = "";
  url.hash = "";
  return url.href.replace(/\/+$/, "");
}

/** The binding that holds for a package (any spelling), where there is one. */
export function bindingOf(bindings: readonly Binding[], name: string): Binding | undefined {
  return bindings.find(({ pattern }) => matchesName(pattern, name));
}

/** Merges the layers, which may come in any order. */
export function mergePolicies(layers: readonly PolicyLayer[]): MergedPolicy {
  const order: readonly PolicyLevel[] = ["organisation", "user", "workspace"];
  const sorted = [...layers].sort((a, b) => order.indexOf(a.level) - order.indexOf(b.level));
  const merging = new Merging();
  for (const layer of sorted) merging.add(layer);
  return merging.result(sorted);
}

class Merging {
  readonly #unheard: string[] = [];
  #indexes: { urls: readonly string[]; from: string } | undefined;
  readonly #bindings: Binding[] = [];
  readonly #attestations: Required[] = [];
  #days: number | undefined;
  #except: readonly string[] = [];
  #securityFixes: boolean | undefined;
  readonly #severities: Record<string, Severity | "off"> = {};
  readonly #fixed = new Set<string>();
  /** What the layers so far ask for in numbers. */
  readonly #above = new Set<"cool-down" | "abandoned-after">();
  #require: Set<string> | undefined;
  readonly #ownNames: string[] = [];
  #abandonedAfter: number | undefined;
  readonly #acceptances: PlacedAcceptance[] = [];

  add(layer: PolicyLayer): void {
    this.#addIndexes(layer);
    this.#addBindings(layer);
    for (const one of layer.policy.attestations ?? []) {
      const { packages, publisher } = one;
      this.#attestations.push({ packages, ...(publisher ? { publisher } : {}), from: layer.from });
    }
    this.#addCoolDown(layer);
    this.#addSeverities(layer);
    const { require, accept } = layer.policy;
    if (require) this.#require = new Set([...(this.#require ?? []), ...require]);
    this.#addOwnNames(layer);
    const years = layer.policy["abandoned-after"];
    if (years !== undefined) this.#abandonedAfter = Math.min(years, this.#abandonedAfter ?? years);
    for (const acceptance of accept ?? []) this.#addAcceptance(layer, acceptance);
    if (layer.policy["cool-down"]?.days !== undefined) this.#above.add("cool-down");
    if (years !== undefined) this.#above.add("abandoned-after");
  }

  /** Only what all of them allow. */
  #addIndexes({ policy, from }: PolicyLayer): void {
    if (!policy.indexes) return;
    const urls = policy.indexes.map(indexKey);
    const above = this.#indexes;
    if (!above) {
      this.#indexes = { urls, from };
      return;
    }
    for (const url of urls) {
      if (!above.urls.includes(url))
        this.#unheard.push(`${from} allows ${url}, which ${above.from} does not.`);
    }
    this.#indexes = { urls: above.urls.filter((url) => urls.includes(url)), from: above.from };
  }

  #addBindings({ policy, from }: PolicyLayer): void {
    const isPattern = (name: string): number => Number(name.includes("*"));
    const said = Object.entries(policy.bindings ?? {}).sort(([a], [b]) => isPattern(a) - isPattern(b));
    for (const [pattern, url] of said) {
      const above = this.#bindings.find(
        (one) => one.from !== from && (one.pattern === pattern || matchesName(one.pattern, pattern)),
      );
      if (above && indexKey(above.url) !== indexKey(url)) {
        this.#unheard.push(`${from} binds ${pattern} elsewhere than ${above.from} does.`);
        continue;
      }
      const allowed = this.#indexes;
      if (allowed && allowed.from !== from && !allowed.urls.includes(indexKey(url))) {
        this.#unheard.push(`${from} binds ${pattern} to an index that ${allowed.from} does not allow.`);
        continue;
      }
      this.#bindings.push({ pattern, url, from });
    }
  }

  #addCoolDown({ policy, from }: PolicyLayer): void {
    const said = policy["cool-down"];
    if (!said) return;
    const above = this.#days;
    if (said.days !== undefined) {
      if (above !== undefined && said.days < above)
        this.#unheard.push(
          `${from} asks for ${said.days} days of cool-down, less than the ${above} above it.`,
        );
      this.#days = Math.max(said.days, above ?? 0);
    }
    if (said.except) {
      if (above === undefined) this.#except = said.except;
      else this.#unheard.push(`${from} makes exceptions from a cool-down that was set above it.`);
    }
    const fixes = said["security-fixes"];
    if (fixes === undefined) return;
    if (fixes && this.#securityFixes === false)
      this.#unheard.push(`${from} lets security fixes pass, which was refused above it.`);
    else this.#securityFixes = fixes;
  }

  #addSeverities({ policy, from, level }: PolicyLayer): void {
    for (const [rule, severity] of Object.entries(policy.severities ?? {})) {
      const above = this.#fixed.has(rule) ? this.#severities[rule] : undefined;
      if (above !== undefined && LOUDNESS[severity] < LOUDNESS[above]) {
        this.#unheard.push(`${from} makes ${rule} ${severity}, which was set to ${above} above it.`);
        continue;
      }
      this.#severities[rule] = severity;
      if (level !== "workspace") this.#fixed.add(rule);
    }
  }

  /** A workspace cannot accept what somebody above it has made a point of. */
  #addAcceptance(layer: PolicyLayer, acceptance: Acceptance): void {
    const { from, level } = layer;
    const rule =
      acceptance.rule ?? (/^MAL-/i.test(acceptance.advisory ?? "") ? "known-bad" : "known-vulnerability");
    if (level === "workspace" && this.#isDemanded(rule, acceptance.package, from)) {
      this.#unheard.push(`${from} accepts ${rule} of ${acceptance.package}, which was forbidden above it.`);
      return;
    }
    this.#acceptances.push({ acceptance, from });
  }

  /** Whether a policy other than `from` has made a point of the rule for the package. */
  #isDemanded(rule: string, name: string, from: string): boolean {
    if (this.#fixed.has(rule)) return true;
    if (rule === "cool-down") return this.#above.has("cool-down");
    if (rule === "abandoned-project") return this.#above.has("abandoned-after");
    if (rule !== "attestation") return false;
    return this.#attestations.some(
      (one) => one.from !== from && one.packages.some((pattern) => matchesName(pattern, name)),
    );
  }

  /** Names that a workspace calls its own do not quiet a rule that was made a point of above it. */
  #addOwnNames({ policy, from, level }: PolicyLayer): void {
    const names = policy["own-names"] ?? [];
    if (names.length > 0 && level === "workspace" && this.#fixed.has("name-confusion")) {
      this.#unheard.push(
        `${from} names ${names.join(", ")} as its own, of which name-confusion was set above it.`,
      );
      return;
    }
    this.#ownNames.push(...names);
  }

  result(layers: readonly PolicyLayer[]): MergedPolicy {
    return {
      ...(this.#indexes ? { indexes: this.#indexes } : {}),
      bindings: this.#bindings,
      attestations: this.#attestations,
      coolDown: {
        days: this.#days ?? COOL_DOWN_DAYS,
        except: this.#except,
        securityFixes: this.#securityFixes ?? true,
      },
      severities: this.#severities,
      fixed: this.#fixed,
      require: this.#require ?? new Set(REQUIRED_BY_DEFAULT),
      ownNames: this.#ownNames,
      ...(this.#abandonedAfter === undefined ? {} : { abandonedAfterYears: this.#abandonedAfter }),
      acceptances: this.#acceptances,
      unheard: this.#unheard,
      layers: layers.map(({ level, from }) => ({ level, from })),
    };
  }
}
