// How long a person waits for the server, warm, on 1,000 lines: each answer against a null request over the same pipe.

import { type Editor, startEditor } from "../server/editor.ts";
import { buildWheel, startIndex } from "../support/index.ts";
import type { Row } from "./support.ts";

const lines = 1000;
const rounds = 60;

/** The value that 95 of 100 are below. */
function p95(times: readonly number[]): number {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * 0.95))] ?? 0;
}

async function timed(work: (round: number) => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const start = performance.now();
    await work(round);
    times.push(performance.now() - start);
  }
  return p95(times);
}

const say = (milliseconds: number): string => `${milliseconds.toFixed(1)} ms`;

function row(what: string, ours: number, nothing: number, reach: number): Row {
  return {
    what,
    ours: say(ours),
    peer: `${say(nothing)} (null request)`,
    ratio: ours / Math.max(nothing, 0.01),
    reach: `≤ ${reach} ms above`,
    met: ours - nothing <= reach,
  };
}

/** Measures the server over stdio with a real runner and an index of as many projects as there are lines. */
export async function run(): Promise<Row[]> {
  const names = Array.from({ length: lines }, (_value, at) => `package-${at}`);
  const versions = ["1.0", "1.1", "2.0"];
  const index = await startIndex(
    Object.fromEntries(names.map((name) => [name, versions.map((version) => buildWheel({ name, version }))])),
  );
  const editor = await startEditor({ indexUrl: index.url });
  try {
    return await measure(editor, names);
  } finally {
    await editor.close();
    await index.close();
  }
}

async function measure(editor: Editor, names: readonly string[]): Promise<Row[]> {
  const uri = editor.uri("requirements.txt");
  const text = names.map((name) => `${name}==1.1 ; python_version >= "3.8"\n`).join("");
  await editor.open(uri, text);
  await editor.settled(uri);
  const textDocument = { uri };
  const at = (line: number, character: number) => ({ textDocument, position: { line, character } });
  const nothing = () =>
    editor.request("textDocument/foldingRange", { textDocument: { uri: editor.uri("none") } });
  const hover = (round: number) => editor.request("textDocument/hover", at((round * 37) % lines, 3));
  const complete = (round: number) => editor.request("textDocument/completion", at((round * 37) % lines, 13));
  const inlay = (round: number) => {
    const line = (round * 16) % (lines - 60);
    return editor.request<unknown[]>("textDocument/inlayHint", {
      textDocument,
      range: { start: { line, character: 0 }, end: { line: line + 60, character: 0 } },
    });
  };
  if ((await inlay(0)).length === 0)
    throw new Error("The server has no facts: its answers would be empty and quick.");
  for (const work of [nothing, hover, complete, inlay]) await timed(work);
  const null95 = await timed(nothing);
  const rows = [
    row("hover, warm, 1,000 lines, p95", await timed(hover), null95, 10),
    row("completion, warm, 1,000 lines, p95", await timed(complete), null95, 10),
    row("inlay hints, warm, 1,000 lines, p95", await timed(inlay), null95, 10),
  ];
  let version = 1;
  const keystroke = async (round: number): Promise<void> => {
    await editor.change(uri, ++version, `${text}# ${round}\n`);
    await editor.request("textDocument/diagnostic", { textDocument });
  };
  await timed(keystroke);
  rows.push(row("local diagnostics after a keystroke, 1,000 lines, p95", await timed(keystroke), null95, 20));
  return rows;
}
