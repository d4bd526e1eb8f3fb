// The commands as commander knows them, made from the table: arguments, options, help, and the nearest name to a misspelt one.
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { operations } from "../../../shared/src/protocol/operations.ts";
import type { CommandSpec, Options } from "./commands/spec.ts";
import { commands } from "./commands.ts";
import type { OptionSpec } from "./options.ts";

export { CommanderError };

type Action = (command: CommandSpec, args: readonly string[], options: Options) => Promise<void>;

/** Builds the program; `action` runs the one command that was asked for. */
export function buildProgram(version: string, action: Action): Command {
  const program = new Command("thoth")
    .description("Says whether a Python stack will work where it is meant to run, and shows how it knows.")
    .version(version, "-V, --version", "the version")
    .helpOption("-h, --help", "this help")
    .helpCommand("help [COMMAND]", "help on a command")
    .showSuggestionAfterError(true)
    // What follows a command is that command's: config accept has a --version of its own.
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(tidyError(text)) })
    .addHelpText(
      "after",
      "\nA PATH is a manifest or a folder of them, the current one by default.\n\nExit status:\n  0    fine\n  1    findings, or a stack that failed\n  2    bad usage, or input that cannot be read\n  3    something could not be checked\n  130  cancelled",
    );
  for (const spec of commands) program.addCommand(makeCommand(spec, action));
  return program;
}

function makeCommand(spec: CommandSpec, action: Action): Command {
  const command = new Command(spec.operation)
    .description(operations[spec.operation].summary)
    .helpOption("-h, --help", "this help")
    .showSuggestionAfterError(true)
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(tidyError(text, ` ${spec.operation}`)) });
  for (const [name, description] of spec.args) command.argument(name, description);
  const formats = ["json", ...Object.keys(spec.formats)];
  command.addOption(
    new Option("--format <FORMAT>", "how the answer is written").choices(formats).default("text"),
  );
  for (const option of spec.options) command.addOption(makeOption(option));
  command.action(async (...parts: unknown[]) => {
    const args = parts.slice(0, -2).flatMap((part) => (part === undefined ? [] : part)) as string[];
    await action(spec, args, parts.at(-2) as Options);
  });
  return command;
}

function makeOption(spec: OptionSpec): Option {
  const option = new Option(spec.flags, spec.description);
  // `--no-binary NAMES` is an option of its own, and takes nothing of another's back.
  if (/^--no-\S+ </.test(spec.flags)) option.negate = false;
  if (spec.group) option.helpGroup(spec.group);
  if (spec.choices) option.choices(spec.choices);
  if (spec.repeats) option.argParser((value: string, all: string[] | undefined) => [...(all ?? []), value]);
  if (spec.number) {
    option.argParser((value: string) => {
      const number = Number(value);
      if (!Number.isFinite(number) || number <= 0)
        throw new InvalidArgumentError("A positive number is needed.");
      return number;
    });
  }
  return option;
}

/** commander's words in the house's form. */
function tidyError(text: string, command = ""): string {
  const [first = "", ...rest] = text
    .trim()
    .replace(/^error: /, "")
    .split("\n");
  const why = rest.map((line) => line.trim()).filter((line) => line !== "");
  const suggestion = why.map((line) => line.replace(/^\(Did you mean (.*)\?\)$/, "Did you mean $1?"));
  const help = `thoth${command} --help lists the ${command === "" ? "commands" : "options"}.`;
  const next = suggestion.length > 0 ? suggestion : [help];
  return [`thoth: ${first.replace(/([^.])$/, "$1.")}`, ...next.map((line) => `       ${line}`), ""].join(
    "\n",
  );
}
