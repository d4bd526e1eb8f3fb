// The language server over stdio with the real runner: what an editor and a person at it would see.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { CancellationTokenSource } from "vscode-jsonrpc/node";
import type {
  CodeAction,
  CompletionList,
  Hover,
  InlayHint,
  LocationLink,
} from "vscode-languageserver-protocol";
import { type ApplyEdits, commands } from "../../shared/src/protocol/editor.ts";
import { buildWheel, type RunningIndex, startIndex } from "../support/index.ts";
import { type Editor, type EditorOptions, startEditor } from "./editor.ts";

const at = (uri: string, line: number, character: number) => ({
  textDocument: { uri },
  position: { line, character },
});
const whole = { start: { line: 0, character: 0 }, end: { line: 100, character: 0 } };

describe("the language server over stdio", () => {
  let index: RunningIndex;
  const editors: Editor[] = [];
  const start = async (options: EditorOptions = {}): Promise<Editor> => {
    const editor = await startEditor({ indexUrl: index.url, ...options });
    editors.push(editor);
    return editor;
  };

  beforeEach(async () => {
    index = await startIndex({
      flask: [
        buildWheel({
          name: "flask",
          version: "2.2.3",
          requires: ["werkzeug>=2"],
          summary: "A small framework",
        }),
        { artifact: buildWheel({ name: "flask", version: "2.2.5" }), yanked: "broken wheel" },
        buildWheel({ name: "flask", version: "3.1.3" }),
      ],
      werkzeug: [buildWheel({ name: "werkzeug", version: "3.0.0" })],
    });
  });
  afterEach(async () => {
    await Promise.all(editors.splice(0).map((editor) => editor.close()));
    await index.close();
  });

  const hoverAt = async (editor: Editor, uri: string, line: number, character: number): Promise<string> => {
    const hover = await editor.request<Hover | null>("textDocument/hover", at(uri, line, character));
    return (hover?.contents as { value: string } | undefined)?.value ?? "";
  };
  const actionsAt = (editor: Editor, uri: string, line: number): Promise<CodeAction[]> =>
    editor.request("textDocument/codeAction", {
      textDocument: { uri },
      range: { start: { line, character: 0 }, end: { line, character: 0 } },
      context: { diagnostics: [] },
    });

  it("answers a hover with what the index knows, waiting a moment for it", async () => {
    const editor = await start();
    // The moment is for the index, not for the runner's start.
    await editor.open(editor.uri("other-requirements.txt"), "werkzeug==3.0.0\n");
    await editor.settled(editor.uri("other-requirements.txt"));
    const uri = editor.uri("requirements.txt");
    await editor.open(uri, "flask==2.2.3\n");
    const text = await hoverAt(editor, uri, 0, 2);
    assert.match(text, /^\*\*flask 2\.2\.3\*\*/);
    assert.match(text, /Newest compatible \*\*3\.1\.3\*\*/);
    assert.match(text, /A small framework/);
  });

  it("shows syntax at once and yanked releases when the index has answered, with one refresh in between", async () => {
    const editor = await start();
    const uri = editor.uri("requirements.txt");
    await editor.open(uri, "flask==2.2.5\nwerkzeug=3\n");
    const first = await editor.diagnostics(uri);
    assert.ok(first.some((item) => item.code === "invalid-syntax"));
    await editor.until(() => editor.refreshes > 0, "a refresh");
    await editor.settled(uri);
    const later = await editor.diagnostics(uri);
    const yanked = later.find((item) => item.code === "yanked-release");
    assert.match(String(yanked?.message), /flask 2\.2\.5 is yanked: "broken wheel"/);
    assert.match(yanked?.codeDescription?.href ?? "", /yanked-release/);
  });

  it("answers “unchanged” while text, snapshot and settings are what they were", async () => {
    const editor = await start();
    const uri = editor.uri("requirements.txt");
    await editor.open(uri, "flask==2.2.5\n");
    await editor.settled(uri);
    type Report = { kind: string; resultId: string };
    const first = await editor.request<Report>("textDocument/diagnostic", { textDocument: { uri } });
    const again = await editor.request<Report>("textDocument/diagnostic", {
      textDocument: { uri },
      previousResultId: first.resultId,
    });
    assert.equal(first.kind, "full");
    assert.deepEqual(again, { kind: "unchanged", resultId: first.resultId });
    await editor.change(uri, 2, "flask==2.2.5 # so\n");
    const changed = await editor.request<Report>("textDocument/diagnostic", {
      textDocument: { uri },
      previousResultId: first.resultId,
    });
    assert.equal(changed.kind, "full");
  });

  it("pins through a command and refuses when the text has moved on", async () => {
    const editor = await start();
    const uri = editor.uri("requirements.txt");
    await editor.open(uri, "flask==2.2.3  # web\r\n");
    await editor.settled(uri);
    const pin = (await actionsAt(editor, uri, 0)).find((action) => /3\.1\.3/.test(action.title));
    assert.equal(pin?.edit, undefined);
    assert.equal(pin?.command?.command, commands.apply);
    const plan = pin?.command?.arguments?.[0] as ApplyEdits;
    assert.deepEqual(await editor.execute(commands.apply, plan), { applied: true });
    assert.deepEqual(editor.appliedEdits, [
      {
        documentChanges: [
          {
            textDocument: { uri, version: 1 },
            edits: [
              {
                range: { start: { line: 0, character: 5 }, end: { line: 0, character: 12 } },
                newText: "==3.1.3",
              },
            ],
          },
        ],
      },
    ]);
    await editor.change(uri, 2, "\r\nflask==2.2.3  # web\r\n");
    const refused = await editor.execute<{ applied: boolean; message: string }>(commands.apply, plan);
    assert.equal(refused.applied, false);
    assert.match(refused.message, /changed since this fix was planned/);
    assert.equal(editor.appliedEdits.length, 1);
    assert.ok(editor.warnings.includes(refused.message));
  });

  it("refuses to edit a file on disk that is not what the fix was planned on", async () => {
    const editor = await start();
    const path = join(editor.folder, "base.txt");
    writeFileSync(path, "flask==2.2.3\n");
    const uri = pathToFileURL(path).href;
    const digest = (text: string): string => createHash("sha256").update(text).digest("hex");
    const edits = [
      { range: { start: { line: 0, character: 0 }, end: { line: 0, character: 0 } }, newText: "# " },
    ];
    const plan = (text: string): ApplyEdits => ({
      title: "Test",
      documents: [{ uri, version: null, digest: digest(text), edits }],
    });
    assert.equal(
      (await editor.execute<{ applied: boolean }>(commands.apply, plan("flask==1\n"))).applied,
      false,
    );
    assert.equal(
      (await editor.execute<{ applied: boolean }>(commands.apply, plan("flask==2.2.3\n"))).applied,
      true,
    );
  });

  it("sends what was in flight again when the runner is killed, without a word to the person", async () => {
    let killed = 0;
    await index.close();
    index = await startIndex(
      { flask: [buildWheel({ name: "flask", version: "3.1.3" })] },
      {
        // The first request of the first runner never gets an answer: its runner is killed in the middle of a call.
        misbehave: () => {
          if (killed > 0) return false;
          killed++;
          for (const pid of editor.runners()) process.kill(pid, "SIGKILL");
          return true;
        },
      },
    );
    const editor: Editor = await start();
    const uri = editor.uri("requirements.txt");
    await editor.open(uri, "flask==3.1.3\n");
    await editor.settled(uri);
    assert.equal(killed, 1);
    assert.match(await hoverAt(editor, uri, 0, 2), /flask 3\.1\.3\*\* suits this environment/);
    assert.deepEqual(editor.warnings, []);
    assert.match(editor.log.join(""), /Sent again after a restart: facts/);
  });

  it("says once that the runner cannot be started, and keeps the local pass", async () => {
    const editor = await start({ runner: "/nowhere/thoth.js" });
    const uri = editor.uri("requirements.txt");
    await editor.open(uri, "flask=2\n");
    const other = editor.uri("dev-requirements.txt");
    await editor.open(other, "werkzeug\n");
    await editor.settled(uri);
    await editor.settled(other);
    assert.equal(editor.warnings.length, 1);
    assert.match(editor.warnings[0] ?? "", /runner is missing/);
    assert.equal(editor.statuses.at(-1)?.state, "runner-failed");
    assert.ok((await editor.diagnostics(uri)).some((item) => item.code === "invalid-syntax"));
  });

  it("starts no process and asks nobody before the workspace is trusted, and says so", async () => {
    const editor = await start({ trusted: false });
    const uri = editor.uri("requirements.txt");
    await editor.open(uri, "flask=2\nwerkzeug==3.0.0\n-r file://host/share/more.txt\n");
    await editor.settled(uri);
    assert.match(await hoverAt(editor, uri, 1, 2), /not checked: the workspace is not trusted/);
    assert.ok((await editor.diagnostics(uri)).some((item) => item.code === "invalid-syntax"));
    assert.equal(editor.statuses.at(-1)?.state, "untrusted");
    assert.deepEqual(editor.runners(), []);
    assert.deepEqual(index.requests, []);
    await assert.rejects(editor.execute(commands.validate, { uri }), /not trusted/);
    const told = editor.statuses.length;
    await editor.connection.sendNotification("thoth/trustGranted");
    await editor.until(
      () => editor.statuses.slice(told).some((status) => status.state === "idle"),
      "trust took effect",
    );
    assert.match(await hoverAt(editor, uri, 1, 2), /werkzeug 3\.0\.0\*\* suits/);
  });

  it("serves an untitled document", async () => {
    const editor = await start();
    await editor.open("untitled:Untitled-1", "flask==2.2.3\n");
    await editor.settled("untitled:Untitled-1");
    assert.match(await hoverAt(editor, "untitled:Untitled-1", 0, 1), /Newest compatible \*\*3\.1\.3/);
  });

  it("counts UTF-16 over text beyond the basic plane and over CRLF", async () => {
    const editor = await start();
    const uri = editor.uri("requirements.txt");
    await editor.open(uri, "# 𝒇𝒍𝒂𝒔𝒌 🧪\r\nwerkzeug==3.0.0 # 🧪\r\nflask==2.2.5\r\n");
    await editor.settled(uri);
    const yanked = (await editor.diagnostics(uri)).find((item) => item.code === "yanked-release");
    assert.equal(yanked?.range.start.line, 2);
    const hints = await editor.request<InlayHint[]>("textDocument/inlayHint", {
      textDocument: { uri },
      range: whole,
    });
    assert.deepEqual(hints.at(-1)?.position, { line: 2, character: 12 });
  });

  it("follows includes into unopened files, and prefers an open buffer to the disk", async () => {
    const editor = await start();
    const base = join(editor.folder, "base.txt");
    writeFileSync(base, "flask==2.2.5\n");
    const uri = editor.uri("requirements.txt");
    await editor.open(uri, "-r base.txt\nwerkzeug==3.0.0\n");
    await editor.settled(uri);
    const including = (await editor.diagnostics(uri)).find((item) => item.code === "yanked-release");
    assert.equal(including?.range.start.line, 0);
    assert.match(String(including?.message), /^base\.txt line 1: /);
    assert.equal(including?.relatedInformation?.[0]?.location.uri, pathToFileURL(base).href);
    const links = await editor.request<LocationLink[]>("textDocument/definition", at(uri, 0, 5));
    assert.equal(JSON.stringify(links).includes(pathToFileURL(base).href), true);
    await editor.open(pathToFileURL(base).href, "flask==3.1.3\n");
    const after = await editor.diagnostics(uri);
    assert.equal(
      after.some((item) => item.code === "yanked-release"),
      false,
    );
  });

  it("keeps settings of two roots apart and tells a bad one once", async () => {
    const folders = ["one", "two"];
    const editor = await start({
      settings: (uri) =>
        uri?.includes("/two/") ? { rules: { "unpinned-requirement": "error" }, offline: "yes" } : {},
    });
    for (const name of folders) mkdirSync(join(editor.folder, name));
    const [one = "", two = ""] = folders.map((name) => editor.uri(`${name}/requirements.txt`));
    await editor.open(one, "flask\n");
    await editor.open(two, "flask\n");
    const severityIn = async (uri: string) =>
      (await editor.diagnostics(uri)).find((item) => item.code === "unpinned-requirement")?.severity;
    assert.equal(await severityIn(one), 4);
    assert.equal(await severityIn(two), 1);
    await editor.diagnostics(two);
    assert.equal(editor.warnings.filter((message) => message.includes("thoth.offline")).length, 1);
  });

  it("pushes with versions to a client that cannot pull, and never to one that can", async () => {
    const editor = await start({ pull: false });
    assert.equal(editor.initialized.capabilities.diagnosticProvider, undefined);
    const uri = editor.uri("requirements.txt");
    await editor.open(uri, "flask==2.2.5\n");
    await editor.until(
      () => editor.pushed.some((push) => push.diagnostics.some((item) => item.code === "yanked-release")),
      "the finding was pushed",
    );
    await editor.change(uri, 2, "flask=2\n");
    await editor.until(() => editor.pushed.at(-1)?.version === 2, "the second version was pushed");
    assert.ok(editor.pushed.at(-1)?.diagnostics.some((item) => item.code === "invalid-syntax"));

    const puller = await start();
    await puller.open(puller.uri("requirements.txt"), "flask==2.2.5\n");
    await puller.settled(puller.uri("requirements.txt"));
    await puller.diagnostics(puller.uri("requirements.txt"));
    assert.deepEqual(puller.pushed, []);
  });

  it("cancels a hover that waits, and a check that hangs", async () => {
    await index.close();
    index = await startIndex({}, { misbehave: () => true });
    const editor = await start();
    const uri = editor.uri("requirements.txt");
    await editor.open(uri, "flask==2.2.5\n");
    const source = new CancellationTokenSource();
    const hover = editor.connection.sendRequest("textDocument/hover", at(uri, 0, 2), source.token);
    source.cancel();
    await assert.rejects(hover, /[Cc]ancel/);
    const stop = new CancellationTokenSource();
    const check = editor.connection.sendRequest(
      "workspace/executeCommand",
      { command: commands.check, arguments: [{ uri }] },
      stop.token,
    );
    stop.cancel();
    await assert.rejects(check, /[Cc]ancel/);
    assert.equal(
      await editor.request("textDocument/documentLink", { textDocument: { uri } }).then(() => "alive"),
      "alive",
    );
  });

  it("says “checking” in a hover when the index takes longer than a second", async () => {
    await index.close();
    index = await startIndex({}, { misbehave: () => true });
    const editor = await start();
    const uri = editor.uri("requirements.txt");
    await editor.open(uri, "flask==2.2.5\n");
    assert.match(await hoverAt(editor, uri, 0, 2), /checking/);
  });

  it("completes names that are known, versions newest first with the yanked last, and paths", async () => {
    const editor = await start();
    writeFileSync(join(editor.folder, "base.txt"), "");
    const uri = editor.uri("requirements.txt");
    await editor.open(uri, "flask==2.2.3\nflask==\nfl\n-r b\n");
    await editor.settled(uri);
    const labels = async (line: number, character: number): Promise<string[]> =>
      (await editor.request<CompletionList>("textDocument/completion", at(uri, line, character))).items.map(
        (item) => item.label,
      );
    assert.deepEqual(await labels(1, 7), ["3.1.3", "2.2.3", "2.2.5"]);
    assert.ok((await labels(2, 2)).includes("flask"));
    assert.deepEqual(await labels(3, 4), ["base.txt"]);
  });

  it("reads a Pipfile with its lock", async () => {
    const editor = await start();
    const text = `[[source]]\nname = "local"\nurl = "${index.url}"\nverify_ssl = false\n\n[packages]\nflask = "==2.2.5"\n`;
    const lock = {
      _meta: { hash: { sha256: "0".repeat(64) }, sources: [] },
      default: { flask: { version: "==2.2.5" } },
      develop: {},
    };
    writeFileSync(join(editor.folder, "Pipfile"), text);
    writeFileSync(join(editor.folder, "Pipfile.lock"), JSON.stringify(lock, null, 4));
    assert.ok(existsSync(join(editor.folder, "Pipfile.lock")));
    const uri = editor.uri("Pipfile");
    await editor.open(uri, text, "pipfile");
    await editor.settled(uri);
    const codes = (await editor.diagnostics(uri)).map((item) => item.code);
    assert.ok(codes.includes("yanked-release"), String(codes));
    assert.ok(codes.includes("lock-out-of-date"), String(codes));
    const links = await editor.request<{ targetUri?: string; uri?: string }[]>(
      "textDocument/definition",
      at(uri, 6, 2),
    );
    assert.deepEqual(
      links.map((link) => link.targetUri ?? link.uri),
      [editor.uri("Pipfile.lock")],
    );
  });

  it("answers in bounds for a line of ten megabytes", async () => {
    const editor = await start();
    const uri = editor.uri("requirements.txt");
    await editor.open(uri, `flask==${"1".repeat(10_000_000)}\n`);
    const [told, ...more] = await editor.diagnostics(uri);
    assert.match(String(told?.message), /larger than 8 MB/);
    assert.deepEqual(more, []);
  });
});
