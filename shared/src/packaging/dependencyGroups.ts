// Dependency groups of pyproject.toml: PEP 735, with PEP 685's names.
import { normalizeName } from "./name.ts";
import { readRequirement, requirementToString } from "./requirement.ts";

export type DependencyGroupErrorCode =
  | "unknown-group"
  | "duplicate-group"
  | "cyclic-group"
  | "invalid-group"
  | "invalid-group-entry"
  | "invalid-requirement";

/** Why a group does not resolve. */
export interface DependencyGroupError {
  readonly code: DependencyGroupErrorCode;
  readonly message: string;
  /** The group in which the fault is, as written where it exists. */
  readonly group: string;
  /** Which entry of it. */
  readonly index?: number;
}

/** The requirements that some groups stand for, in order and normal form, and everything that is wrong on the way. */
export interface ResolvedGroups {
  readonly requirements: readonly string[];
  readonly errors: readonly DependencyGroupError[];
}

/**
 * Resolves groups with what they include (PEP 735, "Dependency Group Include").
 * @param table the value of `[dependency-groups]`, of any shape: what is wrong in it comes back as errors.
 * @param names the groups that are asked for.
 */
export function resolveDependencyGroups(table: unknown, names: readonly string[]): ResolvedGroups {
  const resolver = new GroupResolver(table);
  const requirements = names.flatMap((name) => resolver.resolve(name, []));
  return { requirements, errors: resolver.errors };
}

const ENTRY = 'An entry is a requirement or {include-group = "name"}.';

class GroupResolver {
  readonly errors: DependencyGroupError[] = [];
  readonly #groups = new Map<string, { readonly written: string; readonly value: unknown }>();
  readonly #resolved = new Map<string, readonly string[]>();
  readonly #told = new Set<string>();

  constructor(table: unknown) {
    if (typeof table !== "object" || table === null || Array.isArray(table)) {
      this.#fail("invalid-group", "", "[dependency-groups] is not a table.");
      return;
    }
    for (const [written, value] of Object.entries(table)) {
      const name = normalizeName(written);
      const other = this.#groups.get(name);
      if (other) {
        this.#fail("duplicate-group", written, `${other.written} and ${written} are one name: ${name}.`);
      } else this.#groups.set(name, { written, value });
    }
  }

  resolve(asked: string, path: readonly string[]): readonly string[] {
    const name = normalizeName(asked);
    const known = this.#resolved.get(name);
    if (known) return known;
    const group = this.#groups.get(name);
    if (!group) {
      this.#fail("unknown-group", path.at(-1) ?? asked, `There is no dependency group ${asked}.`);
      return [];
    }
    if (path.includes(name)) {
      const circle = [...path.slice(path.indexOf(name)), name].join(" → ");
      this.#fail(
        "cyclic-group",
        group.written,
        `Dependency groups include each other in a circle: ${circle}.`,
      );
      return [];
    }
    if (!Array.isArray(group.value)) {
      this.#fail("invalid-group", group.written, `The dependency group ${group.written} is not a list.`);
      return [];
    }
    const requirements = group.value.flatMap((entry: unknown, index) =>
      this.#resolveEntry(entry, index, group.written, [...path, name]),
    );
    // Within a circle a group is not whole yet, so only what was asked for from outside is kept.
    if (path.length === 0 || this.errors.length === 0) this.#resolved.set(name, requirements);
    return requirements;
  }

  #resolveEntry(entry: unknown, index: number, group: string, path: readonly string[]): readonly string[] {
    if (typeof entry === "string") {
      const result = readRequirement(entry);
      if (result.ok) return [requirementToString(result.value)];
      this.#fail("invalid-requirement", group, result.error.message, index);
      return [];
    }
    if (typeof entry === "object" && entry !== null && !Array.isArray(entry)) {
      const keys = Object.keys(entry);
      const include = (entry as Record<string, unknown>)["include-group"];
      if (keys.length === 1 && keys[0] === "include-group" && typeof include === "string") {
        return this.resolve(include, path);
      }
      const isOtherTable = keys.length !== 1 || keys[0] !== "include-group";
      this.#fail(isOtherTable ? "invalid-group-entry" : "invalid-group", group, ENTRY, index);
      return [];
    }
    this.#fail("invalid-group", group, ENTRY, index);
    return [];
  }

  #fail(code: DependencyGroupErrorCode, group: string, message: string, index?: number): void {
    const key = `${code} ${group} ${index ?? ""} ${message}`;
    if (this.#told.has(key)) return;
    this.#told.add(key);
    this.errors.push(index === undefined ? { code, message, group } : { code, message, group, index });
  }
}
