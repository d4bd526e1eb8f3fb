// The server with a real runner and stored advisories: one warning, and a quick fix that moves the lock along.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CodeAction } from "vscode-languageserver-protocol";
import { readPipfile } from "../../shared/src/manifest/pipfile.ts";
import { storeAdvisories } from "../support/advisories.ts";
import { buildWheel, startIndex } from "../support/index.ts";
import { tomlForTests } from "../support/toml.ts";
import { startEditor } from "./editor.ts";

const ADVISORY = {
  id: "GHSA-aaaa-bbbb-cccc",
  modified: new Date(Date.now() - 3_600_000).toISOString(),
  severity: [{ type: "CVSS_V3", score: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N" }],
  affected: [
    {
      package: { ecosystem: "PyPI", name: "gamma" },
      ranges: [{ type: "ECOSYSTEM", events: [{ introduced: "0" }, { fixed: "1.5" }] }],
    },
  ],
};

describe("the server with advisories", function () {
  this.timeout(60_000);

  it("warns on the line, and its quick fix moves the Pipfile and the lock together", async () => {
    const wheels = {
      beta: [
        buildWheel({ name: "beta", version: "1.0", requires: ["gamma==1.0"] }),
        buildWheel({ name: "beta", version: "1.5", requires: ["gamma==1.5"] }),
      ],
      gamma: [buildWheel({ name: "gamma", version: "1.0" }), buildWheel({ name: "gamma", version: "1.5" })],
    };
    // Everything can be checked: when each file came, and that nobody attested it.
    const checkable = (artifacts: typeof wheels.beta) =>
      artifacts.map((artifact) => ({ artifact, uploadTime: "2024-01-01T00:00:00Z", provenance: null }));
    const index = await startIndex({ beta: checkable(wheels.beta), gamma: checkable(wheels.gamma) });
    const data = mkdtempSync(join(tmpdir(), "thoth-data-"));
    await storeAdvisories(data, [ADVISORY]);
    const editor = await startEditor({
      indexUrl: index.url,
      env: { XDG_DATA_HOME: data },
      settings: () => ({ environment: { pythonVersion: "3.11" } }),
    });
    try {
      const pipfile = `[[source]]\nname = "pypi"\nurl = "${index.url}"\nverify_ssl = true\n\n[packages]\nbeta = "==1.0"\n`;
      const digest = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
      const locked = (version: string, bytes: Uint8Array) => ({
        hashes: [`sha256:${digest(bytes)}`],
        version: `==${version}`,
      });
      const [hash] = readPipfile(pipfile, await tomlForTests()).pipfileHashes!;
      const lock = `${JSON.stringify(
        {
          _meta: { hash: { sha256: hash }, "pipfile-spec": 6, requires: {}, sources: [] },
          default: {
            beta: locked("1.0", wheels.beta[0]!.bytes),
            gamma: locked("1.0", wheels.gamma[0]!.bytes),
          },
          develop: {},
        },
        undefined,
        4,
      )}\n`;
      writeFileSync(join(editor.folder, "Pipfile"), pipfile);
      writeFileSync(join(editor.folder, "Pipfile.lock"), lock);
      const uri = editor.uri("Pipfile");
      await editor.open(uri, pipfile, "pip-pipfile");
      await editor.settled(uri);
      const line = pipfile.split("\n").indexOf('beta = "==1.0"');
      const range = { start: { line, character: 1 }, end: { line, character: 1 } };
      const actionsNow = async () =>
        (await editor.request<CodeAction[]>("textDocument/codeAction", {
          textDocument: { uri },
          range,
          context: { diagnostics: [] },
        })) ?? [];
      let action: CodeAction | undefined;
      const look = async (): Promise<void> => {
        action = (await actionsNow()).find(({ title }) => /^Raise beta to 1\.5/.test(title));
      };
      for (let round = 0; action === undefined && round < 200; round++) {
        const seen = editor.statuses.length + editor.refreshes;
        await look();
        if (action === undefined) {
          await editor.until(() => editor.statuses.length + editor.refreshes > seen, "an answer more");
        }
      }
      assert.match(
        action!.title,
        /with the lock \(brings gamma 1\.5; fixes 1 advisory; resolves with 2 packages\)/,
      );
      const diagnostics = await editor.diagnostics(uri);
      assert.deepEqual(
        diagnostics.map(({ message }) => message),
        ["gamma 1.0, which beta brings in, has 1 advisory, high, fixed in 1.5: GHSA-aaaa-bbbb-cccc."],
      );
      const { command, arguments: [argument] = [] } = action!.command!;
      await editor.execute(command, argument);
      const [edit] = editor.appliedEdits as { documentChanges: { textDocument: { uri: string } }[] }[];
      assert.deepEqual(
        edit!.documentChanges.map(({ textDocument }) => textDocument.uri.split("/").at(-1)).sort(),
        ["Pipfile", "Pipfile.lock"],
      );
      const text = JSON.stringify(edit);
      assert.ok(text.includes(digest(wheels.gamma[1]!.bytes)), "the hash of the release that was proven");
      assert.ok(text.includes(digest(wheels.beta[1]!.bytes)));
    } finally {
      await editor.close();
      await index.close();
      rmSync(data, { recursive: true, force: true });
    }
  });

  it("asks anew when a .thoth.yaml is written: what it accepts is no diagnostic any more", async () => {
    const index = await startIndex({ gamma: { files: [buildWheel({ name: "gamma", version: "1.0" })] } });
    const data = mkdtempSync(join(tmpdir(), "thoth-data-"));
    await storeAdvisories(data, [ADVISORY]);
    const editor = await startEditor({
      indexUrl: index.url,
      env: { XDG_DATA_HOME: data },
      settings: () => ({ environment: { pythonVersion: "3.11" } }),
    });
    try {
      const uri = editor.uri("requirements.txt");
      await editor.open(uri, "gamma==1.0\n");
      await editor.settled(uri);
      assert.deepEqual(
        (await editor.diagnostics(uri)).map(({ code }) => code),
        ["known-vulnerability"],
      );
      const until = new Date(Date.now() + 30 * 86_400_000).toISOString().slice(0, 10);
      writeFileSync(
        join(editor.folder, ".thoth.yaml"),
        `policy:\n  accept:\n    - {advisory: ${ADVISORY.id}, package: gamma, version: "1.0", reason: unused, until: ${until}}\n`,
      );
      const written = { changes: [{ uri: editor.uri(".thoth.yaml"), type: 1 }] };
      await editor.connection.sendNotification("workspace/didChangeWatchedFiles", written);
      let told = await editor.diagnostics(uri);
      while (told.length > 0) {
        const seen = editor.refreshes;
        told = await editor.diagnostics(uri);
        if (told.length > 0) await editor.until(() => editor.refreshes > seen, "another answer");
      }
    } finally {
      await editor.close();
      await index.close();
      rmSync(data, { recursive: true, force: true });
    }
  });
});
