// Looks at the releases that a repair would take, with the checks of where packages come from: one that fails is not taken.
import { type AdvisoryRecord, matchAdvisories } from "../../../shared/src/advisory/index.ts";
import { SpecifierSet } from "../../../shared/src/packaging/specifier.ts";
import { compareVersions, type Version } from "../../../shared/src/packaging/version.ts";
import type { CommonInput, EnvironmentOptions } from "../../../shared/src/protocol/operation.ts";
import type { PackageProvenance, ProvenanceCheck } from "../../../shared/src/protocol/provenance.ts";
import type { Vetted } from "../advisories/index.ts";
import type { Subject } from "../provenance/index.ts";
import type { Pin } from "../resolve/index.ts";
import type { AskedManifest } from "./askedManifest.ts";
import type { OperationContext } from "./context.ts";
import { OperationError } from "./errors.ts";
import { hashesOf } from "./pinHashes.ts";
import type { SubjectChecks } from "./provenanceRoot.ts";
import type { RepairInput } from "./repairScope.ts";

/** What is asked of a target, and the few words in which its failing is told. Advisories are the plan's own matter. */
const ASKED: Readonly<Record<string, string>> = {
  "artifact-digest": "its digests are not those of its index",
  "artifact-on-several-indexes": "another index has other files under its name",
  "known-bad": "known to be bad",
  attestation: "its attestation does not hold",
  "publisher-continuity": "publisher changed",
  "yanked-release": "yanked",
  "cool-down": "within the cool-down",
};

export interface TargetChecks {
  /** In the order of the pins. */
  vet(pins: readonly Pin[], today: readonly Pin[]): Promise<readonly Vetted[]>;
  close(): Promise<void>;
}

/** Opens nothing until the first release is to be looked at. */
export function createTargetChecks(
  context: OperationContext,
  input: RepairInput,
  asked: AskedManifest,
  environments: readonly EnvironmentOptions[] | undefined,
  lookup: (name: string) => readonly AdvisoryRecord[],
  signal: AbortSignal,
): TargetChecks {
  let opened: Promise<SubjectChecks> | undefined;
  const before = new Map<string, Version[]>();
  const now = context.now();
  const clears = (name: string, version: string): string[] => {
    const left = new Set(matchAdvisories(lookup(name), version, now).map(({ id }) => id));
    const had = (before.get(name) ?? []).flatMap((one) => matchAdvisories(lookup(name), one.toString(), now));
    return [...new Set(had.map(({ id }) => id))].filter((id) => !left.has(id));
  };
  const open = async (): Promise<SubjectChecks> => {
    // Most checks plan no repair: what verifies is loaded where one does.
    const [{ openSubjectChecks }, { RequestBudget }, { MOST_REQUESTS }] = await Promise.all([
      import("./provenanceRoot.ts"),
      import("./provenanceIndexes.ts"),
      import("./provenance.ts"),
    ]);
    return openSubjectChecks({
      context,
      input: {
        ...commonOf(input),
        ...(input.trustedRoot === undefined ? {} : { trustedRoot: input.trustedRoot }),
        paths: [],
        constraints: [],
        texts: {},
        rules: {},
        allArtifacts: false,
        download: false,
      },
      root: asked.root,
      loader: asked.loader,
      budget: new RequestBudget(MOST_REQUESTS),
      seen: new Set(),
      environments,
      clears,
      inUse: (name) => before.get(name)?.toSorted(compareVersions).at(-1),
      signal,
      calls: { progress: () => {}, warn: () => {}, package: () => {} },
    });
  };
  return {
    async vet(pins, today) {
      before.clear();
      for (const { name, version } of today) {
        before.set(name, [...(before.get(name) ?? []), version]);
      }
      try {
        opened ??= open();
        const checks = await opened;
        const found = await checks.check(pins.map((pin) => subjectOf(pin, asked)));
        signal.throwIfAborted();
        return pins.map((pin, at) => verdictOf(pin, found[at]));
      } catch (error) {
        // A policy or a trust root that cannot be read: nothing was checked, and that is said.
        if (!(error instanceof OperationError)) throw error;
        const note = `not checked where it comes from: ${error.message.replace(/\.$/, "")}`;
        return pins.map((pin) => ({ ...toldOf(pin), notes: [note], unchecked: EVERYTHING }));
      }
    },
    async close() {
      const checks = await opened?.catch(() => undefined);
      await checks?.close();
    },
  };
}

/** What every operation takes: no more of an input than that decides what a check says. */
function commonOf({ cwd, environment, index, usePipConfiguration, offline }: RepairInput): CommonInput {
  return { cwd, environment, index, usePipConfiguration, offline };
}

/** A release as a lock would hold it. */
function subjectOf(pin: Pin, { places }: AskedManifest): Subject {
  const line = pin.demands.map((demand) => places.get(demand)).find((place) => place !== undefined);
  const version = pin.version.toString();
  return {
    name: pin.name,
    written: line?.entry.name?.text ?? pin.name,
    version,
    from: "index",
    digests: hashesOf(pin).map((hash) => ({ algorithm: "sha256", digest: hash.slice("sha256:".length) })),
    lockedFiles: [],
    lockedIdentities: [],
    ...(line?.entry.index ? { source: line.entry.index.text } : {}),
    specifier: pin.demands[0]?.requirement.specifier ?? SpecifierSet.any,
    isLocked: true,
    fileHasHashes: true,
    places: [],
  };
}

/** What stands for all of the checks where none could be made. */
const EVERYTHING = ["where it comes from"];

function toldOf({ name, version }: Pin): Pick<Vetted, "name" | "version"> {
  return { name, version: version.toString() };
}

function verdictOf(pin: Pin, found: PackageProvenance | undefined): Vetted {
  const told = toldOf(pin);
  if (!found) return { ...told, notes: ["not checked where it comes from"], unchecked: EVERYTHING };
  const checks = found.checks.filter(({ rule }) => Object.hasOwn(ASKED, rule));
  const failed = checks.filter(isRefusal).sort((a, b) => gravity(b) - gravity(a));
  const [first] = failed;
  if (first) return { ...told, refused: wordsFor(first), notes: failed.map(({ message }) => message) };
  const isLabelled = checks.some(({ labels }) => labels?.includes("security-fix"));
  const passes = isLabelled ? ["passes the cool-down as a security fix"] : [];
  const open = new Map<string, string>();
  for (const { rule, state, unasked, message } of checks) {
    if (state === "not-checked" && !unasked && !open.has(rule)) open.set(rule, message.replace(/\.$/, ""));
  }
  return {
    ...told,
    passes,
    unchecked: [...open.keys()],
    notes: [
      ...passes,
      ...[...open].map(([rule, message]) => `${rule} not checked: ${message.replace(/^Not checked: /, "")}`),
    ],
  };
}

/** Of the cool-down the rule says it all, however loud it is; else what is only worth knowing stands in nobody's way. */
function isRefusal({ state, severity, accepted, rule, labels }: ProvenanceCheck): boolean {
  if (state !== "failed" || severity === undefined || accepted) return false;
  if (rule === "cool-down") return !labels?.includes("late-wheel");
  return severity === "error" || severity === "warning";
}

function gravity({ severity }: ProvenanceCheck): number {
  return severity === "error" ? 2 : severity === "warning" ? 1 : 0;
}

function wordsFor({ rule, message }: ProvenanceCheck): string {
  if (rule === "publisher-continuity" && /is not attested/.test(message)) return "no longer attested";
  if (rule === "known-bad") {
    if (/malicious/.test(message)) return "reported as malicious";
    if (/quarantine/.test(message)) return "quarantined";
  }
  return ASKED[rule]!;
}
