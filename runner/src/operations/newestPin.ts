// The newest release of one line's project with which the whole manifest resolves.
import { normalizeName } from "../../../shared/src/packaging/name.ts";
import { compareVersions, type Version } from "../../../shared/src/packaging/version.ts";
import { type Demand, type LineEdit, type Pin, type Question, withSpecifier } from "../resolve/index.ts";
import type { AskedManifest } from "./askedManifest.ts";

/** So many releases that are newer than the one the resolver comes to are tried, newest first. */
const MOST_TRIED = 10;

export interface NewestPin {
  readonly version: Version;
  readonly edit: LineEdit;
  /** What then resolves. */
  readonly pins: readonly Pin[];
}

/**
 * Resolves with the line open, which says whether any release will do at all, then with it pinned to each release that is newer than
 * what came of that. Yanked releases are left out, pre-releases too where a final one will do.
 * @param solve the pins of a question's stack; undefined where there is none.
 */
export async function findNewestPin(
  { question, catalogue }: Pick<AskedManifest, "question" | "catalogue">,
  line: Demand,
  solve: (question: Question) => Promise<readonly Pin[] | undefined>,
): Promise<NewestPin | undefined> {
  if (line.requirement.url) return undefined;
  const name = normalizeName(line.requirement.name.text);
  const solveWith = (edited: Demand): Promise<readonly Pin[] | undefined> =>
    solve({
      ...question,
      requirements: question.requirements.map((one) => (one === line ? edited : one)),
    });
  const open = await solveWith(withSpecifier(line, ""));
  const least = open?.find((pin) => pin.name === name)?.version;
  if (open === undefined || least === undefined) return undefined;
  const project = await catalogue.project(name);
  const newer = project.versions
    .filter((version, place) => project.verdicts[place] === "usable" && !version.isPrerelease)
    .filter((version) => compareVersions(version, least) > 0)
    .reverse();
  for (const version of newer.slice(0, MOST_TRIED)) {
    const pinned = withSpecifier(line, `==${version}`);
    const pins = await solveWith(pinned);
    if (pins) return { version, edit: { demand: line, replacement: pinned }, pins };
  }
  const edit = { demand: line, replacement: withSpecifier(line, `==${least}`) };
  return { version: least, edit, pins: open };
}
