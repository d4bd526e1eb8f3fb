// The text form of `config`: what is wrong with the file, line by line, that it was made, or what its policy says now.
import type { ConfigOutput } from "../../../../shared/src/protocol/config.ts";
import type { Answer } from "../../../../shared/src/protocol/operation.ts";
import { escapeControls, type Terminal, wrap } from "../terminal.ts";
import { count } from "./words.ts";

/** One line a problem, then the verdict. */
export function configText({ result }: Answer<ConfigOutput>, terminal: Terminal): string {
  const { action, path, problems, environments, says, notes = [] } = result;
  if (path === undefined) return "There is no .thoth.yaml here.\nNext: thoth config init\n";
  const file = escapeControls(path);
  if (action === "init") return `${file} written.\n`;
  if (action === "change") {
    const lines = [
      `${says} Written to ${file}.`,
      ...notes.map((note) => `${terminal.style("yellow", "Note")}: ${note}`),
    ];
    return `${lines.map((line) => wrap(line, terminal.columns).join("\n")).join("\n")}\nNext: thoth check\n`;
  }
  const lines = problems.map(({ line, message, code }) => {
    const grave =
      code === "unknown-key" ? terminal.style("yellow", "warning") : terminal.style("red", "error  ");
    return `  ${String(line).padStart(4)}  ${grave}  ${escapeControls(message)}`;
  });
  const described = count(environments.length, "environment");
  const verdict = problems.length === 0 ? `Sound, ${described}.` : `${count(problems.length, "problem")}.`;
  return `${[terminal.style("bold", file), ...lines, verdict].join("\n")}\n`;
}
