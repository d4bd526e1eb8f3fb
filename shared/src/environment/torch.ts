// Which of PyTorch's builds suit an accelerator, best first, and why.
import { compareVersions, parseVersion } from "../packaging/version.ts";
import type { Gpu } from "./model.ts";
import { CUDA_DRIVERS_LINUX, CUDA_DRIVERS_WINDOWS, ROCM_TARGETS, TORCH_BACKENDS } from "./torchData.ts";

/** Where the stack is to run, as far as it decides on a build. */
export interface TorchTarget {
  /** `sys.platform`. */
  readonly platform: string;
  readonly libc?: { readonly family: "glibc" | "musl" } | undefined;
}

export interface TorchChoice {
  /** Names of back-ends, best first: a later one counts only where none before it has what is asked for. */
  readonly backends: readonly string[];
  /** A whole sentence. */
  readonly why: string;
}

/** Whether PyTorch has an index for a back-end of that name. */
export function isTorchBackend(name: string): boolean {
  return TORCH_BACKENDS.includes(name);
}

/**
 * The back-ends whose builds run on an accelerator, as uv's `--torch-backend auto` has them: every one that the driver takes, the
 * newest first, and the build without an accelerator last.
 * @param gpu undefined or false where there is none.
 */
export function torchBackendsFor(gpu: Gpu | false | undefined, target: TorchTarget): TorchChoice {
  const { platform } = target;
  if (!gpu) return onlyCpu("No accelerator was found");
  if (platform === "darwin") return onlyCpu("On macOS PyTorch has one build for all machines");
  if (gpu.vendor === "nvidia") return forCuda(gpu.driver, platform);
  if (gpu.vendor === "amd") return forRocm(gpu.architecture, platform);
  if (platform === "win32" || target.libc?.family !== "musl") {
    return { backends: ["xpu"], why: "An Intel GPU takes the build xpu." };
  }
  return onlyCpu("PyTorch has no build for an Intel GPU there");
}

function onlyCpu(reason: string): TorchChoice {
  return { backends: ["cpu"], why: `${reason}: the build without one, cpu, is taken.` };
}

function forCuda(driver: string | undefined, platform: string): TorchChoice {
  const version = driver === undefined ? undefined : parseVersion(driver);
  if (version === undefined)
    return onlyCpu(`The version of the NVIDIA driver${driver ? `, ${driver},` : ""} is not known`);
  const table = platform === "win32" ? CUDA_DRIVERS_WINDOWS : CUDA_DRIVERS_LINUX;
  const backends = table
    .filter(([, least]) => compareVersions(version, parseVersion(least)!) >= 0)
    .map(([backend]) => backend);
  const [best] = backends;
  if (best === undefined)
    return onlyCpu(`The NVIDIA driver ${driver} is older than every CUDA that PyTorch was built for`);
  return {
    backends: [...backends, "cpu"],
    why: `The NVIDIA driver ${driver} takes the builds for CUDA up to ${best}.`,
  };
}

function forRocm(architecture: string | undefined, platform: string): TorchChoice {
  if (platform !== "linux") return onlyCpu("PyTorch has builds for AMD on Linux alone");
  const backends = ROCM_TARGETS.filter(([, targets]) => targets.includes(architecture ?? "")).map(
    ([name]) => name,
  );
  const [best] = backends;
  if (best === undefined)
    return onlyCpu(`PyTorch has no build for the AMD target ${architecture ?? "that is not known"}`);
  return {
    backends: [...backends, "cpu"],
    why: `The AMD target ${architecture} takes the builds up to ${best}.`,
  };
}
