// The published benchmarks of pip's resolver as universes in memory, for the test and for the benchmark.
import { parseVersion } from "../../../shared/src/packaging/version.ts";
import type { Universe } from "./python/model.ts";

/** A benchmark of pip's resolver as it is published: requirements, and what each release of each project needs. */
export interface Scenario {
  readonly input: { readonly requirements: readonly string[] };
  readonly packages: Readonly<
    Record<
      string,
      Readonly<Record<string, { depends_by_extra: Readonly<Record<string, readonly string[]>> }>>
    >
  >;
}

/** The scenario's markers are evaluated already, so that every extra's list stands for itself. */
export function openScenario({ packages }: Scenario): Universe {
  return {
    isRemote: false,
    project: (name) => ({
      releases: Object.keys(packages[name] ?? {}).flatMap((text) => {
        const version = parseVersion(text);
        const filename = `${name.replaceAll("-", "_")}-${text}-py3-none-any.whl`;
        return version
          ? [{ version, files: [{ filename, url: `https://x.example/${filename}`, hashes: {} }] }]
          : [];
      }),
    }),
    metadata: (name, version) => ({
      name,
      version: version.raw,
      requiresDist: Object.entries(packages[name]![version.raw]!.depends_by_extra).flatMap(([extra, texts]) =>
        texts.map((text) => {
          const body = text.split(";")[0]!.trim();
          return extra === "" ? body : `${body} ; extra == "${extra}"`;
        }),
      ),
    }),
  };
}
