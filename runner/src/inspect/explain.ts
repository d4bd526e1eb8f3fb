// Turns what pip or uv said of a stack that does not resolve into a sentence, an outcome and the projects it is about.
import { normalizeName } from "../../../shared/src/packaging/name.ts";
import type { HostToolResult } from "./hostTools.ts";
import type { Outcome, RefusalReason, RequirementLine } from "./model.ts";
import { pipOptionLines } from "./pipFile.ts";
import type { ResolveAnswer, ResolveRequest } from "./resolving.ts";
import { showable, tellingLines } from "./telling.ts";

const unreachable =
  /Connection (?:error|refused|timed out)|NewConnectionError|ConnectionResetError|Max retries exceeded|ProxyError|ReadTimeout|SSLError|Failed to fetch|Network connectivity is disabled|error sending request|\b(?:401|403|50[0-4]) (?:Client|Server)? ?Error|HTTP error (?:4|5)\d\d|status code: (?:401|403|5\d\d)|Could not fetch URL/i;

const noMatch =
  /No matching distribution|no wheels|Could not find a version|unsatisfiable|No solution found/i;

export const OFFLINE_NEXT = "Validate once without --offline, or name a folder of wheels with --find-links.";

/** The setting with which what has no wheel can be validated, as the end of a sentence. */
export const LET_BUILD = "let it be built in the sandbox: --build-sdists (thoth.resolve.buildSdists)";

/** What is missing where nothing may be fetched. */
export function offlineWords(what: string): string {
  return `${what} is not among the wheels kept on this machine, and offline nothing is fetched.`;
}

/** uv calls it "no solution" as well where an index lacks what is asked for. */
function isConflict(output: string): boolean {
  if (/no (?:wheels|matching distribution)/i.test(output)) return false;
  if (/ResolutionImpossible|conflicting dependencies|Double requirement given/i.test(output)) return true;
  return /No solution found/.test(output) && /depends on|you require \S+ and \S+[<>=!~]/.test(output);
}

/** Turns what pip or uv said into a sentence and an outcome. */
export function explainFailure(result: HostToolResult, request: ResolveRequest): ResolveAnswer {
  const output = nameLines(result.output, request);
  const lines = tellingLines(output);
  const names = namesIn(output, request.requirements);
  const python = request.interpreter.version.split(".").slice(0, 2).join(".");
  const answer = (
    outcome: Outcome,
    message: string,
    next: string,
    reason?: RefusalReason,
    lacksWheel = false,
  ): ResolveAnswer => ({
    ok: false,
    outcome,
    ...(reason ? { reason } : {}),
    ...(lacksWheel ? { lacksWheel } : {}),
    message,
    next,
    lines,
    names,
  });
  if (result.limit === "time")
    return answer(
      "timed-out",
      "Resolving the stack takes longer than the time limit.",
      "Raise the time limit, or pin more.",
    );
  if (result.error !== undefined)
    return answer(
      "infrastructure-failed",
      "The resolver does not start.",
      "Check the interpreter of this folder.",
    );
  if (
    /building from source is refused|No permission to execute|building source distributions is disabled|Building source distributions is disabled/i.test(
      output,
    )
  ) {
    return answer(
      "refused",
      `${names[0] ?? "A requirement"} would have to be built from source, which runs its code.`,
      `Use a release that has a wheel, or ${LET_BUILD}.`,
      "needs-build",
      true,
    );
  }
  if (/was included as a URL dependency/.test(output)) {
    return answer(
      "refused",
      `${names[0] ?? "A package"} asks for a file by its address rather than from an index.`,
      "Name that file in the manifest, or use another release.",
      "direct-address",
    );
  }
  if (request.offline && (unreachable.test(output) || noMatch.test(output))) {
    return answer("infrastructure-failed", offlineWords(names[0] ?? "A part of the stack"), OFFLINE_NEXT);
  }
  if (/In --require-hashes mode|Hashes are required in --require-hashes mode/.test(output)) {
    const message = `${names[0] ?? "A requirement"} is not pinned with its digest, and others are: then pip takes none without.`;
    return answer("install-failed", message, "Give every requirement == and --hash, or none.");
  }
  if (unreachable.test(output)) {
    return answer(
      "infrastructure-failed",
      "An index could not be asked.",
      "Check the network and the indexes, then validate again.",
    );
  }
  if (/DO NOT MATCH THE HASHES|hash mismatch/i.test(output)) {
    return refusedArtifact(output, lines, names);
  }
  const conflict = conflictOf(output, request);
  if (conflict !== undefined || isConflict(output)) {
    return answer("install-failed", conflict ?? ownConflict(names, request), "Loosen one of them.");
  }
  if (noMatch.test(output)) {
    return answer(
      "install-failed",
      `No wheel of ${names[0] ?? "a requirement"} matches on Python ${python} here.`,
      `Choose a release that has a wheel for this environment, or, where there is a source, ${LET_BUILD}.`,
      undefined,
      true,
    );
  }
  return answer(
    "infrastructure-failed",
    `The stack could not be resolved: ${lines.at(-1) ?? `exit status ${result.exit}`}`,
    "Read the log.",
  );
}

/** pip's part on digests names each file, what was expected and what was got. */
function refusedArtifact(output: string, lines: readonly string[], names: readonly string[]): ResolveAnswer {
  const part = output.slice(Math.max(0, output.search(/DO NOT MATCH THE HASHES|hash mismatch/i)));
  const found = /^\s+([A-Za-z0-9][\w.-]*)[^\n]* from \S+\s[\s\S]*?Expected sha256/m.exec(part)?.[1];
  const name = found === undefined ? names[0] : normalizeName(found);
  return {
    ok: false,
    outcome: "install-failed",
    settled: true,
    message: `A file of ${name ?? "a package"} is refused: it does not have the digest that the manifest names.`,
    next: "Refresh the hashes only if the file is known to be good.",
    lines,
    names: name === undefined ? names : [name, ...names.filter((one) => one !== name)],
  };
}

/** The resolver's own steps of a conflict in the house's words, each with the line that a person can change. */
function conflictOf(output: string, request: ResolveRequest): string | undefined {
  const steps: string[] = [];
  const about = new Set<string>();
  const needs =
    /(?:^ {4}([\w.-]+) (\S+)|([\w.-]+)==(\S+)) depends on ((?:\S| and (?=[<>=!~]))+?)(?=,? and (?![<>=!~])|,? we |,?\s*$)/gm;
  for (const [, ofPip, itsVersion, ofUv, version, wanted = ""] of output.matchAll(needs)) {
    const name = ofPip ?? ofUv;
    about.add(projectOf(wanted));
    // Releases that the resolver tried and left say the same once more.
    if (!steps.some((step) => step.startsWith(`${name} `)))
      steps.push(`${name} ${itsVersion ?? version} needs ${wanted}`);
  }
  const asked =
    /(?:^ {4}The user requested (?:\(constraint\) )?(.+)$|you require ([^\s,]+(?:,[<>=!~][^\s,]*)*))/gm;
  for (const [, ofPip, ofUv] of output.matchAll(asked)) {
    const text = ofPip ?? ofUv ?? "";
    const found = lineAsking(text, [...request.requirements, ...request.constraints]);
    // uv says "you require" of what it has concluded as well.
    if (ofPip === undefined && (found === undefined || !about.has(projectOf(text)))) continue;
    const where = found?.path === undefined ? "the manifest" : `${found.path} line ${found.line}`;
    const step = `${where} asks for ${text}`;
    if (!steps.includes(step)) steps.push(step);
  }
  if (steps.length < 2) return undefined;
  return showable(`${steps.slice(0, 3).join("; ")}.`);
}

/** Where the resolver gives no steps: the lines that ask for the same project, or the projects alone. */
function ownConflict(names: readonly string[], request: ResolveRequest): string {
  const [name] = names;
  const lines = [...request.requirements, ...request.constraints].filter(
    (one) => name !== undefined && one.name === name,
  );
  if (lines.length < 2) {
    return `The requirements contradict each other${name ? `: ${names.slice(0, 2).join(" and ")}` : ""}.`;
  }
  const steps = lines.slice(0, 3).map(({ path, line, text }) => {
    const asked = text.replace(/\s+--.*$/, "");
    return `${path === undefined ? "the manifest" : `${path} line ${line}`} asks for ${asked}`;
  });
  return showable(`${steps.join("; ")}.`);
}

function projectOf(text: string): string {
  return normalizeName(/^[\w.-]*/.exec(text)?.[0] ?? "");
}

function lineAsking(text: string, lines: readonly RequirementLine[]): RequirementLine | undefined {
  const plain = (value: string): string =>
    value
      .replace(/\s+--.*$/, "")
      .replaceAll(/\s+/g, "")
      .toLowerCase();
  return lines.find((one) => plain(one.text) === plain(text));
}

/** pip names a requirement by its line in the file that it was handed: here it gets its own words back. */
function nameLines(output: string, request: ResolveRequest): string {
  const before = pipOptionLines(request.indexes).split("\n").length - 1;
  return output.replace(/-r \S+requirements\.txt \(line (\d+)\)/g, (all, number: string) => {
    const found = request.requirements[Number(number) - 1 - before];
    return found ? found.text.replace(/\s+--.*$/, "") : all;
  });
}

/** The projects that a resolver's message is about, most telling first. */
function namesIn(output: string, requirements: readonly RequirementLine[]): string[] {
  const found: string[] = [];
  const add = (text: string | undefined): void => {
    const name = /^\s*([A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?)/.exec(text ?? "")?.[1];
    if (name && !found.includes(normalizeName(name))) found.push(normalizeName(name));
  };
  for (const match of output.matchAll(
    /(?:No matching distribution found for|satisfies the requirement) (\S+)/g,
  ))
    add(match[1]);
  for (const match of output.matchAll(/Cannot install (.{1,2000}?) because/g))
    match[1]!.split(/, | and /).forEach(add);
  for (const match of output.matchAll(/^ {4}(\S+) \S+ depends on/gm)) add(match[1]);
  for (const match of output.matchAll(/^ERROR:.*\(from ([^():]+)\)/gm)) match[1]!.split("->").forEach(add);
  for (const match of output.matchAll(
    /^(?:Collecting|Processing) .*\(from ([^()]+)\)\s*$(?![\s\S]*^(?:Collecting|Processing) )/gm,
  )) {
    match[1]!.split("->").forEach(add);
  }
  for (const { name } of requirements) {
    if (name && new RegExp(`(?:^|[^\\w.-])${name.replaceAll("-", "[-_.]")}(?![\\w-])`, "im").test(output))
      add(name);
  }
  return found.slice(0, 10);
}
