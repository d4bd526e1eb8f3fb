// How long the extension takes to activate, against the editor's own Git extension in the same window, and how large its package is.
import { stat } from "node:fs/promises";
import { packedExtension } from "../../scripts/package.ts";
import { closeBrowser, Workbench } from "../journeys/workbench.ts";
import type { Row } from "./support.ts";

const rounds = 3;
const largest = 2_000_000;

/** Opens windows one after the other, and asks each for the activation times that the editor itself measured. */
export async function run(): Promise<Row[]> {
  const ours: number[] = [];
  const git: number[] = [];
  try {
    for (let round = 0; round < rounds; round++) {
      const times = await activationTimes();
      ours.push(times.ours);
      git.push(times.git);
    }
  } finally {
    await closeBrowser();
  }
  const ratio = median(ours) / Math.max(median(git), 1);
  const { size } = await stat(await packedExtension());
  return [
    {
      what: `activation, middle of ${rounds} windows`,
      ours: `${median(ours)} ms`,
      peer: `${median(git)} ms (built-in Git)`,
      ratio,
      reach: "≤ 1.0 ×",
      met: ratio <= 1,
    },
    {
      what: "size of the VSIX",
      ours: `${(size / 1e6).toFixed(2)} MB`,
      peer: `${largest / 1e6} MB (limit)`,
      ratio: size / largest,
      reach: "≤ 1.0 ×",
      met: size <= largest,
    },
  ];
}

async function activationTimes(): Promise<{ ours: number; git: number }> {
  const workbench = await Workbench.open({
    files: { "requirements.txt": "flask==2.2.3\n" },
    open: "requirements.txt",
    settings: { "thoth.offline": true, "git.enabled": true },
    // Every row of the list is drawn only where there is room for it.
    viewport: { width: 1280, height: 2400 },
  });
  try {
    await workbench.untilLanguageMode("pip requirements");
    await workbench.lenses().first().waitFor();
    const times = await workbench.activationTimes(["thoth", "git"]);
    return { ours: times[0] ?? Number.NaN, git: times[1] ?? Number.NaN };
  } finally {
    await workbench.close();
  }
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
