// `provenance`: where every artifact of a manifest comes from, and whether that is so.
import type { NotChecked } from "../../../shared/src/protocol/operation.ts";
import type {
  FileProvenance,
  PackageProvenance,
  ProvenanceCheck,
  ProvenanceInput,
  ProvenanceOutput,
  ProvenancePartial,
} from "../../../shared/src/protocol/provenance.ts";
import type { Operation } from "./context.ts";
import { Loader } from "./load.ts";
import { RequestBudget } from "./provenanceIndexes.ts";
import type { RootProvenance } from "./provenanceModel.ts";
import { checkProvenanceOf } from "./provenanceRoot.ts";

/** More requests than this are sent only where the person says so. */
export const MOST_REQUESTS = 4000;

/** Milliseconds for which pieces are gathered: what is all known by then is told by the answer, and not twice. */
const GATHER = 20;

/** Checks every package of the manifests that the paths mean. When cancelled, the answer holds what was known by then. */
export const provenance: Operation<ProvenanceInput, ProvenanceOutput, ProvenancePartial> = async (
  context,
  input,
  calls,
  signal,
) => {
  const loader = new Loader(
    input.cwd,
    async () => (await import("./remoteIncludes.ts")).createRemoteReader(context, input, calls, signal),
    new Map(Object.entries(input.texts)),
  );
  const { roots, notChecked } = await loader.roots(input.paths, input.constraints);
  const budget = new RequestBudget(input.requestBudget ?? MOST_REQUESTS);
  const seen = new Set<string>();
  const checked: RootProvenance[] = [];
  const pieces = new Gathered((one: PackageProvenance) => calls.partial({ package: one }));
  const tellers = { ...calls, package: (one: PackageProvenance) => pieces.add(one) };
  try {
    for (const root of roots) {
      checked.push(
        await checkProvenanceOf({ context, input, root, loader, budget, seen, signal, calls: tellers }),
      );
    }
  } finally {
    pieces.leave();
  }
  const files = mergeFiles(checked.flatMap((one) => one.files));
  const packages = mergePackages(checked.flatMap((one) => one.packages));
  const times = checked.flatMap((one) => (one.checked === undefined ? [] : [one.checked]));
  const basis = new Map(checked.flatMap((one) => one.basis).map((one) => [one.what, one]));
  return {
    result: {
      files,
      packages,
      indexes: [...new Set(checked.flatMap((one) => one.indexes))],
      environments: [...new Set(checked.flatMap((one) => one.environments))],
      ...(times.length > 0 ? { checked: new Date(Math.min(...times)).toISOString() } : {}),
      requests: budget.used,
      basis: [...basis.values()],
    },
    notChecked: [...notChecked, ...notCheckedOf(files, packages, signal.aborted)],
  };
};

/** Tells pieces some at a time. */
class Gathered<Piece> {
  readonly #tell: (piece: Piece) => void;
  readonly #waiting: Piece[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(tell: (piece: Piece) => void) {
    this.#tell = tell;
  }

  add(piece: Piece): void {
    this.#waiting.push(piece);
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      for (const one of this.#waiting.splice(0)) this.#tell(one);
    }, GATHER);
  }

  /** What still waits is left to the answer. */
  leave(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

function mergeFiles(files: readonly FileProvenance[]): FileProvenance[] {
  const byPath = new Map<string, FileProvenance>();
  for (const file of files) {
    const known = byPath.get(file.path);
    byPath.set(file.path, known ? { ...known, checks: [...known.checks, ...file.checks] } : file);
  }
  return [...byPath.values()];
}

/** What several manifests name alike is one package, with the places of all. */
function mergePackages(packages: readonly PackageProvenance[]): PackageProvenance[] {
  const merged: PackageProvenance[] = [];
  // Most are named once: what was said of them need not be compared with anything.
  const byName = new Map<string, number[]>();
  for (const one of packages) {
    const others = byName.get(one.name) ?? [];
    const same = others.find((at) => isSaidAlike(merged[at]!, one));
    if (same === undefined) byName.set(one.name, [...others, merged.push(one) - 1]);
    else merged[same] = { ...merged[same]!, places: [...merged[same]!.places, ...one.places] };
  }
  return merged;
}

/** Whether the same is said of the same package, at whatever places. */
function isSaidAlike(a: PackageProvenance, b: PackageProvenance): boolean {
  const key = ({ version, indexes, checks }: PackageProvenance) => JSON.stringify([version, indexes, checks]);
  return key(a) === key(b);
}

/** What was to be checked and could not be: required checks first, by what stands in the way. */
export function notCheckedOf(
  files: readonly FileProvenance[],
  packages: readonly PackageProvenance[],
  isCancelled: boolean,
): NotChecked[] {
  const items = new Map<string, NotChecked>();
  const add = (what: string, check: ProvenanceCheck): void => {
    if (check.state !== "not-checked" || check.unasked) return;
    const said = check.message.startsWith(`${what}: `) ? check.message.slice(what.length + 2) : check.message;
    const item = { what: `${what} (${check.rule})`, reason: said.replace(/\.$/, "") };
    items.set(`${what}\n${check.rule}`, check.required ? item : { ...item, required: false });
  };
  for (const file of files) for (const check of file.checks) add(file.path, check);
  for (const one of packages) {
    const name = one.version === undefined ? one.name : `${one.name} ${one.version}`;
    for (const check of one.checks) add(name, check);
  }
  if (isCancelled) items.set("cancelled", { what: "the packages after these", reason: "cancelled" });
  return [...items.values()];
}
