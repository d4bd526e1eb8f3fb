// Which graphics processor a machine has, from what its files and its vendor's programs say.
import assert from "node:assert/strict";
import { type AcceleratorProbe, findAccelerator } from "./accelerator.ts";

interface Machine {
  readonly files?: Readonly<Record<string, string>>;
  readonly programs?: Readonly<Record<string, string>>;
}

function probe({ files = {}, programs = {} }: Machine): AcceleratorProbe {
  return {
    readText: (path) => files[path],
    listFolder: (path) => [
      ...new Set(
        Object.keys(files)
          .filter((one) => one.startsWith(`${path}/`))
          .map((one) => one.slice(path.length + 1).split("/")[0]!),
      ),
    ],
    run: async (program) => programs[program],
  };
}

const find = (machine: Machine) => findAccelerator(probe(machine));

describe("the accelerator of a machine", () => {
  it("is NVIDIA's where its module, its driver or nvidia-smi says a version", async () => {
    const open =
      "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  550.144.03  Release Build  (dvs-builder)  Mon Dec 30\nGCC";
    const machines: Machine[] = [
      { files: { "/sys/module/nvidia/version": "550.144.03\n" } },
      { files: { "/proc/driver/nvidia/version": open } },
      { programs: { "nvidia-smi": "550.144.03\n550.144.03\n" } },
    ];
    for (const machine of machines) {
      assert.deepEqual((await find(machine))?.gpu, { vendor: "nvidia", driver: "550.144.03" });
    }
    assert.equal((await find(machines[1]!))?.origin, "/proc/driver/nvidia/version");
  });

  it("is AMD's by the oldest target, since what runs there runs on all", async () => {
    const found = await find({ programs: { rocm_agent_enumerator: "gfx000\ngfx1100\ngfx90a\ngfx942\n" } });
    assert.deepEqual(found?.gpu, { vendor: "amd", architecture: "gfx90a" });
  });

  it("is Intel's where a display adapter is, and not where another device is", async () => {
    const device = (kind: string) => ({
      "/sys/bus/pci/devices/0000:00:02.0/class": kind,
      "/sys/bus/pci/devices/0000:00:02.0/vendor": "0x8086\n",
    });
    assert.deepEqual((await find({ files: device("0x030000\n") }))?.gpu, { vendor: "intel" });
    assert.equal(await find({ files: device("0x020000\n") }), undefined);
  });

  it("is none where nothing says so, or what says so is no version", async () => {
    assert.equal(await find({}), undefined);
    const machine = {
      files: { "/sys/module/nvidia/version": "N/A" },
      programs: { "nvidia-smi": "No devices" },
    };
    assert.equal(await find(machine), undefined);
  });
});
