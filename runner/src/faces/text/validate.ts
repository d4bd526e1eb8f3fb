// `validate` for a person: the stages with their times, what failed on which line, and the verdict.
import type { Answer } from "../../../../shared/src/protocol/operation.ts";
import type { RefusalReason, ValidateOutput } from "../../../../shared/src/protocol/validate.ts";
import { escapeControls, pad, type Terminal } from "../terminal.ts";
import { duration, notCheckedLines } from "./words.ts";

type Stage = ValidateOutput["stages"][number];

/** The text of a validation's answer. `verbose` adds the particulars of the sandbox. */
export function validateText(
  answer: Answer<ValidateOutput>,
  terminal: Terminal,
  { verbose = false }: { readonly verbose?: boolean } = {},
): string {
  const { result } = answer;
  const head = [result.environment, sandboxWords(result, verbose)].filter(Boolean).join(" · ");
  const lines = [escapeControls(head), ...stageLines(result.stages, terminal)];
  for (const observation of result.observations) {
    const { path, line: at } = observation;
    const place = path === undefined || at === undefined ? "" : `${path}:${at + 1}  `;
    lines.push(`${escapeControls(place)}${escapeControls(observation.message)}`);
    for (const line of observation.lines.slice(0, 12))
      lines.push(terminal.style("dim", `    ${escapeControls(line)}`));
  }
  for (const one of result.indicators) {
    lines.push(`  ${escapeControls(`${one.name}  ${one.value} ${one.unit}`)}`);
  }
  // A refusal says it all: that its stages were not reached adds nothing.
  if (result.outcome !== "refused") lines.push(...leftOut(answer, terminal));
  lines.push(sayOutcome(result));
  if (result.outcome !== "passed" && result.outcome !== "refused" && result.log)
    lines.push(`The full log: ${escapeControls(result.log)}`);
  return `${lines.join("\n")}\n`;
}

/** What was not reached; the reason is left out where it is told already. */
function leftOut({ result, notChecked }: Answer<ValidateOutput>, terminal: Terminal): string[] {
  const told = (reason: string): boolean =>
    result.observations.some(({ message }) => message === reason || message.startsWith(`${reason} `));
  const names = notChecked.flatMap(({ what, reason }) => (told(reason) ? [what] : []));
  const others = notChecked.filter(({ reason }) => !told(reason));
  const line = names.length > 0 ? [escapeControls(`Not checked: ${names.join(", ")}.`)] : [];
  return [...line, ...notCheckedLines(others, terminal)];
}

function sandboxWords({ sandbox, sandboxDetail, stages }: ValidateOutput, verbose: boolean): string {
  // Before the sandbox was made there is nothing to say of it.
  if (sandbox === "none" && stages.every(({ outcome }) => outcome !== "passed")) return "";
  return verbose && sandboxDetail ? `${sandbox}, ${sandboxDetail}` : sandbox;
}

/** What was not reached is told below, with its reason. */
function stageLines(stages: readonly Stage[], terminal: Terminal): string[] {
  const shown = stages.filter(({ outcome }) => outcome !== "skipped" && outcome !== "refused");
  const names = Math.max(...shown.map(({ name }) => name.length), 0);
  const details = Math.max(...shown.map(({ detail }) => terminal.width(detail ?? "")), 0);
  return shown.map((stage) => {
    const detail = pad(escapeControls(stage.detail ?? ""), details);
    const time = duration(stage.duration).padStart(8);
    const bad = stage.outcome === "passed" ? "" : `  ${terminal.style("red", words(stage.outcome))}`;
    return `  ${pad(stage.name, names)}  ${detail}  ${time}${bad}`.trimEnd();
  });
}

const refusals: Readonly<Record<RefusalReason, string>> = {
  "no-sandbox": "no sandbox is to be had",
  editable: "an editable requirement would have to be built",
  vcs: "a requirement from version control would have to be built",
  "needs-build": "a requirement would have to be built",
  "direct-address": "a package asks for a file by its address",
  "remote-include": "an included file is on the network",
  unreadable: "a line cannot be read",
};

function sayOutcome({ outcome, observations, stages }: ValidateOutput): string {
  const time = duration(stages.reduce((sum, stage) => sum + stage.duration, 0));
  if (outcome === "passed") return `Passed in ${time}.`;
  if (outcome === "cancelled") return `Cancelled after ${time}.`;
  const failed = stages.find((stage) => stage.outcome !== "passed" && stage.outcome !== "skipped")?.name;
  if (outcome === "refused") {
    const reasons = new Set(observations.flatMap(({ reason }) => (reason ? [refusals[reason]] : [])));
    const [why = "it was refused"] = reasons;
    const all = reasons.size > 1 ? `${observations.length} entries cannot be taken` : why;
    return `Not validated: ${all}. Nothing of it ran.`;
  }
  if (outcome === "infrastructure-failed") {
    return `Not validated${failed ? `, ended at ${failed}` : ""}: this says nothing of the stack.`;
  }
  if (outcome.endsWith("-failed")) return `Failed at ${failed ?? words(outcome)} after ${time}.`;
  return `Stopped: ${words(outcome)} after ${time}.`;
}

const words = (outcome: string): string => outcome.replaceAll("-", " ");
