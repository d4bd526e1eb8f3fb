// What indexes that are kept open are known by: another place, another way to ask or another target opens others.
import { statSync } from "node:fs";
import { dirname, resolve as resolvePath } from "node:path";
import { fileURLToPath } from "node:url";
import type { RuntimeEnvironment } from "../../../shared/src/environment/model.ts";
import { addressesOf } from "./demands.ts";
import type { IndexLane, IndexPlan } from "./indexPlan.ts";
import type { LoadedRoot } from "./load.ts";
import type { QuestionInput } from "./questionInput.ts";
import type { ResolveSettings } from "./resolveSettings.ts";

/** All that what is open depends on: where it is asked, how, and for what. */
export function shelfKey(
  input: QuestionInput,
  root: LoadedRoot,
  environment: RuntimeEnvironment | undefined,
  plan: IndexPlan,
  resolving: ResolveSettings,
): string {
  const { index, usePipConfiguration, offline, excludeNewer, excludeNewerPackages } = input;
  const { pythonVersion, platform, architecture, prefix, tags } = environment ?? {};
  const { configuration } = resolving.configuration;
  const laneKey = ({ rule, fileOptions }: IndexLane) => [
    rule,
    fileOptions.map(({ option, value, folder }) => [option, value, folder]),
  ];
  return JSON.stringify([
    dirname(root.path),
    // A span stays the same text while its moment moves on: what is open is closed long before that matters.
    { index, usePipConfiguration, offline, excludeNewer, excludeNewerPackages, configuration },
    [pythonVersion, platform, architecture, prefix, tags?.length, tags?.[0]],
    [resolving.onlyBinary, resolving.noBinary, resolving.variants, environment?.variants],
    resolving.buildSdists,
    laneKey(plan.general),
    [...plan.bound].map(([name, lane]) => [name, laneKey(lane)]),
    plan.policy.map(({ binding, lane }) => [binding.pattern, laneKey(lane)]),
    addressesOf(root, input.cwd).map((address) => [address, stampOf(address)]),
  ]);
}

/** When a local project was last written to, as far as its metadata goes. */
function stampOf(address: string): number[] {
  if (!address.startsWith("file:")) return [];
  const url = new URL(address);
  url.hash = "";
  return ["", "pyproject.toml", "setup.cfg", "setup.py", "PKG-INFO"].map((name) => {
    try {
      return statSync(resolvePath(fileURLToPath(url), name)).mtimeMs;
    } catch {
      return 0;
    }
  });
}
