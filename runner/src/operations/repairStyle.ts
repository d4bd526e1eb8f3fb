// How a line is raised where its file has a grammar of its own: poetry's carets, tildes and wildcards stay what they are.
import type { RequirementEntry } from "../../../shared/src/manifest/model.ts";
import {
  raisePoetryConstraint,
  readPoetryConstraint,
} from "../../../shared/src/manifest/poetryConstraint.ts";
import type { Version } from "../../../shared/src/packaging/version.ts";
import type { DemandPlace } from "./demands.ts";

/** What is written in place of an entry's version so that it takes a release; undefined where its grammar has no way of its own. */
export function raiseInStyle({ manifest, entry }: DemandPlace, version: Version): string | undefined {
  const written = writtenVersion(manifest.text, entry);
  return written === undefined ? undefined : raisePoetryConstraint(written, version);
}

/** The same as clauses of PEP 440. */
export function raiseAsSpecifier(place: DemandPlace, version: Version): string | undefined {
  const raised = raiseInStyle(place, version);
  const read = raised === undefined ? undefined : readPoetryConstraint(raised);
  return read?.ok
    ? read.value.clauses.map(({ operator, version: text }) => `${operator}${text}`).join(",")
    : undefined;
}

function writtenVersion(text: string, { grammar, specifierSpan }: RequirementEntry): string | undefined {
  return grammar === "poetry" && specifierSpan
    ? text.slice(specifierSpan.start, specifierSpan.end)
    : undefined;
}
