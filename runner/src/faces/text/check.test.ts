// The text of a check as a person sees it: rules lined up behind the messages, whatever one long message does.
import assert from "node:assert/strict";
import type { CheckFinding, CheckOutput } from "../../../../shared/src/protocol/check.ts";
import { createTerminal } from "../terminal.ts";
import { checkText } from "./check.ts";

const finding = (line: number, message: string): CheckFinding => ({
  rule: "yanked-release",
  severity: "warning",
  message,
  range: { start: { line, character: 0 }, end: { line, character: 1 } },
  evidence: [],
  fixes: [],
});

describe("the text of a check", () => {
  it("lines up the rules behind the messages of common length, and lets a longer one stand out", () => {
    const long = `demo is yanked: "${"x".repeat(120)}"`;
    const result: CheckOutput = {
      files: [
        {
          path: "requirements.txt",
          findings: [finding(0, "short"), finding(1, "somewhat longer"), finding(2, long)],
        },
      ],
      silenced: 0,
      accepted: 0,
      packages: 1,
      indexes: [],
    };
    const terminal = createTerminal({ stream: {}, env: {} });
    const lines = checkText({ result, notChecked: [] }, terminal, { now: 0, verbose: false }).split("\n");
    assert.deepEqual(lines.slice(1, 4), [
      "  1:1  warning  short            yanked-release",
      "  2:1  warning  somewhat longer  yanked-release",
      `  3:1  warning  ${long}  yanked-release`,
    ]);
  });
});
