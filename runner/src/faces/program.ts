// The commands as commander knows them, made from the table: arguments, options, help, and the nearest name to a misspelt one.
import {
  type Argument,
  Command,
  CommanderError,
  type HelpConfiguration,
  InvalidArgumentError,
  Option,
} from "commander";
import { operations } from "../../../shared/src/protocol/operations.ts";
import type { CommandSpec, Options } from "./commands/spec.ts";
import { commands } from "./commands.ts";
import type { OptionSpec } from "./options.ts";

export { CommanderError };

type Action = (command: CommandSpec, args: readonly string[], options: Options) => Promise<void>;

/** Builds the program; `action` runs the one command that was asked for. */
export function buildProgram(version: string, action: Action): Command {
  const program = new Command("thoth")
    .usage("COMMAND [options]")
    .description("Says whether a Python stack will work where it is meant to run, and shows how it knows.")
    .version(version, "-V, --version", "the version")
    .helpOption("-h, --help", "this help")
    .helpCommand(false)
    .configureHelp(HELP)
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
  program
    .command("help")
    .argument("[COMMAND]")
    .description("Help on a command.")
    .helpOption(false)
    .action((name: string | undefined) => {
      const known = name === undefined ? program : program.commands.find((one) => one.name() === name);
      if (known) known.help();
      program.error(`unknown command '${name}'`, { exitCode: 2 });
    });
  return program;
}

/** Commands by name and arguments alone, and choices as a list in the sentence. */
const HELP: HelpConfiguration = {
  subcommandTerm: (command) => [command.name(), ...command.registeredArguments.map(termOf)].join(" "),
  optionDescription: ({ description, argChoices, defaultValue }) => {
    const [, text = "", tail = ""] = /^(.*?)( \(default: [^)]*\))?$/.exec(description) ?? [];
    const choices = argChoices ? `: ${argChoices.join(", ")}` : "";
    const byDefault = tail === "" && defaultValue !== undefined ? ` (default: ${defaultValue})` : tail;
    return `${text}${choices}${byDefault}`;
  },
};

function termOf(argument: Argument): string {
  const name = `${argument.name()}${argument.variadic ? "..." : ""}`;
  return argument.required ? name : `[${name}]`;
}

function makeCommand(spec: CommandSpec, action: Action): Command {
  const command = new Command(spec.operation)
    .usage(`${spec.args.map(([name]) => name.replace(/[<>]/g, "")).join(" ")} [options]`.trimStart())
    .configureHelp(HELP)
    .description(`${operations[spec.operation].summary}.`)
    .helpOption("-h, --help", "this help")
    .showSuggestionAfterError(true)
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(tidyError(text, ` ${spec.operation}`)) });
  for (const [name, description] of spec.args) command.argument(name, description);
  const [first = "text", ...others] = Object.keys(spec.formats);
  const formats = [first, "json", ...others];
  command.addOption(
    new Option("--format <FORMAT>", "how the answer is written").choices(formats).default("text"),
  );
  for (const option of spec.options) command.addOption(makeOption(option));
  if (spec.examples)
    command.addHelpText("after", `\nExamples:\n${spec.examples.map((one) => `  ${one}`).join("\n")}`);
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
      if (!Number.isFinite(number) || number <= 0) throw new InvalidArgumentError("is no positive number");
      return number;
    });
  }
  return option;
}

/** What commander says, and how the house says it. */
const WORDS: readonly (readonly [RegExp, string])[] = [
  [/^unknown (command|option) '(.*)'$/, "there is no $1 $2"],
  [
    /^option '(?:-\w, )?(--[\w-]+)[^']*' argument '(.*)' is invalid\. Allowed choices are (.*)\.$/,
    "$1 takes $3, not $2",
  ],
  [/^option '(?:-\w, )?(--[\w-]+)[^']*' argument '(.*)' is invalid\. (.*)$/, "$1 $2 $3"],
  [/^option '(?:-\w, )?(--[\w-]+) <(.*)>' argument missing$/, "$1 needs a $2"],
  [
    /^too many arguments for '(.*)'\. Expected (\d+) arguments? but got (\d+)\.$/,
    "$1 takes no more than $2, and $3 are given",
  ],
  [/^missing required argument '(.*)'$/, "at least one $1 is needed"],
];

/** commander's words in the house's form. */
function tidyError(text: string, command = ""): string {
  const [said = "", ...rest] = text
    .trim()
    .replace(/^error: /, "")
    .split("\n");
  const first = WORDS.reduce((words, [pattern, ours]) => words.replace(pattern, ours), said);
  const why = rest.map((line) => line.trim()).filter((line) => line !== "");
  const suggestion = why.map((line) => line.replace(/^\(Did you mean (.*)\?\)$/, "Did you mean $1?"));
  const help = `thoth${command} --help lists the ${command === "" ? "commands" : "options"}.`;
  const next = suggestion.length > 0 ? suggestion : [help];
  return [`thoth: ${first.replace(/([^.])$/, "$1.")}`, ...next.map((line) => `       ${line}`), ""].join(
    "\n",
  );
}
