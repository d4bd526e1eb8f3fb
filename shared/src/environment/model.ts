// A runtime environment: where a stack is to run, and where each value came from.
import type { MarkerEnvironment } from "../packaging/marker.ts";

/** Where a value of the environment came from, in words: `setting thoth.environment.python`, `.venv/pyvenv.cfg`. */
export type Origin = string;

export interface InstalledDistribution {
  readonly name: string;
  readonly normalizedName: string;
  readonly version: string;
  readonly requiresDist?: readonly string[];
  /** PEP 610: installed from a URL, a path or an editable project. */
  readonly direct?: string;
}

/** A graphics processor that stacks are to use. */
export interface Gpu {
  readonly vendor: "nvidia" | "amd" | "intel";
  /** Of the driver, as `nvidia-smi` shows it. */
  readonly driver?: string | undefined;
  /** AMD: the target, `gfx942`. NVIDIA: the compute capability, `9.0`. */
  readonly architecture?: string | undefined;
}

/** Properties of wheel variants (draft PEP 825) that an environment has: namespace, feature, values from best to least. */
export type VariantProperties = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

export interface RuntimeEnvironment {
  readonly name: string;
  /** Full version (`3.11.7`); absent when no Python was found and none was named: unknown, not a crash. */
  readonly pythonVersion?: string;
  readonly implementation: string;
  readonly executable?: string;
  /** `sys.prefix`; the folder of a virtual environment where there is one. */
  readonly prefix?: string;
  /** `linux`, `darwin`, `win32`. */
  readonly platform: string;
  /** As `platform.machine()` says: `x86_64`, `aarch64`, `arm64`, `AMD64`. */
  readonly architecture: string;
  readonly libc?: { readonly family: "glibc" | "musl"; readonly version: string };
  /** Described in the configuration; false says that there is none. Absent: not looked for. */
  readonly gpu?: Gpu | false;
  /** The PyTorch back-end that the configuration names for it. */
  readonly torchBackend?: string;
  readonly variants?: VariantProperties;
  /** The variables of PEP 508; absent without a Python version. */
  readonly markers?: MarkerEnvironment;
  /** Wheel tags, best first; absent without a Python version. */
  readonly tags?: readonly string[];
  readonly installed?: readonly InstalledDistribution[];
  /** One origin per value: `pythonVersion`, `executable`, `platform`, `libc`, … */
  readonly origins: Readonly<Record<string, Origin>>;
  /** Why something is not known, in sentences. */
  readonly notes: readonly string[];
}
