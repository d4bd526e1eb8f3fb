// What a validation has built: the stack as Thoth resolves it, and a wheel of each release that has none.
import type { RuntimeEnvironment } from "../../../shared/src/environment/model.ts";
import type { Calls } from "../../../shared/src/protocol/operation.ts";
import type { ValidateInput } from "../../../shared/src/protocol/validate.ts";
import type { PlannedPackage, StackBuilder } from "../inspect/index.ts";
import { type Pin, resolve } from "../resolve/index.ts";
import type { AskedManifest } from "./askedManifest.ts";
import type { OperationContext } from "./context.ts";
import { OperationError } from "./errors.ts";
import type { LoadedRoot, Loader } from "./load.ts";
import { askRoot } from "./question.ts";
import { MOST_DECISIONS } from "./unanswered.ts";

export interface BuiltManifest {
  readonly loader: Loader;
  readonly root: LoadedRoot;
  readonly environment: RuntimeEnvironment;
}

/** Builds the stack of a manifest that is read. Nothing is asked before it is needed. */
export function createStackBuilder(
  context: OperationContext,
  input: ValidateInput,
  manifest: BuiltManifest,
  calls: Pick<Calls<never>, "progress" | "warn">,
): StackBuilder {
  return {
    async resolve(signal) {
      const question = { ...input, buildSdists: true, constraints: [] };
      // What a build writes is told by the failure itself.
      const listener = {
        progress: ({ message }: { message: string }) => calls.progress({ message, stage: "build" }),
        warn: () => {},
      };
      let asked: AskedManifest | undefined;
      try {
        asked = await askRoot(context, question, manifest, listener, signal);
        const answer = await resolve(asked.catalogue, asked.question, {
          signal,
          maxDecisions: MOST_DECISIONS,
        });
        if (answer.kind === "solved") {
          const { close } = asked;
          return { packages: answer.pins.map((pin) => plan(pin, asked!)), close };
        }
        await asked.close();
        if (answer.kind === "stopped") return { message: answer.failure.message, next: answer.failure.next };
        const message = `${asked.path} does not resolve for ${asked.environment}.`;
        return { message, next: `See why: thoth explain ${asked.path} --build-sdists.` };
      } catch (error) {
        await asked?.close();
        if (!(error instanceof OperationError)) throw error;
        return { message: error.message, next: error.next };
      }
    },
  };
}

function plan(
  { name, version, file, direct, dependencies }: Pin,
  { builds, universe }: AskedManifest,
): PlannedPackage {
  const requires = dependencies.map((one) => one.name);
  const { sha256 } = file.hashes;
  const about = { name, version: version.toString(), requires };
  if (file.filename.endsWith(".whl")) {
    return {
      ...about,
      sha256: sha256 === undefined ? [] : [sha256],
      ...(direct === undefined ? {} : { url: file.url }),
    };
  }
  return {
    ...about,
    sha256: [],
    async build() {
      const built = await builds!.build(universe.buildableOf(name, version, file), "wheel");
      return "failure" in built ? built.failure : { sha256: built.wheel!.sha256 };
    },
  };
}
