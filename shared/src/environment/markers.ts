// The variables of PEP 508 for a described Python on a described platform.
import type { MarkerEnvironment } from "../packaging/marker.ts";

export interface MarkerSource {
  /** `python_full_version`. */
  readonly pythonVersion: string;
  /** `sys.implementation.name`. */
  readonly implementation: string;
  /** `sys.platform`. */
  readonly platform: string;
  readonly architecture: string;
  /** Known for this machine alone; empty for another one, as uv has it. */
  readonly kernel?: { readonly release: string; readonly version: string };
}

const OS_NAMES: Readonly<Record<string, string>> = { win32: "nt" };
const SYSTEMS: Readonly<Record<string, string>> = { linux: "Linux", darwin: "Darwin", win32: "Windows" };
const IMPLEMENTATIONS: Readonly<Record<string, string>> = {
  cpython: "CPython",
  pypy: "PyPy",
  graalpy: "GraalVM",
};

/** Builds the marker variables as the interpreter itself would (PEP 508, environment markers). */
export function markersOf(source: MarkerSource): MarkerEnvironment {
  const { pythonVersion, implementation, platform } = source;
  return {
    implementation_name: implementation,
    implementation_version: pythonVersion,
    os_name: OS_NAMES[platform] ?? "posix",
    platform_machine: source.architecture,
    platform_python_implementation: IMPLEMENTATIONS[implementation] ?? implementation,
    platform_release: source.kernel?.release ?? "",
    platform_system: SYSTEMS[platform] ?? platform,
    platform_version: source.kernel?.version ?? "",
    python_full_version: pythonVersion,
    python_version: pythonVersion.split(".").slice(0, 2).join("."),
    sys_platform: platform,
  };
}
