// How long a person waits for what is wrong with where a package comes from: a lock of 200 packages in the editor, all known but one
// hash, from the keystroke that wrote it to the finding; against a null request over the same pipe.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Diagnostic } from "vscode-languageserver-protocol";
import { type Editor, startEditor } from "../../server/editor.ts";
import { storeAdvisories } from "../../support/advisories.ts";
import { type BuiltArtifact, buildWheel, startIndex } from "../../support/index.ts";
import { median, type Row } from "../support.ts";

const PACKAGES = 200;
const ROUNDS = 30;
const RULE = "artifact-digest";
const REACH = 100;
/** Milliseconds between two edits: within one burst of typing, only the end of it is asked about. */
const REST = 300;

/** Measures the server over stdio with a real runner, advisories stored and every page and result of before in its knowledge. */
export async function measureEditor(): Promise<Row[]> {
  const wheels = Array.from({ length: PACKAGES }, (_value, at) =>
    buildWheel({ name: `package-${at}`, version: "1.0" }),
  );
  const index = await startIndex(
    Object.fromEntries(
      wheels.map((artifact, at) => [
        `package-${at}`,
        [{ artifact, uploadTime: "2024-01-01T00:00:00Z", provenance: null }],
      ]),
    ),
  );
  const data = mkdtempSync(join(tmpdir(), "thoth-bench-editor-"));
  await storeAdvisories(data, ADVISORIES);
  const editor = await startEditor({
    indexUrl: index.url,
    env: { XDG_DATA_HOME: data },
    settings: () => ({ environment: { pythonVersion: "3.11" } }),
  });
  try {
    return [await measure(editor, index.url, wheels)];
  } finally {
    await editor.close();
    await index.close();
    rmSync(data, { recursive: true, force: true });
  }
}

/** One advisory for each project, of releases that the lock does not hold. */
const ADVISORIES = Array.from({ length: PACKAGES }, (_value, at) => ({
  id: `GHSA-${at}`,
  modified: new Date(Date.now() - 3_600_000).toISOString(),
  affected: [
    {
      package: { ecosystem: "PyPI", name: `package-${at}` },
      ranges: [{ type: "ECOSYSTEM", events: [{ introduced: "0" }, { fixed: "0.9" }] }],
    },
  ],
}));

/** The lock, with a hash that its index does not know for the package at `wrong`. */
function lockText(url: string, wheels: readonly BuiltArtifact[], wrong?: number): string {
  const packages = wheels.map(({ sha256 }, at) => {
    const digest = at === wrong ? sha256.replace(/^./, (first) => (first === "0" ? "1" : "0")) : sha256;
    return [`package-${at}`, { hashes: [`sha256:${digest}`], index: "pypi", version: "==1.0" }] as const;
  });
  const lock = {
    _meta: {
      hash: { sha256: "0".repeat(64) },
      "pipfile-spec": 6,
      requires: {},
      sources: [{ name: "pypi", url, verify_ssl: true }],
    },
    default: Object.fromEntries(packages),
    develop: {},
  };
  return `${JSON.stringify(lock, undefined, 4)}\n`;
}

async function measure(editor: Editor, url: string, wheels: readonly BuiltArtifact[]): Promise<Row> {
  const uri = editor.uri("Pipfile.lock");
  const nothing = () =>
    editor.request("textDocument/foldingRange", { textDocument: { uri: editor.uri("none") } });
  let version = 1;
  const wrongAt = (round: number) => (round * 37) % PACKAGES;
  await editor.open(uri, lockText(url, wheels, wrongAt(0)), "json");
  await told(editor, uri, `package-${wrongAt(0)}`);
  const keystroke = async (round: number): Promise<void> => {
    await editor.change(uri, ++version, lockText(url, wheels, wrongAt(round)));
    await told(editor, uri, `package-${wrongAt(round)}`);
  };
  const nulls: number[] = [];
  const times: number[] = [];
  for (let round = 1; round <= ROUNDS; round++) {
    await sleep(REST);
    nulls.push(await timed(nothing));
    times.push(await timed(() => keystroke(round)));
  }
  const ours = median(times);
  const peer = median(nulls);
  return {
    what: `Provenance in the editor, a lock of ${PACKAGES} packages, warm, first finding`,
    ours: `${ours.toFixed(1)} ms`,
    peer: `${peer.toFixed(1)} ms (null request)`,
    ratio: ours / peer,
    reach: `≤ ${REACH} ms above`,
    met: ours - peer <= REACH,
  };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

/** Asks as an editor does, at once and whenever it is told to look again, until the package's finding is there. */
async function told(editor: Editor, uri: string, name: string): Promise<void> {
  const isIt = ({ code, message }: Diagnostic): boolean =>
    code === RULE && String(message).includes(`${name} `);
  for (;;) {
    const seen = editor.refreshes;
    if ((await editor.diagnostics(uri)).some(isIt)) return;
    await editor.until(() => editor.refreshes > seen, `a finding of ${name}`);
  }
}
