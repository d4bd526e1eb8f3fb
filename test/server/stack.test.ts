// The third pass over stdio with the real runner: conflicts, proven fixes, what lines do, the newest set.
import assert from "node:assert/strict";
import type {
  CodeAction,
  CodeLens,
  CompletionItem,
  CompletionList,
  Hover,
} from "vscode-languageserver-protocol";
import {
  type ApplyEdits,
  clientCommands,
  commands,
  type UpdateProposal,
} from "../../shared/src/protocol/editor.ts";
import { buildWheel, type RunningIndex, startIndex } from "../support/index.ts";
import { type Editor, startEditor } from "./editor.ts";

const wheel = (name: string, version: string, ...requires: string[]) =>
  buildWheel({ name, version, requires });

describe("the resolver behind the language server", () => {
  let index: RunningIndex;
  let editor: Editor;

  beforeEach(async () => {
    index = await startIndex({
      web: [wheel("web", "1.0", "base<2"), wheel("web", "2.0", "base>=2", "json")],
      base: [wheel("base", "1.0"), wheel("base", "2.0")],
      json: [wheel("json", "1.0")],
      other: [wheel("other", "1.0", "base<2")],
    });
    editor = await startEditor({
      indexUrl: index.url,
      settings: () => ({ environment: { pythonVersion: "3.11" } }),
    });
  });
  afterEach(async () => {
    await editor.close();
    await index.close();
  });

  const conflictsOf = async (uri: string) =>
    (await editor.diagnostics(uri)).filter(({ code }) => code === "conflicting-requirements");
  const actionsAt = (uri: string, line: number): Promise<CodeAction[]> =>
    editor.request("textDocument/codeAction", {
      textDocument: { uri },
      range: { start: { line, character: 0 }, end: { line, character: 0 } },
      context: { diagnostics: [] },
    });
  const lensOf = async (uri: string): Promise<CodeLens | undefined> =>
    (await editor.request<CodeLens[]>("textDocument/codeLens", { textDocument: { uri } }))[0];
  const hoverAt = async (uri: string, line: number): Promise<string> => {
    const position = { line, character: 1 };
    const hover = await editor.request<Hover | null>("textDocument/hover", {
      textDocument: { uri },
      position,
    });
    return (hover?.contents as { value: string } | undefined)?.value ?? "";
  };

  it("tells a conflict on each of its lines, offers what was proven to help, and is content when it is done", async () => {
    const uri = editor.uri("requirements.txt");
    await editor.open(uri, "web==1.0\nbase>=2\n");
    await editor.settled(uri);
    const told = await conflictsOf(uri);
    assert.deepEqual(
      told.map(({ range, message }) => `${range.start.line + 1} ${message}`),
      [
        "1 web 1.0 needs base <2; line 2 asks for >=2.",
        "2 base >=2 cannot be met: web 1.0 (line 1) needs base <2.",
      ],
    );
    assert.deepEqual(
      told.map(({ relatedInformation }) =>
        relatedInformation?.map(({ location }) => location.range.start.line),
      ),
      [[1], [0]],
    );
    const lens = await lensOf(uri);
    assert.match(lens?.command?.title ?? "", /^Does not resolve/);
    assert.equal(lens?.command?.command, clientCommands.explain);
    const fix = (await actionsAt(uri, 1)).find(({ title }) => title.startsWith("Change web to ==2.0"));
    assert.equal(fix?.title, "Change web to ==2.0 (resolves with 3 packages)");
    const plan = fix?.command?.arguments?.[0] as ApplyEdits;
    assert.deepEqual(plan.documents[0]?.edits, [
      { range: { start: { line: 0, character: 3 }, end: { line: 0, character: 8 } }, newText: "==2.0" },
    ]);
    await editor.change(uri, 2, "web==2.0\nbase>=2\n");
    await editor.diagnostics(uri);
    await editor.until(
      () => /Resolves, 3 packages/.test(editor.statuses.at(-1)?.message ?? ""),
      "it resolves",
    );
    assert.deepEqual(await conflictsOf(uri), []);
  });

  it("offers a version only with its proof, and says why another does not resolve", async () => {
    const uri = editor.uri("requirements.txt");
    await editor.open(uri, "web==1.0\n");
    await editor.settled(uri);
    const [pin] = (await actionsAt(uri, 0)).filter(({ title }) => title.startsWith("Pin to 2.0"));
    assert.equal(pin?.title, "Pin to 2.0 (newest compatible; resolves with 3 packages, 3 change)");
    assert.equal(pin?.isPreferred, true);
    await editor.change(uri, 2, "web==1.0\nother\n");
    await editor.diagnostics(uri);
    await editor.until(
      () => /Resolves, 3 packages/.test(editor.statuses.at(-1)?.message ?? ""),
      "it resolves",
    );
    const [refused] = (await actionsAt(uri, 0)).filter(({ title }) => title.startsWith("Pin to 2.0"));
    assert.match(refused?.disabled?.reason ?? "", /does not resolve/);
  });

  it("says in a hover what a line brings in and what holds it back", async () => {
    const uri = editor.uri("requirements.txt");
    await editor.open(uri, "web\nother\nbase\n");
    await editor.settled(uri);
    assert.match(await hoverAt(uri, 0), /Brings in 1 package: base · others need all of them too/);
    assert.match(await hoverAt(uri, 2), /Held back from 2\.0 by other 1\.0 \(line 2\)/);
    const text = await editor.execute<string>(commands.explain, { uri, position: { line: 2, character: 0 } });
    assert.match(text, /requirements\.txt resolves for .*, 3 packages\./);
    assert.match(text, /- base 1\.0: Held back from 2\.0 by other 1\.0 \(line 2\)/);
  });

  it("proposes the newest set that resolves as texts for a diff with a plan, and changes nothing by itself", async () => {
    const uri = editor.uri("requirements.txt");
    await editor.open(uri, "web == 1.0  # site\nbase<2\n");
    await editor.settled(uri);
    const proposal = await editor.execute<UpdateProposal>(commands.updateAll, { uri });
    assert.equal(proposal.message, "web 1.0 → 2.0, base 1.0 → 2.0: resolves with 3 packages, 3 change");
    assert.equal(editor.appliedEdits.length, 0);
    assert.deepEqual(proposal.texts, [{ uri, text: "web == 2.0  # site\nbase<3\n" }]);
    await editor.execute(commands.apply, proposal.plan);
    assert.equal(editor.appliedEdits.length, 1);
    const texts = proposal.plan?.documents[0]?.edits.map(({ newText }) => newText);
    assert.deepEqual(texts, ["== 2.0", "<3"]);
  });

  it("resolves the good lines around one that is being typed", async () => {
    const uri = editor.uri("requirements.txt");
    await editor.open(uri, "web\nbase>=\n");
    await editor.settled(uri);
    assert.match((await lensOf(uri))?.command?.title ?? "", /^Resolves, 3 packages, without 1 line/);
  });

  it("says that it was not checked where an index refuses, and offers no version for it", async () => {
    const closed = await startIndex(
      { web: [wheel("web", "1.0", "gone"), wheel("web", "2.0", "gone")] },
      {
        misbehave: (request, response) => {
          if (!request.url?.includes("/gone/")) return false;
          response.writeHead(503).end();
          return true;
        },
      },
    );
    const text = `--index-url ${closed.url}\nweb==1.0\n`;
    const uri = editor.uri("requirements.txt");
    try {
      await editor.open(uri, text);
      await editor.settled(uri);
      assert.match((await lensOf(uri))?.command?.title ?? "", /not checked whether it resolves/);
      const [pin] = (await actionsAt(uri, 1)).filter(({ title }) => title.startsWith("Pin to 2.0"));
      assert.match(pin?.disabled?.reason ?? "", /^Not proven: gone cannot be resolved/);
    } finally {
      await closed.close();
    }
  });

  it("marks in a completion what resolves, when an item is looked at", async () => {
    const uri = editor.uri("requirements.txt");
    await editor.open(uri, "other\nweb==\n");
    await editor.settled(uri);
    const { items } = await editor.request<CompletionList>("textDocument/completion", {
      textDocument: { uri },
      position: { line: 1, character: 5 },
    });
    const details: Record<string, string | undefined> = {};
    for (const item of items) {
      const resolved = await editor.request<CompletionItem>("completionItem/resolve", item);
      details[item.label] = resolved.detail;
    }
    assert.match(details["1.0"] ?? "", /resolves with 3 packages/);
    assert.match(details["2.0"] ?? "", /does not resolve/);
  });
});
