// A specifier in words: "At least 1.4, below 2." (PEP 440)
import { type Clause, parseVersion, type SpecifierSet } from "../../../shared/src/packaging/index.ts";
import { say } from "../l10n.ts";

/** One sentence on what the clauses ask for together. */
export function specifierWords(specifier: SpecifierSet): string {
  if (specifier.clauses.length === 0) return say("Any version.");
  const sentence = (specifier.alternatives ?? [specifier])
    .map(({ clauses }) => clauses.map(clauseWords).join(", "))
    .join(`; ${say("or")} `);
  return `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}.`;
}

function clauseWords(clause: Clause): string {
  const { version } = clause;
  switch (clause.operator) {
    case "==":
      return version.endsWith(".*") ? say("any {0}", version.slice(0, -2)) : say("exactly {0}", version);
    case "===":
      return say("the text {0} exactly", version);
    case "!=":
      return version.endsWith(".*") ? say("no {0}", version.slice(0, -2)) : say("not {0}", version);
    case ">=":
      return say("at least {0}", version);
    case ">":
      return say("above {0}", version);
    case "<=":
      return say("at most {0}", version);
    case "<":
      return say("below {0}", version);
    case "~=": {
      const end = compatibleEnd(version);
      return end === undefined
        ? say("compatible with {0}", version)
        : say("at least {0}, below {1}", version, end);
    }
  }
}

/** `2` for `1.4`, `1.5` for `1.4.2`: the release that `~=` ends before. */
function compatibleEnd(version: string): string | undefined {
  if (!parseVersion(version)) return undefined;
  const match = /^v?(\d+!)?(\d+(?:\.\d+)*)/i.exec(version);
  const digits = match?.[2]?.split(".") ?? [];
  if (digits.length < 2) return undefined;
  const kept = digits.slice(0, -1);
  const last = BigInt(kept.at(-1) ?? "0") + 1n;
  return `${match?.[1] ?? ""}${[...kept.slice(0, -1), last.toString()].join(".")}`;
}
