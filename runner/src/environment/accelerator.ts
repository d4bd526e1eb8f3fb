// Finds this machine's graphics processor and its driver, as uv does: files first, then the vendor's own program.
import { readdirSync, readFileSync } from "node:fs";
import type { Gpu } from "../../../shared/src/environment/model.ts";
import { ROCM_TARGETS } from "../../../shared/src/environment/torchData.ts";

/** What the machine is asked through; handed in by tests. */
export interface AcceleratorProbe {
  /** Undefined of a file that cannot be read. */
  readText(path: string): string | undefined;
  listFolder(path: string): readonly string[];
  /** What a program writes; undefined where it is not there or fails. */
  run(program: string, args: readonly string[]): Promise<string | undefined>;
}

export interface FoundAccelerator {
  readonly gpu: Gpu;
  /** The file or the program that says so. */
  readonly origin: string;
}

const VERSION = /^\d+(?:\.\d+)+$/;
const PCI = "/sys/bus/pci/devices";

/** NVIDIA by its driver, AMD by its target, Intel by its display adapter; undefined where there is none of them. */
export async function findAccelerator(probe: AcceleratorProbe): Promise<FoundAccelerator | undefined> {
  return (await findNvidia(probe)) ?? (await findAmd(probe)) ?? findIntel(probe);
}

async function findNvidia(probe: AcceleratorProbe): Promise<FoundAccelerator | undefined> {
  const made = (driver: string | undefined, origin: string): FoundAccelerator | undefined =>
    driver !== undefined && VERSION.test(driver) ? { gpu: { vendor: "nvidia", driver }, origin } : undefined;
  const module = "/sys/module/nvidia/version";
  const loaded = "/proc/driver/nvidia/version";
  return (
    made(probe.readText(module)?.trim(), module) ??
    // `NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  550.144.03  Release Build …`
    made(probe.readText(loaded)?.split("  ")[1]?.trim(), loaded) ??
    made(
      (await probe.run("nvidia-smi", ["--query-gpu=driver_version", "--format=csv,noheader"]))
        ?.split("\n")[0]
        ?.trim(),
      "nvidia-smi",
    )
  );
}

async function findAmd(probe: AcceleratorProbe): Promise<FoundAccelerator | undefined> {
  const origin = "rocm_agent_enumerator";
  const listed = (await probe.run(origin, []))?.split("\n").map((line) => line.trim()) ?? [];
  const known = new Set(ROCM_TARGETS.flatMap(([, targets]) => targets));
  // With several, what runs on the oldest runs on all.
  const [architecture] = listed.filter((target) => known.has(target)).sort(byAge);
  return architecture === undefined ? undefined : { gpu: { vendor: "amd", architecture }, origin };
}

function byAge(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : 1);
}

function findIntel(probe: AcceleratorProbe): FoundAccelerator | undefined {
  for (const device of probe.listFolder(PCI)) {
    const number = (file: string): number =>
      Number.parseInt(probe.readText(`${PCI}/${device}/${file}`) ?? "", 16);
    const isDisplay = (number("class") & 0xff0000) === 0x030000;
    if (isDisplay && number("vendor") === 0x8086)
      return { gpu: { vendor: "intel" }, origin: `${PCI}/${device}` };
  }
  return undefined;
}

/** This machine. No program is waited for longer than ten seconds. */
export function machineProbe(
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): AcceleratorProbe {
  return {
    readText: (path) => {
      try {
        return readFileSync(path, "utf8");
      } catch {
        return undefined;
      }
    },
    listFolder: (path) => {
      try {
        return readdirSync(path);
      } catch {
        return [];
      }
    },
    run: (program, args) =>
      new Promise((resolve) => {
        const { execFile } = process.getBuiltinModule("node:child_process");
        const options = { env: env as NodeJS.ProcessEnv, timeout: 10_000, signal, encoding: "utf8" as const };
        execFile(program, args as string[], options, (error, stdout) => resolve(error ? undefined : stdout));
      }),
  };
}
