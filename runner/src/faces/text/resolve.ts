// The text forms of `lock` and `explain`: a requirements file that pip and uv install, and a conflict told as sentences.
import type { ExplainConflict, ExplainOutput, ExplainStep } from "../../../../shared/src/protocol/explain.ts";
import type { LockedPackage, LockOutput } from "../../../../shared/src/protocol/lock.ts";
import type { Answer } from "../../../../shared/src/protocol/operation.ts";
import { escapeControls, type Terminal } from "../terminal.ts";

/** A requirements file with hashes, and who asks for each package. The same stack gives the same bytes. */
export function lockText({ result }: Answer<LockOutput>): string {
  const lines = [`# The stack of ${result.path} for ${result.environment}, made by thoth lock.`];
  for (const one of result.packages) lines.push(...packageLines(one));
  return `${lines.map((line) => escapeControls(line)).join("\n")}\n`;
}

function subjectOf(locked: LockedPackage): string {
  const { name, version, extras, url, path, vcs, subdirectory, editable } = locked;
  const brackets = extras.length > 0 ? `[${extras.join(",")}]` : "";
  if (url === undefined) return `${name}${brackets}==${version}`;
  const mode = editable ? "-e " : "";
  // A path stays as it was written: the file is for the same folder.
  if (path !== undefined) return `${mode}${path}${brackets}`;
  const inside = vcs?.subdirectory ?? subdirectory;
  const fragment = inside === undefined ? "" : `#subdirectory=${inside}`;
  const address = vcs ? `${vcs.system}+${url}@${vcs.commit}` : url;
  return `${mode}${name}${brackets} @ ${address}${fragment}`;
}

function packageLines(locked: LockedPackage): string[] {
  const { artifacts, via } = locked;
  const subject = subjectOf(locked);
  const digests = [...new Set(artifacts.map(({ sha256 }) => sha256))].sort();
  const lines = [subject, ...digests.map((digest) => `    --hash=sha256:${digest}`)];
  const joined = lines.map((line, index) => (index < lines.length - 1 ? `${line} \\` : line));
  const [only, ...more] = via;
  if (only === undefined) return joined;
  if (more.length === 0) return [...joined, `    # via ${only}`];
  return [...joined, "    # via", ...via.map((one) => `    #   ${one}`)];
}

/** Why it does not resolve and what would help; or why the project that was asked for is there. */
export function explainText({ result }: Answer<ExplainOutput>, terminal: Terminal): string {
  const lines = result.conflict
    ? conflictLines(result, result.conflict, terminal)
    : packageStory(result, terminal);
  return `${lines.map((line) => line.trimEnd()).join("\n")}\n`;
}

function conflictLines(
  { path, environment }: ExplainOutput,
  conflict: ExplainConflict,
  terminal: Terminal,
): string[] {
  const lines = [terminal.style("bold", `${escapeControls(path)} does not resolve for ${environment}.`), ""];
  lines.push(...stepLines(conflict.steps, conflict.causes, terminal), "");
  const { relaxations } = conflict;
  if (relaxations.length === 0)
    lines.push("No edit of these lines, alone or two together, was found to help.");
  else {
    lines.push(relaxations.length > 1 ? "What would help, each checked:" : "What would help, checked:");
    const width = Math.max(...relaxations.map(({ title }) => title.length));
    for (const [index, { title, packages }] of relaxations.entries()) {
      const letter = String.fromCharCode(97 + index);
      lines.push(`  ${letter}. ${escapeControls(title.padEnd(width))}    ${count(packages)}`);
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

function packageStory(
  { path, environment, packages, package: about }: ExplainOutput,
  terminal: Terminal,
): string[] {
  const first = `${escapeControls(path)} resolves for ${environment}, ${count(packages ?? 0)}.`;
  if (about === undefined) return [first];
  if (about.version === undefined) return [first, `${about.name} is not among them.`];
  const lines = [first, "", terminal.style("bold", `${about.name} ${about.version} is there because of:`)];
  for (const chain of about.chains) lines.push(`  ${escapeControls(chain.join(" → "))}`);
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

function count(packages: number): string {
  return packages === 1 ? "1 package" : `${packages} packages`;
}
