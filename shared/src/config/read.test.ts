// `.thoth.yaml`: what it says, and where it is wrong.
import assert from "node:assert/strict";
import { readConfiguration } from "./read.ts";

function problems(text: string): string[] {
  return readConfiguration(text).problems.map(({ code, line, message }) => `${line} ${code} ${message}`);
}

describe(".thoth.yaml", () => {
  it("says which environments there are and how stacks are resolved", () => {
    const { configuration, problems } = readConfiguration(
      [
        "environments:",
        "  gpu-node:",
        '    python: "3.11"',
        "    platform: x86_64-manylinux_2_28",
        "    gpu: {vendor: nvidia, driver: 580.65.06}",
        "    torch-backend: auto",
        "  laptop: {platform: macos, gpu: false}",
        "lock: {environments: [gpu-node, laptop]}",
        "index-strategy: unsafe-best-match",
        "exclude-newer: 3 days",
        "exclude-newer-package: {numpy: 2026-01-31, torch: false}",
        "index-bindings: {torch: pytorch}",
      ].join("\n"),
    );
    assert.deepEqual(problems, []);
    assert.equal(configuration?.environments?.["gpu-node"]?.python, "3.11");
    assert.deepEqual(configuration?.environments?.["gpu-node"]?.gpu, {
      vendor: "nvidia",
      driver: "580.65.06",
    });
    assert.deepEqual(configuration?.lock?.environments, ["gpu-node", "laptop"]);
    assert.deepEqual(configuration?.["exclude-newer-package"], { numpy: "2026-01-31", torch: false });
  });

  it("says nothing where it is empty or only comments", () => {
    for (const text of ["", "# nothing\n", "---\n"]) {
      assert.deepEqual(readConfiguration(text), { configuration: {}, problems: [] });
    }
  });

  it("passes an unknown key over and says its line", () => {
    const text =
      "index-strategy: first-index\nindex-stratgy: x\nenvironments:\n  a:\n    pyhton: '3.11'\n    platform: linux\n";
    assert.deepEqual(problems(text), [
      "2 unknown-key index-stratgy is not a key that Thoth knows.",
      "5 unknown-key environments.a.pyhton is not a key that Thoth knows.",
    ]);
    assert.deepEqual(readConfiguration(text).configuration, {
      "index-strategy": "first-index",
      environments: { a: { platform: "linux" } },
    });
  });

  it("wants a version in quotes, since YAML reads 3.10 as 3.1", () => {
    assert.deepEqual(problems("environments:\n  a:\n    python: 3.10\n"), [
      '3 bad-value environments.a.python: write it in quotes: "3.1" may not be what was meant.',
    ]);
  });

  it("says what is wanted where a value is wrong, and then gives no configuration", () => {
    const text = "index-strategy: best\ntorch-backend: cuda\nvariants: maybe\nexclude: numpy\n";
    assert.deepEqual(problems(text), [
      "1 bad-value index-strategy: one of first-index, unsafe-first-match, unsafe-best-match is wanted here.",
      "2 bad-value torch-backend: is no back-end: auto, cpu, cu128 and its like, rocm6.4 and its like, or xpu.",
      "3 bad-value variants: true or false is wanted here.",
      "4 bad-value exclude: a list is wanted here.",
    ]);
    assert.equal(readConfiguration(text).configuration, undefined);
  });

  it("says where the text is not YAML, and never expands a bomb", () => {
    assert.match(problems("a: [1, 2\nb: 3\n").join(), /bad-syntax this is not YAML/);
    const bomb = ["a: &a [x, x, x, x, x, x, x, x, x, x]"];
    for (let at = 1; at < 9; at++) {
      const [before, now] = ["abcdefghij"[at - 1], "abcdefghij"[at]];
      bomb.push(`${now}: &${now} [${Array(10).fill(`*${before}`).join(", ")}]`);
    }
    assert.match(problems(bomb.join("\n")).join(), /bad-syntax it cannot be read/);
    assert.deepEqual(problems("- a list\n").length, 1);
  });
});
