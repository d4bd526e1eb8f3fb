// Wheel variants: names, the file beside the wheels, and the order of draft PEP 825.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { orderVariants, readVariantsFile, splitVariant, variantsFileName } from "./variants.ts";

const FOLDER = new URL("../../../../shared/conformance/hardware/variants/", import.meta.url);

describe("wheel variants", () => {
  it("are known by the label at the end of the name, with a build tag or without", () => {
    const plain = "numpy-2.3.2-cp313-cp313t-musllinux_1_2_x86_64.whl";
    assert.deepEqual(splitVariant(plain.replace(".whl", "-x86_64_v3.whl")), { plain, label: "x86_64_v3" });
    assert.deepEqual(splitVariant("numpy-2.3.2-1-py2.py3-none-any-null.whl"), {
      plain: "numpy-2.3.2-1-py2.py3-none-any.whl",
      label: "null",
    });
    assert.equal(variantsFileName("numpy-2.3.2-1-py3-none-any-cu12.8.whl"), "numpy-2.3.2-variants.json");
  });

  it("are not seen in a build tag, in a wrong name, or in a label with other letters", () => {
    for (const name of [
      "numpy-2.3.2-py3-none-any.whl",
      "numpy-2.3.2-1-py3-none-any.whl",
      "numpy-2.3.2-abc-py3-none-any.whl",
      "numpy-2.3.2-py3-none-any-V3.whl",
      "numpy-2.3.2-py3-none-any-.whl",
      "numpy-2.3.2-1-py3-none-any-a-b.whl",
      "numpy-2.3.2.tar.gz",
      "numpy-x.y.z-py3-none-any-null.whl",
      "numpy.whl",
    ]) {
      assert.equal(splitVariant(name), undefined, name);
      assert.equal(variantsFileName(name), undefined, name);
    }
  });

  it("fit where each feature fits in one value; more features go first, the null variant last", () => {
    const file = readVariantsFile(
      JSON.stringify({
        $schema: "https://variants-schema.wheelnext.dev/peps/825/v0.1.1.json",
        "default-priorities": { namespace: ["x86_64", "blas"] },
        variants: {
          v3: { x86_64: { level: ["v3"] } },
          v4: { x86_64: { level: ["v4"] } },
          v3_mkl: { x86_64: { level: ["v3"] }, blas: { library: ["mkl"] } },
          v3_any: { x86_64: { level: ["v3"] }, blas: { library: ["other", "openblas"] } },
          mkl: { blas: { library: ["mkl"] } },
          arm: { aarch64: { version: ["8a"] } },
          null: {},
        },
      }),
    );
    const environment = { x86_64: { level: ["v3", "v2", "v1"] }, blas: { library: ["openblas", "mkl"] } };
    assert.deepEqual(orderVariants(file!, environment), ["v3_any", "v3_mkl", "v3", "mkl", "null"]);
    assert.deepEqual(orderVariants(file!, {}), ["null"]);
  });

  it("are ordered by what the package prefers before what the environment does", () => {
    const file = readVariantsFile(
      JSON.stringify({
        $schema: "https://variants-schema.wheelnext.dev/v0.0.3.json",
        "default-priorities": {
          namespace: ["hw"],
          feature: { hw: ["speed"] },
          property: { hw: { speed: ["low"] } },
        },
        variants: {
          high: { hw: { speed: ["high"] } },
          low: { hw: { speed: ["low"] } },
          size: { hw: { size: ["big"] } },
        },
      }),
    );
    const environment = { hw: { size: ["big"], speed: ["high", "low"] } };
    assert.deepEqual(orderVariants(file!, environment), ["low", "high", "size", "null"]);
  });

  it("that ask for the same go by their labels, whichever the file has first", () => {
    const same = { hw: { speed: ["low"] } };
    for (const labels of [
      ["a", "b", "c"],
      ["c", "b", "a"],
    ]) {
      const file = {
        namespaces: ["hw"],
        features: {},
        values: {},
        variants: Object.fromEntries(labels.map((label) => [label, same])),
      };
      assert.deepEqual(orderVariants(file, { hw: { speed: ["low"] } }), ["a", "b", "c", "null"]);
    }
  });

  it("are not taken from a file of another form", () => {
    const good = {
      $schema: "https://variants-schema.wheelnext.dev/v0.0.3.json",
      "default-priorities": { namespace: ["a"] },
      variants: {},
    };
    assert.ok(readVariantsFile(JSON.stringify(good)));
    for (const bad of [
      { ...good, $schema: "https://variants-schema.wheelnext.dev/v9.0.0.json" },
      { ...good, $schema: undefined },
      { ...good, "default-priorities": {} },
      { ...good, "default-priorities": { namespace: ["a"], feature: { a: "b" } } },
      { ...good, "default-priorities": { namespace: ["a"], property: { a: { b: "c" } } } },
      { ...good, variants: [] },
      { ...good, variants: { a: { b: { c: "d" } } } },
      { ...good, variants: { "A-B": {} } },
    ]) {
      assert.equal(readVariantsFile(JSON.stringify(bad)), undefined, JSON.stringify(bad));
    }
    assert.equal(readVariantsFile("{"), undefined);
  });

  it("of the conformance files are read and ordered", function () {
    if (!existsSync(FOLDER)) {
      console.warn("    skipped: the conformance set is not here");
      this.skip();
    }
    const read = (name: string) => readVariantsFile(readFileSync(new URL(name, FOLDER), "utf8"))!;
    const environment = {
      fictional_hw: { compute_capability: ["7", "6", "5", "4"], architecture: ["mother"], humor: ["2"] },
      fictional_tech: { quantum: ["foam"], technology: ["improb_drive"], risk_exposure: ["1000000000"] },
    };
    assert.deepEqual(orderVariants(read("dummy_project-1.0.0-variants.json"), environment), [
      // By capability 7, 7, 5 and, of the one with more features, 4; then the other namespace.
      "181830db",
      "72c47fce",
      "3351fc6a",
      "03e04d5e",
      "808c7f9d",
      "null",
    ]);
    assert.equal(read("sandbox_project-1.0.0-variants.json").namespaces[0], "fictional_tech");
    assert.deepEqual(
      orderVariants(read("test_package-0-variants.json"), { installable_plugin: { feat1: ["val1c"] } }),
      ["60567bd9", "foo", "null"],
    );
  });
});
