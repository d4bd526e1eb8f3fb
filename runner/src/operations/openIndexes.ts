// Opens the indexes of a manifest as its plan says: clients for every lane, what reads addresses, what builds, and the catalogue over all.
import type { RuntimeEnvironment } from "../../../shared/src/environment/model.ts";
import type { IndexSettings, PageFile } from "../index/index.ts";
import {
  Catalogue,
  createIndexUniverse,
  type FilePolicy,
  type IndexRoute,
  type IndexUniverse,
  type Reading,
  readNameSet,
  type SourceReader,
  type Target,
  TargetReading,
} from "../resolve/index.ts";
import { finderFor } from "./checkRoots.ts";
import type { OperationContext } from "./context.ts";
import type { FactFinder } from "./factFinder.ts";
import { type IndexLane, type IndexPlan, laneOf } from "./indexPlan.ts";
import type { LoadedRoot } from "./load.ts";
import type { QuestionInput } from "./questionInput.ts";
import type { ResolveSettings } from "./resolveSettings.ts";
import type { SourceBuilds, SourceBuildsOptions } from "./sourceBuilds.ts";

/** Indexes that are open, with what was read of them. */
export interface OpenIndexes {
  readonly settings: Pick<IndexSettings, "problems" | "pre" | "onlyBinary" | "noBinary">;
  readonly universe: IndexUniverse;
  readonly catalogue: Catalogue;
  readonly reading: Reading;
  readonly policy: FilePolicy;
  readonly sources: SourceReader;
  /** Where building is allowed. */
  readonly builds: SourceBuilds | undefined;
  /** Ends the clients; what they have in hand is written. */
  close(): Promise<void>;
}

/** Who asks, about what and for what. */
export interface Opening {
  readonly context: OperationContext;
  readonly input: QuestionInput;
  readonly root: LoadedRoot;
  readonly environment: RuntimeEnvironment;
  /** Of the environment. */
  readonly target: Target;
  readonly resolving: ResolveSettings;
}

/** Opens what a plan names; nothing is asked yet. The signal holds for as long as it is open. */
export async function openIndexes(
  opening: Opening,
  plan: IndexPlan,
  signal: AbortSignal,
): Promise<OpenIndexes> {
  const { context, input, root, environment, target, resolving } = opening;
  const finder = finderFor(context, input, root, environment, signal, new Map());
  const { settings, routeFor } = await openRoutes(finder, plan);
  const policy = policyOf(settings, resolving, root);
  const builds = resolving.buildSdists
    ? await openBuilds(context, { environment, routeFor, policy, signal })
    : undefined;
  const sources = lazySources(async () => {
    const { createSourceReader } = await import("../sources/index.ts");
    return createSourceReader({
      env: context.env,
      signal,
      offline: input.offline === true,
      authorization: (url) => settings.secrets.authorization(url),
      store: (await context.knowledge()).metadata,
      builder: builds,
    });
  });
  const reading = new TargetReading(target, policy);
  const universe = createIndexUniverse({
    routeFor,
    signal,
    sources,
    isUsable: (name: string, files: readonly PageFile[]) => reading.judge(name, files) === "usable",
    variants: resolving.variants ? (environment.variants ?? {}) : undefined,
    builder: builds,
  });
  const catalogue = new Catalogue(universe, reading);
  return { settings, universe, catalogue, reading, policy, sources, builds, close: () => finder.close() };
}

function policyOf(
  settings: Pick<IndexSettings, "onlyBinary" | "noBinary">,
  { onlyBinary, noBinary, excludeNewer, excludeNewerPackages }: ResolveSettings,
  root: LoadedRoot,
): FilePolicy {
  return {
    onlyBinary: readNameSet([...onlyBinary, ...settings.onlyBinary]),
    noBinary: readNameSet([...noBinary, ...settings.noBinary]),
    excludeNewer,
    excludeNewerPackages,
    ignoresPythonCaps: isOfUv(root),
  };
}

function isOfUv({ tree }: LoadedRoot): boolean {
  return tree.files[0]?.manifest.project?.tool === "uv";
}

/** Few manifests have anything built: what does that is loaded where it is allowed. */
async function openBuilds(context: OperationContext, options: Omit<SourceBuildsOptions, "context">) {
  const { SourceBuilds } = await import("./sourceBuilds.ts");
  return new SourceBuilds({ context, ...options });
}

/** Most manifests name no address: what reads them is loaded when one does. */
function lazySources(load: () => Promise<SourceReader>): SourceReader {
  let reader: Promise<SourceReader> | undefined;
  return {
    async read(url) {
      reader ??= load();
      return (await reader).read(url);
    },
  };
}

/** Opens every lane of a plan; nothing is asked yet. */
async function openRoutes(finder: FactFinder, plan: IndexPlan) {
  const { general, bound, policy } = plan;
  const openLane = async (lane: IndexLane): Promise<IndexRoute> => {
    const { client } = await finder.open(lane);
    return { client, rule: lane.rule, why: lane.why };
  };
  const { settings } = await finder.open(general);
  const routes = new Map<IndexLane, IndexRoute>();
  for (const lane of [general, ...bound.values(), ...policy.map((one) => one.lane)]) {
    if (!routes.has(lane)) routes.set(lane, await openLane(lane));
  }
  return { settings, routeFor: (name: string): IndexRoute => routes.get(laneOf(plan, name))! };
}
