// `explain`: why a manifest does not resolve and which edits would help, or why a project is in the stack at its version.

import { normalizeName } from "../../../shared/src/packaging/name.ts";
import { readRequirement } from "../../../shared/src/packaging/requirement.ts";
import type {
  ExplainCause,
  ExplainConflict,
  ExplainInput,
  ExplainOutput,
  ExplainPartial,
  ExplainRelaxation,
} from "../../../shared/src/protocol/explain.ts";
import type { Span } from "../../../shared/src/text/span.ts";
import {
  type Demand,
  type Explanation,
  explainFailure,
  findRelaxations,
  type Pin,
  type Relaxation,
  resolve,
  type Solve,
} from "../resolve/index.ts";
import type { AskedManifest } from "./askedManifest.ts";
import { tellFromLine } from "./conflictWords.ts";
import type { Operation } from "./context.ts";
import type { DemandPlace } from "./demands.ts";
import { describePart, scopeSolverFor } from "./lockScope.ts";
import { askManifest } from "./question.ts";
import { findSettingRelaxations, type SettingRelaxation } from "./settingTrials.ts";
import { tellRelaxation as tellStackRelaxation, tellSteps } from "./stackFacts.ts";
import { isWorthTelling, tellSearch } from "./tellSearch.ts";
import { MOST_DECISIONS, refuseUnanswered } from "./unanswered.ts";

export const explain: Operation<ExplainInput, ExplainOutput, ExplainPartial> = async (
  context,
  input,
  calls,
  signal,
) => {
  const asked = await askManifest(context, input, calls, signal, {
    allSections: "pipfile",
    everywhere: input.universal,
  });
  try {
    const { path, catalogue, question } = asked;
    const scope = await scopeSolverFor(context, input, asked, signal);
    calls.progress({ message: `resolving ${path}` });
    const limits = { signal, maxDecisions: MOST_DECISIONS };
    const resolution = scope
      ? await scope.solve(question, limits)
      : await resolve(catalogue, question, limits);
    refuseUnanswered(resolution, path);
    const environment = scope ? describePart(scope, resolution) : asked.environment;
    if (resolution.kind === "solved") {
      const { pins } = resolution;
      const about = input.name === undefined ? undefined : await tellPackage(asked, input.name, pins, signal);
      const packages = pins.length;
      const result = { path, environment, resolves: true, packages, ...(about ? { package: about } : {}) };
      return { result, notChecked: [] };
    }
    const explanation = explainFailure(resolution.failure);
    calls.progress({ message: "looking for what would help" });
    const conflict = await tellConflict(explanation, asked, {
      signal,
      onProven: (relaxation) => calls.partial({ relaxation }),
      solve: scope?.solve,
      // Several environments at once have no one Python to change.
      ...(scope
        ? {}
        : {
            settings: (told, found) => findSettingRelaxations(context, input, asked, told, signal, found),
          }),
    });
    const searches = conflictNames(explanation)
      .flatMap((name) => tellSearch(name, asked) ?? [])
      .filter(isWorthTelling);
    const told = searches.length > 0 ? { searches } : {};
    return { result: { path, environment, resolves: false, conflict, ...told }, notChecked: [] };
  } finally {
    await asked.close();
  }
};

/** The projects that the person's own lines in a conflict ask for. */
function conflictNames({ causes }: Explanation): string[] {
  return [...new Set(causes.map(({ requirement }) => normalizeName(requirement.name.text)))];
}

export interface TellConflictOptions {
  readonly signal: AbortSignal;
  onProven?(relaxation: ExplainRelaxation): void;
  /** Looks for changes of settings that help, by what stands in the way. */
  settings?(explanation: Explanation, onProven: (relaxation: SettingRelaxation) => void): Promise<void>;
  /** How edits are proven, where the conflict is not of the asked environment alone. */
  readonly solve?: Solve | undefined;
}

/** A conflict on the lines that it stands on, with every edit that was found to help. */
export async function tellConflict(
  explanation: Explanation,
  asked: AskedManifest,
  { signal, onProven, solve, settings }: TellConflictOptions,
): Promise<ExplainConflict> {
  const { catalogue, question } = asked;
  const relaxations: ExplainRelaxation[] = [];
  const add = (told: ExplainRelaxation | undefined): void => {
    if (told === undefined) return;
    relaxations.push(told);
    onProven?.(told);
  };
  // What narrows without being a line of the person's is not theirs to edit.
  const lines = explanation.causes.filter((cause) => asked.places.has(cause));
  await findRelaxations(solve ?? catalogue, question, lines, {
    signal,
    onProven: (relaxation) => add(tellRelaxation(relaxation, asked)),
  });
  const tellSetting = ({ setting, title, pins }: SettingRelaxation): void =>
    add({ title, edit: [], proven: pins !== undefined, ...(pins ? { packages: pins.length } : {}), setting });
  await settings?.(explanation, tellSetting);
  return {
    ...tellSteps(explanation, asked, tellCause(explanation, asked)),
    kinds: [...explanation.kinds],
    relaxations,
  };
}

/** The steps of a trial: the wish is nothing that the person requires. */
function tellTrial(explanation: Explanation, asked: AskedManifest, wish: Demand) {
  const told = tellSteps(explanation, asked, tellCause(explanation, asked));
  const { name, specifier } = wish.requirement;
  const subject = `${name.text} ${specifier.clauses[0]?.version}`;
  const last = explanation.steps.length - 1;
  const steps = told.steps.map(({ because, therefore, ...step }, at) => ({
    ...step,
    because: because.map((ground, index) =>
      explanation.steps[at]!.because[index]!.demand === wish
        ? { ...ground, text: `${subject} is tried` }
        : ground,
    ),
    therefore: at === last ? `${subject} cannot be taken` : therefore,
  }));
  return { ...told, steps };
}

function tellCause(explanation: Explanation, { loader }: AskedManifest) {
  return (demand: Demand, { uri, manifest, entry }: DemandPlace): ExplainCause => ({
    path: loader.displayUri(uri),
    range: rangeOf(manifest.lines, entry.span),
    requirement: demand.text,
    message: tellFromLine(demand, explanation),
  });
}

type Lines = { positionAt(offset: number): { readonly line: number; readonly character: number } };

function rangeOf(lines: Lines, { start, end }: Span) {
  return { start: lines.positionAt(start), end: lines.positionAt(end) };
}

/** Undefined where a line of it cannot be edited. */
function tellRelaxation(relaxation: Relaxation, asked: AskedManifest): ExplainRelaxation | undefined {
  const told = tellStackRelaxation(relaxation, asked);
  if (told === undefined) return undefined;
  const { places, loader } = asked;
  const manifests = new Map([...places.values()].map(({ uri, manifest }) => [uri, manifest]));
  return {
    title: told.title,
    edit: told.edits.flatMap(({ uri, edits }) =>
      edits.map(({ span, newText }) => ({
        path: loader.displayUri(uri),
        range: rangeOf(manifests.get(uri)!.lines, span),
        newText,
      })),
    ),
    proven: true,
    packages: told.packages,
  };
}

/** Chains of more than these would not be read. */
const MOST_CHAINS = 5;

async function tellPackage(
  asked: AskedManifest,
  written: string,
  pins: readonly Pin[],
  signal: AbortSignal,
): Promise<NonNullable<ExplainOutput["package"]>> {
  const name = normalizeName(written);
  const pin = pins.find((one) => one.name === name);
  if (pin === undefined) return { name, chains: [] };
  const chains = chainsTo(pin, new Map(pins.map((one) => [one.name, one])));
  const heldBack = await tellHeldBack(asked, pin, signal);
  const search = tellSearch(name, asked);
  return {
    name,
    version: pin.version.toString(),
    chains,
    ...(pin.direct === undefined ? { file: pin.file.filename } : {}),
    ...(await tellWheels(asked, pin)),
    ...(search && isWorthTelling(search) ? { search } : {}),
    ...(heldBack ? { heldBack } : {}),
  };
}

/** Whether the other wheels of the release ask for the same: of one project, so that what its index lists apart is read. */
async function tellWheels({ universe }: AskedManifest, pin: Pin) {
  const { compareWheels } = await import("./wheelMetadata.ts");
  const [found] = await compareWheels([pin], universe, { scope: "all", fetches: true });
  if (found === undefined) return {};
  const { compared, notCompared, others } = found;
  const told = others.map(({ adds, lacks, ...rest }) => ({ ...rest, adds: [...adds], lacks: [...lacks] }));
  return { wheels: { compared, notCompared, others: told } };
}

/** The shortest ways from a line to the project, breadth first. */
function chainsTo(pin: Pin, byName: ReadonlyMap<string, Pin>): string[][] {
  const chains: string[][] = [];
  const seen = new Set([pin.name]);
  let open: { readonly pin: Pin; readonly chain: readonly string[] }[] = [{ pin, chain: [] }];
  while (open.length > 0 && chains.length < MOST_CHAINS) {
    const next: typeof open = [];
    for (const { pin: at, chain } of open) {
      const here = [`${at.name} ${at.version}`, ...chain];
      for (const { place, text } of at.demands) {
        if (chains.length < MOST_CHAINS)
          chains.push([`${place?.path} line ${place?.line}: ${text}`, ...here]);
      }
      for (const name of at.via) {
        const asker = byName.get(name);
        if (asker === undefined || seen.has(name)) continue;
        seen.add(name);
        next.push({ pin: asker, chain: here });
      }
    }
    open = next;
  }
  return chains;
}

/** Asks for the newest release that could be used, and tells what speaks against it. */
async function tellHeldBack(asked: AskedManifest, pin: Pin, signal: AbortSignal) {
  if (pin.direct !== undefined) return undefined;
  const { catalogue, question } = asked;
  const alone = readRequirement(pin.name);
  if (!alone.ok) return undefined;
  const free = { requirements: [{ requirement: alone.value, text: pin.name }] };
  const newest = await resolve(catalogue, free, { signal, maxDecisions: MOST_DECISIONS });
  const version =
    newest.kind === "solved" ? newest.pins.find(({ name }) => name === pin.name)?.version : undefined;
  if (version === undefined || version.key <= pin.version.key) return undefined;
  const read = readRequirement(`${pin.name}==${version}`);
  if (!read.ok) return undefined;
  const wish: Demand = { requirement: read.value, text: `${pin.name}==${version}` };
  const requirements = [...question.requirements, wish];
  const trial = await resolve(
    catalogue,
    { ...question, requirements },
    { signal, maxDecisions: MOST_DECISIONS },
  );
  const told =
    trial.kind === "impossible"
      ? tellTrial(explainFailure(trial.failure), asked, wish)
      : { steps: [], causes: [] };
  return { newest: version.toString(), ...told };
}
