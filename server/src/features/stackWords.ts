// How the resolver's word is shown: the state of the stack for a lens, what a line does for a hover, an explanation as markdown.
import type { StackConflict, StackFacts, StackLine } from "../../../shared/src/facts/stack.ts";
import type { RequirementEntry } from "../../../shared/src/manifest/model.ts";
import { isStackCurrent, stackLineOf } from "../../../shared/src/rules/index.ts";
import { count, fileName, sayAge } from "../../../shared/src/rules/words.ts";
import { entryAt } from "../at.ts";
import { say } from "../l10n.ts";
import { code, plain } from "../markdown.ts";
import type { View } from "../model.ts";

/** Names of packages beyond these are counted. */
const mostNames = 8;

/** How the stack stands, in a few words; undefined where there is none to speak of. */
export function stackState(view: View): string | undefined {
  const { stack, resolving } = view.snapshot;
  if (!isStackCurrent(stack, view.tree)) return resolving ? say("resolving") : undefined;
  switch (stack.state) {
    case "resolves": {
      const packages = count(stack.packages ?? 0, "package");
      return stack.leftOut.length > 0
        ? say("Resolves, {0}, without {1}", packages, count(stack.leftOut.length, "line"))
        : say("Resolves, {0}", packages);
    }
    case "conflict":
      return say("Does not resolve");
    case "undecided":
      return say("undecided whether it resolves");
    case "not-checked":
      return say("not checked whether it resolves");
  }
}

/** What a line brings into the stack, and what holds its package back, as lines of a hover. */
export function stackLines(view: View, entry: RequirementEntry): string[] {
  const line = stackLineOf(view, { file: view.file, entry });
  if (!line) return [];
  return [bringsLine(line), heldBackLine(view, line)].filter((text) => text !== "");
}

function bringsLine({ version, brings, only }: StackLine): string {
  if (version === undefined) return "";
  if (brings.length === 0) return say("Brings in no other package");
  const names = brings.slice(0, mostNames).map((name) => plain(name));
  const more = brings.length > mostNames ? `, ${say("and {0} more", brings.length - mostNames)}` : "";
  const alone =
    only === brings.length
      ? ""
      : only === 0
        ? ` · ${say("others need all of them too")}`
        : ` · ${say("{0} only through this line", only)}`;
  return `${say("Brings in {0}", count(brings.length, "package"))}: ${names.join(", ")}${more}${alone}`;
}

function heldBackLine(view: View, { heldBack, span, uri }: StackLine): string {
  if (!heldBack) return "";
  const newest = plain(heldBack.newest);
  const [first, ...more] = heldBack.by;
  if (!first) return say("Held back from {0} by what that release itself needs", newest);
  const own = view.file.manifest.lines.positionAt(span.start).line + 1;
  const isOwn = first.uri === uri && first.line === own;
  const where =
    first.line === undefined
      ? ""
      : first.uri === undefined || first.uri === view.file.uri
        ? ` (${say("line {0}", first.line)})`
        : ` (${say("{0} line {1}", plain(fileName(first.uri)), first.line)})`;
  const who = isOwn ? say("this line") : `${plain(first.text)}${where}`;
  const others = more.length > 0 ? ` ${say("and {0} more", more.length)}` : "";
  return say("Held back from {0} by {1}", newest, `${who}${others}`);
}

/** Markdown: why the manifest does not resolve and what would help, or what the line at the offset does in the stack. */
export function explanationOf(view: View, offset: number | undefined): string {
  const { stack } = view.snapshot;
  const title = `# ${plain(fileName(view.file.uri))}`;
  if (!isStackCurrent(stack, view.tree)) {
    const why = view.snapshot.unasked?.message ?? say("the resolver has not answered yet");
    return `${title}\n\n${say("Not checked: {0}.", plain(why, 300))}\n`;
  }
  const entry = offset === undefined ? undefined : entryAt(view.file.manifest, offset);
  const isLine = entry?.kind === "requirement" || entry?.kind === "constraint";
  const parts = [
    title,
    verdictOf(view, stack),
    ...(stack.leftOut.length > 0
      ? [stack.leftOut.map(({ reason }) => `- ${say("Left out: {0}", plain(reason, 300))}`).join("\n")]
      : []),
    ...(stack.conflict ? conflictParts(view, stack.conflict) : []),
    ...(stack.state === "resolves" && isLine ? lineParts(view, entry) : []),
    ...(stack.state === "resolves" ? heldBackParts(view, stack) : []),
    say("Resolved {0}.", sayAge(stack.checked, view.snapshot.now)),
  ];
  return `${parts.filter(Boolean).join("\n\n")}\n`;
}

function verdictOf(view: View, stack: StackFacts): string {
  const where = plain(stack.environment ?? "");
  const name = plain(fileName(view.file.uri));
  switch (stack.state) {
    case "resolves":
      return `**${say("{0} resolves for {1}, {2}.", name, where, count(stack.packages ?? 0, "package"))}**`;
    case "conflict":
      return `**${say("{0} does not resolve for {1}.", name, where)}**`;
    default:
      return [stack.reason, stack.next].map((text) => plain(text ?? "", 300)).join("  \n");
  }
}

function conflictParts(view: View, { steps, causes, relaxations, searching }: StackConflict): string[] {
  const told = steps.map(({ number, because, therefore }) => {
    const reasons = because.map(({ text, step, cause }) => {
      const place = cause === undefined ? undefined : causes[cause];
      const where = place ? ` (${placeOf(view, place)})` : "";
      return `   - ${plain(text, 400)}${step === undefined ? "" : ` (${step})`}${where}`;
    });
    return [
      `${number}. ${say("Because")}`,
      ...reasons,
      `   \n   ${say("so")} ${plain(therefore, 400)}.`,
    ].join("\n");
  });
  const helps = relaxations.map(
    ({ title, packages, setting }) =>
      `- ${setting === undefined ? "" : `${say("setting")}: `}${plain(title, 300)} · ${packages === undefined ? say("not checked: only a build shows it") : say("resolves with {0}", count(packages, "package"))}`,
  );
  const searched = searching
    ? say("Still looking for what would help.")
    : helps.length === 0
      ? say("No edit of these lines, alone or two together, was found to help.")
      : "";
  return [
    told.join("\n"),
    `## ${relaxations.every(({ packages }) => packages !== undefined) ? say("What would help, each checked") : say("What would help, or could")}`,
    helps.join("\n"),
    searched,
    helps.length > 0 ? say("The quick fixes of these lines make the change.") : "",
  ];
}

function placeOf(view: View, { uri, span }: { uri: string; span: { start: number } }): string {
  const file = view.tree.files.find((item) => item.uri === uri);
  const line = file ? file.manifest.lines.positionAt(span.start).line + 1 : 0;
  return uri === view.file.uri ? say("line {0}", line) : say("{0} line {1}", plain(fileName(uri)), line);
}

function lineParts(view: View, entry: RequirementEntry): string[] {
  const line = stackLineOf(view, { file: view.file, entry });
  if (!line) return [];
  const head = `## ${plain(line.name)} ${plain(line.version ?? "")}`.trimEnd();
  if (line.version === undefined) return [head, say("Not used on this environment.")];
  const needs = line.brings.map((name) => code(name)).join(", ");
  return [
    head,
    needs === ""
      ? say("Brings in no other package.")
      : `${say("Brings in {0}", count(line.brings.length, "package"))}: ${needs}`,
    line.brings.length > 0 ? say("{0} of them only through this line.", line.only) : "",
    heldBackLine(view, line),
  ];
}

function heldBackParts(view: View, { lines }: StackFacts): string[] {
  const held = lines.filter(({ heldBack, uri }) => heldBack && uri === view.file.uri);
  if (held.length === 0) return [`## ${say("Held back")}`, say("Every line has its newest release.")];
  return [
    `## ${say("Held back")}`,
    held
      .map((line) => `- ${plain(line.name)} ${plain(line.version ?? "")}: ${heldBackLine(view, line)}`)
      .join("\n"),
  ];
}
