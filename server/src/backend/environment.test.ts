// What a runner inherits.
import assert from "node:assert/strict";
import { runnerEnvironment } from "./environment.ts";

describe("the runner's environment", () => {
  it("has none of the editor's own variables, and keeps the person's", () => {
    const env = {
      VSCODE_PID: "1",
      ELECTRON_NO_ASAR: "1",
      vscode_ipc: "x",
      PATH: "/bin",
      PIP_INDEX_URL: "u",
      GONE: undefined,
    };
    assert.deepEqual(runnerEnvironment(env), { PATH: "/bin", PIP_INDEX_URL: "u", ELECTRON_RUN_AS_NODE: "1" });
  });
});
