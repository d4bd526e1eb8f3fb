// Environment: what Python a folder has, on what machine, and what is installed there. This is all that other parts may import.
export {
  type AcceleratorProbe,
  type FoundAccelerator,
  findAccelerator,
  machineProbe,
} from "./accelerator.ts";
export {
  type DescribeFault,
  type DescribeOptions,
  describeEnvironment,
  type ProbeCache,
} from "./describe.ts";
export { readInstalled, sitePackagesOf } from "./installed.ts";
export { type FoundInterpreter, findInterpreter, readVirtualEnvironment } from "./interpreter.ts";
export { type NamedPlatform, parsePlatform } from "./platforms.ts";
