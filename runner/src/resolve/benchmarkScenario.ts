// The published benchmarks of pip's resolver as universes in memory, for the test and for the benchmark.
import { parseVersion } from "../../../shared/src/packaging/version.ts";
import type { ReleaseMetadata, Universe, UniverseProject } from "./python/model.ts";

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

/** Everything is read at once. The scenario's markers are evaluated already, so that every extra's list stands for itself. */
export function openScenario({ packages }: Scenario): Universe {
  const projects = new Map<string, UniverseProject>();
  const metadata = new Map<string, ReleaseMetadata>();
  for (const [name, texts] of Object.entries(packages)) {
    const releases = Object.keys(texts).flatMap((text) => {
      const version = parseVersion(text);
      const filename = `${name.replaceAll("-", "_")}-${text}-py3-none-any.whl`;
      return version
        ? [{ version, files: [{ filename, url: `https://x.example/${filename}`, hashes: {} }] }]
        : [];
    });
    projects.set(name, { releases });
    for (const [version, { depends_by_extra }] of Object.entries(texts)) {
      const requiresDist = Object.entries(depends_by_extra).flatMap(([extra, needs]) =>
        needs.map((need) => {
          const body = need.split(";")[0]!.trim();
          return extra === "" ? body : `${body} ; extra == "${extra}"`;
        }),
      );
      metadata.set(`${name} ${version}`, { name, version, requiresDist });
    }
  }
  return {
    isRemote: false,
    project: (name) => projects.get(name) ?? { releases: [] },
    metadata: (name, version) => metadata.get(`${name} ${version.raw}`)!,
  };
}
