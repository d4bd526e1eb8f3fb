// Metadata that a build gave: looked at before it counts, and kept as knowledge under the Python that it was built with.
import type { RuntimeEnvironment } from "../../../shared/src/environment/model.ts";
import { readCoreMetadata } from "../../../shared/src/packaging/metadata.ts";
import { normalizeName } from "../../../shared/src/packaging/name.ts";
import { compareVersions, parseVersion } from "../../../shared/src/packaging/version.ts";
import type { BuildableSource } from "../resolve/index.ts";
import type { OperationContext } from "./context.ts";

/** Metadata as a build gave it, of the right project and within bounds. */
export interface BuiltMetadata {
  readonly name: string;
  readonly version: string;
  readonly requiresDist: readonly string[];
  readonly requiresPython: string | undefined;
  readonly providesExtra: readonly string[];
}

const MAX_REQUIREMENTS = 5000;
const MAX_REQUIREMENT = 2000;
const MAX_TOLD = 1_000_000;

/** What earlier builds for one environment told. */
export class KeptMetadata {
  /** What knowledge has it under: metadata may depend on where it was built. */
  readonly origin: string;
  readonly #context: OperationContext;

  constructor(context: OperationContext, environment: RuntimeEnvironment) {
    const { implementation, pythonVersion = "", platform, architecture } = environment;
    const minor = pythonVersion.split(".").slice(0, 2).join(".");
    this.origin = `built from sdist in a sandbox, ${implementation} ${minor} on ${platform} ${architecture}`;
    this.#context = context;
  }

  /** Undefined where the archive of that digest was never built. */
  async read(source: BuildableSource, sha256: string): Promise<BuiltMetadata | undefined> {
    const { facts } = await this.#context.knowledge();
    const known = await facts.metadata(keyOf(source));
    const value = known.find((fact) => fact.source === this.origin && fact.value.sha256 === sha256)?.value;
    if (value === undefined) return undefined;
    return {
      name: value.project,
      version: value.version,
      requiresDist: value.dependencies.map(({ requirement }) => requirement),
      requiresPython: value.requiresPython,
      providesExtra: value.providesExtra ?? [],
    };
  }

  async keep(source: BuildableSource, sha256: string, metadata: BuiltMetadata): Promise<void> {
    const { requiresDist, requiresPython, providesExtra, name, version } = metadata;
    try {
      const { facts } = await this.#context.knowledge();
      await facts.recordMetadata({
        source: this.origin,
        time: this.#context.now(),
        value: {
          filename: keyOf(source),
          project: name,
          version,
          sha256,
          ...(requiresPython === undefined ? {} : { requiresPython }),
          providesExtra: [...providesExtra],
          dependencies: requiresDist.map((requirement) => ({
            name: normalizeName(/^[\w.-]+/.exec(requirement)?.[0] ?? ""),
            requirement,
          })),
        },
      });
    } catch {
      // Knowledge that cannot be written costs another build, not the answer.
    }
  }
}

/** Under which knowledge has it: a part of an archive is another project than the whole. */
function keyOf({ filename, subdirectory }: BuildableSource): string {
  return subdirectory === undefined ? filename : `${filename}#${subdirectory}`;
}

/**
 * The back-end's METADATA, which nobody has to believe: its project, its version and its size are looked at.
 * @returns what is wrong with it, as the rest of a sentence about the build.
 */
export function checkBuiltMetadata(
  { name, version }: BuildableSource,
  text: string,
): BuiltMetadata | { readonly fault: string } {
  if (text.length > MAX_TOLD) return { fault: "gives metadata that is too long" };
  const { metadata } = readCoreMetadata(text);
  if (metadata.name === "" || !/^[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?$/.test(metadata.name))
    return { fault: "gives metadata without a name" };
  const told = parseVersion(metadata.version);
  if (!told) return { fault: "gives metadata without a version" };
  if (name !== undefined && normalizeName(metadata.name) !== normalizeName(name))
    return { fault: `gives metadata of another project, ${metadata.name.slice(0, 100)}` };
  if (version !== undefined && compareVersions(told, version) !== 0)
    return { fault: `gives metadata of another version, ${told}` };
  const { requiresDist, requiresPython, providesExtra } = metadata;
  if (requiresDist.length > MAX_REQUIREMENTS || requiresDist.some((one) => one.length > MAX_REQUIREMENT))
    return { fault: "gives metadata with more requirements than any project has" };
  return { name: metadata.name, version: told.toString(), requiresDist, requiresPython, providesExtra };
}
