// PyTorch's builds: the data against the set that it was taken from, and which of them an accelerator takes.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { isTorchBackend, torchBackendsFor } from "./torch.ts";
import {
  CUDA_DRIVERS_LINUX,
  CUDA_DRIVERS_WINDOWS,
  ROCM_TARGETS,
  TORCH_BACKENDS,
  TORCH_INDEX_BASE,
  TORCH_PACKAGES,
} from "./torchData.ts";

const DATA = new URL("../../../../shared/conformance/hardware/torch_backends.json", import.meta.url);
const LINUX = { platform: "linux", libc: { family: "glibc" } } as const;

describe("PyTorch's builds", () => {
  it("are those of the conformance set, drivers, targets, indexes and packages", function () {
    if (!existsSync(DATA)) {
      console.warn("    skipped: the conformance set is not here");
      this.skip();
    }
    const data = JSON.parse(readFileSync(DATA, "utf8"));
    type Row = { backend: string; min_driver: string };
    const rows = (list: Row[]) => list.map((row) => [row.backend, row.min_driver]);
    assert.deepEqual(CUDA_DRIVERS_LINUX, rows(data.cuda_min_driver_linux));
    assert.deepEqual(CUDA_DRIVERS_WINDOWS, rows(data.cuda_min_driver_windows));
    assert.deepEqual(Object.fromEntries(ROCM_TARGETS), data.rocm_gfx);
    assert.deepEqual(
      TORCH_BACKENDS.map((name) => `${TORCH_INDEX_BASE}/${name}`),
      Object.values(data.pytorch_index_urls),
    );
    assert.deepEqual([...TORCH_PACKAGES], data.pytorch_packages);
  });

  it("for NVIDIA are all that the driver takes, newest first, then the one without", () => {
    const { backends, why } = torchBackendsFor({ vendor: "nvidia", driver: "550.144.03" }, LINUX);
    assert.deepEqual(backends.slice(0, 3), ["cu129", "cu128", "cu126"]);
    assert.equal(backends.at(-1), "cpu");
    assert.equal(why, "The NVIDIA driver 550.144.03 takes the builds for CUDA up to cu129.");
    assert.equal(torchBackendsFor({ vendor: "nvidia", driver: "580.65.06" }, LINUX).backends[0], "cu132");
    assert.equal(torchBackendsFor({ vendor: "nvidia", driver: "450.80.02" }, LINUX).backends[0], "cu118");
    const windows = { platform: "win32" };
    assert.equal(torchBackendsFor({ vendor: "nvidia", driver: "526.0" }, windows).backends[0], "cu118");
    assert.equal(torchBackendsFor({ vendor: "nvidia", driver: "526.0" }, LINUX).backends[0], "cu129");
  });

  it("for AMD are those built for its target, on Linux alone", () => {
    const gpu = { vendor: "amd", architecture: "gfx950" } as const;
    assert.deepEqual(torchBackendsFor(gpu, LINUX).backends, ["rocm7.2", "rocm7.1", "rocm7.0", "cpu"]);
    assert.deepEqual(torchBackendsFor(gpu, { platform: "win32" }).backends, ["cpu"]);
    assert.deepEqual(torchBackendsFor({ vendor: "amd", architecture: "gfx803" }, LINUX).backends, ["cpu"]);
  });

  it("without an accelerator, on macOS, or with a driver that is too old are the one without, and say why", () => {
    assert.match(torchBackendsFor(undefined, LINUX).why, /^No accelerator was found: .* cpu, is taken\.$/);
    for (const choice of [
      torchBackendsFor({ vendor: "nvidia", driver: "580.1" }, { platform: "darwin" }),
      torchBackendsFor({ vendor: "nvidia", driver: "300.1" }, LINUX),
      torchBackendsFor({ vendor: "nvidia" }, LINUX),
      torchBackendsFor({ vendor: "intel" }, { platform: "linux", libc: { family: "musl" } }),
    ]) {
      assert.deepEqual(choice.backends, ["cpu"], choice.why);
    }
    assert.deepEqual(torchBackendsFor({ vendor: "intel" }, LINUX).backends, ["xpu"]);
  });

  it("are known by the names of their indexes", () => {
    for (const name of ["cpu", "cu128", "rocm6.2.4", "xpu"]) assert.ok(isTorchBackend(name), name);
    for (const name of ["auto", "cu999", "rocm64"]) assert.ok(!isTorchBackend(name), name);
  });
});
