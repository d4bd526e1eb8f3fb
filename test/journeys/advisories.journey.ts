// Advisories where a person meets them: a vulnerable pin, said on its line, a proven quick fix that moves its lock too, and the policy that is written where one is accepted.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readPipfile } from "../../shared/src/manifest/pipfile.ts";
import { storeAdvisories } from "../support/advisories.ts";
import { buildWheel, type RunningIndex, startIndex } from "../support/index.ts";
import { tomlForTests } from "../support/toml.ts";
import { askingOnly, SETTLED } from "./stack.ts";
import { Workbench } from "./workbench.ts";

const advisory = (id: string, name: string, fixed: string) => ({
  id,
  modified: new Date(Date.now() - 3_600_000).toISOString(),
  severity: [{ type: "CVSS_V3", score: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N" }],
  affected: [
    {
      package: { ecosystem: "PyPI", name },
      ranges: [{ type: "ECOSYSTEM", events: [{ introduced: "0" }, { fixed }] }],
    },
  ],
});

/** A data folder in which advisories are stored already, as `thoth knowledge update advisories --from` stores them. */
async function folderWith(advisories: readonly object[]): Promise<string> {
  const data = mkdtempSync(join(tmpdir(), "thoth-journey-data-"));
  await storeAdvisories(data, advisories);
  return data;
}

describe("advisories", () => {
  const flask = {
    "2.2.3": buildWheel({ name: "flask", version: "2.2.3", requires: ["werkzeug==2.2.3"] }),
    "2.3.2": buildWheel({ name: "flask", version: "2.3.2", requires: ["werkzeug==2.3.2"] }),
    "3.1.3": buildWheel({ name: "flask", version: "3.1.3", requires: ["werkzeug==2.3.2"] }),
  };
  const werkzeug = {
    "2.2.3": buildWheel({ name: "werkzeug", version: "2.2.3" }),
    "2.3.2": buildWheel({ name: "werkzeug", version: "2.3.2" }),
  };
  let index: RunningIndex;
  let data: string;

  before(async () => {
    index = await startIndex({
      flask: { files: Object.values(flask) },
      werkzeug: { files: Object.values(werkzeug) },
    });
    data = await folderWith([
      advisory("GHSA-m2qf-hxjv-5gpq", "flask", "2.3.2"),
      advisory("GHSA-px8h-6qxv-m22q", "werkzeug", "2.3.0"),
    ]);
  });
  after(async () => {
    await index.close();
    rmSync(data, { recursive: true, force: true });
  });

  it("are said on the line, and the quick fix moves the Pipfile and its lock together", async () => {
    const line = 'flask = "==2.2.3"  # pinned by hand';
    const pipfile = `[[source]]\nname = "pypi"\nurl = "${index.url}"\nverify_ssl = true\n\n[packages]\n${line}\n`;
    const [hash] = readPipfile(pipfile, await tomlForTests()).pipfileHashes!;
    const digest = ({ bytes }: { readonly bytes: Uint8Array }) =>
      `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
    const lock = {
      _meta: { hash: { sha256: hash }, "pipfile-spec": 6, requires: {}, sources: [] },
      default: {
        flask: { hashes: [digest(flask["2.2.3"])], index: "pypi", version: "==2.2.3" },
        werkzeug: { hashes: [digest(werkzeug["2.2.3"])], version: "==2.2.3" },
      },
      develop: {},
    };
    const workbench = await Workbench.open({
      files: { Pipfile: pipfile, "Pipfile.lock": `${JSON.stringify(lock, undefined, 4)}\n` },
      open: "Pipfile",
      environment: askingOnly(index),
      settings: SETTLED,
      dataFolder: data,
    });
    await workbench.squiggles("warning").first().waitFor();
    await workbench.untilHover("flask", 7, /1 advisory, high, fixed in 2\.3\.2: GHSA-m2qf-hxjv-5gpq/);
    await workbench.keepPicture("advisory");
    await workbench.putCursorOn("2.2.3", 7);
    const title = await workbench.untilFix(/^Raise flask to 2\.3\.2 with the lock/);
    assert.match(title, /fixes 2 advisories; resolves with 2 packages/);
    await workbench.keepPicture("advisory-fix");
    await workbench.chooseFix(title);
    await workbench.untilLine(7, "==2.3.2");
    assert.equal(await workbench.untilSaved("Pipfile", /==2\.3\.2/), pipfile.replace("==2.2.3", "==2.3.2"));
    const moved = JSON.parse(await workbench.untilSaved("Pipfile.lock", /==2\.3\.2/)) as typeof lock;
    assert.deepEqual(moved.default, {
      flask: { hashes: [digest(flask["2.3.2"])], index: "pypi", version: "==2.3.2" },
      werkzeug: { hashes: [digest(werkzeug["2.3.2"])], version: "==2.3.2" },
    });
    assert.equal(
      moved._meta.hash.sha256,
      readPipfile(pipfile.replace("2.2.3", "2.3.2"), await tomlForTests()).pipfileHashes![0],
    );
  });

  it("are accepted with a reason and a day, and a package is bound to its index, in the policy that counts at once", async () => {
    const other = await startIndex({ acme: [buildWheel({ name: "acme", version: "99.0" })] });
    try {
      const click = buildWheel({ name: "click", version: "8.1" });
      index.projects.click = [click];
      const acme = buildWheel({ name: "acme", version: "1.0" });
      index.projects.acme = [acme];
      const text = `--extra-index-url ${other.url}\nflask==2.2.3  # by hand\nacme==1.0\nclick==8.1 --hash=sha256:${click.sha256}\n`;
      const bench = await Workbench.open({
        files: { "requirements.txt": text },
        open: "requirements.txt",
        environment: askingOnly(index),
        settings: SETTLED,
        dataFolder: data,
      });
      const told = async (words: string) => (await bench.problems()).filter({ hasText: words });
      const vulnerable = await told("flask 2.2.3 has 1 advisory");
      await vulnerable.waitFor();
      const twofold = await told("acme is on ");
      await twofold.waitFor();
      await bench.keepPicture("policy-1-told");

      await bench.focusFirstGroup();
      await bench.putCursorOn("2.2.3", 2);
      const accept = await bench.untilFix(/^Accept GHSA-m2qf-hxjv-5gpq of flask 2\.2\.3/);
      await bench.keepPicture("policy-2-accept");
      await bench.chooseFix(accept);
      const until = new Date(Date.now() + 30 * 86_400_000).toISOString().slice(0, 10);
      const reason = "The code that it is about is not used: see #12";
      assert.match(await bench.answer(/Why is this accepted/, reason, "policy-3-reason"), /flask 2\.2\.3/);
      await bench.answer(/Until which day/, until, "policy-4-day");
      const accepted = [
        "policy:",
        "  accept:",
        "    - advisory: GHSA-m2qf-hxjv-5gpq",
        "      package: flask",
        "      version: 2.2.3",
        `      reason: "${reason}"`,
        `      until: ${until}`,
        "",
      ].join("\n");
      assert.equal(await bench.untilFile(".thoth.yaml", /until:/), accepted);
      await vulnerable.waitFor({ state: "detached" });
      await twofold.waitFor();
      await bench.keepPicture("policy-5-accepted");

      await bench.focusFirstGroup();
      await bench.putCursorOn("acme", 3);
      const bind = await bench.untilFix(new RegExp(`^Bind acme to ${new URL(index.url).host}/simple$`));
      await bench.keepPicture("policy-6-bind");
      await bench.chooseFix(bind);
      assert.equal(
        await bench.untilFile(".thoth.yaml", /bindings:/),
        `${accepted}  bindings:\n    acme: ${index.url}\n`,
      );
      await twofold.waitFor({ state: "detached" });
      assert.equal(await vulnerable.count(), 0);
      const loose = await told("acme may come from ");
      await loose.waitFor();
      await bench.keepPicture("policy-7-bound");

      await bench.focusFirstGroup();
      await bench.putCursorOn("acme", 3);
      await bench.chooseFix(await bench.untilFix(/^Add the hashes of acme 1\.0 \(1 file\)/));
      assert.equal(
        await bench.untilSaved("requirements.txt", /acme==1\.0 \\/),
        text.replace("acme==1.0", `acme==1.0 \\\n    --hash=sha256:${acme.sha256}`),
      );
      await loose.waitFor({ state: "detached" });
      assert.equal(await twofold.count(), 0);
      await bench.keepPicture("policy-8-hashes");
    } finally {
      await other.close();
    }
  });
});
