// The text form of `explain`: a conflict told as sentences, or why a package is there.
import { sayOther } from "../../../../shared/src/facts/wheels.ts";
import type {
  ExplainConflict,
  ExplainOutput,
  ExplainSearch,
  ExplainStep,
} from "../../../../shared/src/protocol/explain.ts";
import type { Answer } from "../../../../shared/src/protocol/operation.ts";
import { escapeControls, type Terminal } from "../terminal.ts";

/** Why it does not resolve and what would help; or why the project that was asked for is there. */
export function explainText({ result }: Answer<ExplainOutput>, terminal: Terminal): string {
  const lines = result.conflict
    ? conflictLines(result, result.conflict, terminal)
    : packageStory(result, terminal);
  return `${lines.map((line) => line.trimEnd()).join("\n")}\n`;
}

function conflictLines(
  { path, environment, searches = [] }: ExplainOutput,
  conflict: ExplainConflict,
  terminal: Terminal,
): string[] {
  const lines = [terminal.style("bold", `${escapeControls(path)} does not resolve for ${environment}.`), ""];
  lines.push(...stepLines(conflict.steps, conflict.causes, terminal), "");
  for (const search of searches) lines.push(...searchLines(search), "");
  const { relaxations } = conflict;
  if (relaxations.length === 0)
    lines.push("No edit of these lines, alone or two together, was found to help.");
  else {
    const areProven = relaxations.every(({ proven }) => proven);
    const checked = relaxations.length > 1 ? "What would help, each checked:" : "What would help, checked:";
    lines.push(areProven ? checked : "What would help, or could:");
    const titles = relaxations.map(({ title, setting }) =>
      setting === undefined ? title : `setting: ${title}`,
    );
    const width = Math.max(...titles.map((title) => title.length));
    for (const [index, { packages }] of relaxations.entries()) {
      const letter = String.fromCharCode(97 + index);
      lines.push(
        `  ${letter}. ${escapeControls(titles[index]!.padEnd(width))}    ${packages === undefined ? "not checked: only a build shows it" : count(packages)}`,
      );
    }
    const first = relaxations.findIndex(({ setting }) => setting === undefined);
    if (first >= 0) {
      const letter = String.fromCharCode(97 + first);
      lines.push(`thoth fix ${escapeControls(path)} --choose ${letter} shows the change as a diff.`);
    }
  }
  return lines;
}

function stepLines(
  steps: readonly ExplainStep[],
  causes: ExplainConflict["causes"],
  terminal: Terminal,
): string[] {
  const lines: string[] = [];
  for (const { number, because, therefore } of steps) {
    const texts = because.map(({ text, step, cause }) => {
      const place = cause === undefined ? undefined : causes[cause];
      const where = place ? `${place.path}:${place.range.start.line + 1}` : "";
      return { text: step === undefined ? text : `${text} (${step})`, where };
    });
    const width = Math.max(...texts.map(({ text }) => text.length));
    for (const [index, { text, where }] of texts.entries()) {
      const lead = index === 0 ? `${number}. ` : " ".repeat(`${number}. `.length);
      lines.push(
        `  ${lead}${escapeControls(text.padEnd(width))}    ${terminal.style("dim", escapeControls(where))}`,
      );
    }
    lines.push(`     So ${escapeControls(therefore)}.`);
  }
  return lines;
}

/** Where a project was looked for, one index a line, and who wins. */
export function searchLines({ name, rule, why, found, absent, notAsked, leftOut }: ExplainSearch): string[] {
  const rows = [
    ...found.map((index) => [index, "has it"]),
    ...absent.map((index) => [index, "has not"]),
    ...notAsked.map((index) => [index, "not asked"]),
    ...leftOut.map(({ index, reason }) => [index, `left out: ${reason}`]),
  ];
  const width = Math.max(...rows.map(([index]) => index!.length));
  const reason = why && `${why.charAt(0).toLowerCase()}${why.slice(1)}`;
  const isAlone = rows.length === 1;
  // Who wins is no question where one index alone is asked.
  const because = reason === undefined ? rule : isAlone ? reason : `${reason}; ${rule}`;
  return [
    `${escapeControls(name)} was looked for on ${isAlone ? "this index" : "these indexes"}: ${escapeControls(because)}.`,
    ...rows.map(([index, said]) => `  ${escapeControls(index!.padEnd(width))}  ${escapeControls(said!)}`),
  ];
}

function packageStory(
  { path, environment, packages, package: about }: ExplainOutput,
  terminal: Terminal,
): string[] {
  const first = `${escapeControls(path)} resolves for ${environment}, ${count(packages ?? 0)}.`;
  if (about === undefined) return [first];
  if (about.version === undefined) return [first, `${about.name} is not among them.`];
  const lines = [first, "", terminal.style("bold", `${about.name} ${about.version} is there because of:`)];
  for (const chain of about.chains) lines.push(`  ${escapeControls(chain.join(" → "))}`);
  if (about.file !== undefined) lines.push("", `What it needs is read from ${escapeControls(about.file)}.`);
  if (about.wheels) lines.push(...wheelLines(about.wheels));
  if (about.search) lines.push("", ...searchLines(about.search));
  const { heldBack } = about;
  if (heldBack === undefined) lines.push("", "No newer release can be used here.");
  else if (heldBack.steps.length === 0) {
    lines.push(
      "",
      `${about.name} ${heldBack.newest} resolves too, with other versions of what it came after.`,
    );
  } else {
    lines.push("", `${about.name} ${heldBack.newest} is not taken:`);
    lines.push(...stepLines(heldBack.steps, heldBack.causes, terminal));
  }
  return lines;
}

/** Whether the other wheels of the release agree with the one that was read. */
function wheelLines({
  compared,
  notCompared,
  others,
}: NonNullable<NonNullable<ExplainOutput["package"]>["wheels"]>): string[] {
  const wheels = (many: number): string => (many === 1 ? "1 other wheel" : `${many} other wheels`);
  const rest = notCompared > 0 ? [`Not compared: ${wheels(notCompared)} of this release.`] : [];
  if (others.length === 0) {
    return [...(compared > 0 ? [`${wheels(compared)} of this release: the same.`] : []), ...rest];
  }
  const told = others.map((other) => `  ${other.file} ${sayOther(other)}`);
  return [
    `${others.length} of ${wheels(compared)} of this release disagree:`,
    ...told.map(escapeControls),
    ...rest,
  ];
}

function count(packages: number): string {
  return packages === 1 ? "1 package" : `${packages} packages`;
}
