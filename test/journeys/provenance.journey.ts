// Provenance: an artifact that is on another index, an attestation that an update has lost, and what is said when nothing can be asked.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { buildSdist, buildWheel, type RunningIndex, startIndex } from "../support/index.ts";
import { askingOnly, SETTLED } from "./stack.ts";
import { drawnText, Workbench } from "./workbench.ts";

const CONFORMANCE = new URL("../../../shared/conformance/provenance/attestations/", import.meta.url);
const ZERO = "0".repeat(64);
const LONG_AGO = "2024-01-01T00:00:00Z";

describe("provenance", () => {
  const open: RunningIndex[] = [];
  const serve = async (...given: Parameters<typeof startIndex>): Promise<RunningIndex> => {
    const index = await startIndex(...given);
    open.push(index);
    return index;
  };
  afterEach(async () => {
    for (const index of open.splice(0)) await index.close();
  });

  const workbench = (name: string, text: string, index: RunningIndex, settings = {}): Promise<Workbench> =>
    Workbench.open({
      files: { [name]: text },
      open: name,
      environment: askingOnly(index),
      settings: { ...SETTLED, ...settings },
    });

  /** A lock of demo, one package on each line of its own. */
  const lockOf = (sources: readonly RunningIndex[], sha256: string): string =>
    `${JSON.stringify(
      {
        _meta: {
          hash: { sha256: ZERO },
          "pipfile-spec": 6,
          requires: {},
          sources: sources.map(({ url }, at) => ({ name: `source${at}`, url, verify_ssl: true })),
        },
        default: { demo: { hashes: [`sha256:${sha256}`], index: "source0", version: "==1.0" } },
        develop: {},
      },
      null,
      4,
    )}\n`;

  it("finds a locked artifact on another index with another digest, and opens its evidence in the view", async () => {
    const own = buildWheel({ name: "demo", version: "1.0" });
    const twin = buildWheel({ name: "demo", version: "1.0", summary: "from elsewhere" });
    const main = await serve({ demo: [{ artifact: own, uploadTime: LONG_AGO, provenance: null }] });
    const other = await serve({ demo: [{ artifact: twin, uploadTime: LONG_AGO, provenance: null }] });
    const bench = await workbench("Pipfile.lock", lockOf([main, other], twin.sha256), main);
    await bench.squiggles("error").first().waitFor();
    const told = (await bench.problems()).filter({ hasText: "The digest of demo 1.0 is of no file" });
    await told.waitFor();
    assert.match((await drawnText(told)).replaceAll("\u00a0", " "), /has a file of it/);
    await bench.keepPicture("provenance-other-index");
    await bench.focusFirstGroup();
    await bench.putCursorAtEnd(22);
    await bench.untilFix(/^Accept artifact-digest of demo 1\.0/);
    const offered = await bench.fixTitles();
    assert.equal(new Set(offered).size, offered.length, offered.join(" | "));
    assert.ok(!offered.some((title) => /silence artifact-digest/.test(title)), offered.join(" | "));
    await bench.keepPicture("provenance-fixes");
    await bench.page.keyboard.press("Escape");
    await bench.command("Thoth: Show Provenance");
    const view = await bench.preview();
    await view.getByRole("heading", { name: "Provenance of Pipfile.lock" }).waitFor();
    const row = view.getByRole("row", { name: /demo 1\.0/ });
    assert.match(await row.innerText(), /Error/);
    await row.locator("summary").press("Enter");
    await row.getByText("artifact-digest", { exact: true }).waitFor();
    await row.getByText(/has a file of this digest/).waitFor();
    await bench.keepPicture("provenance-view");
  });

  describe("of a project that is attested", () => {
    const name = "pypi-attestations";
    const SIGNED = "9bb1add04b1b4e182be6b0b80931593f7a291eb49d69b4fd728a5d4cbcdc4bd3";
    const next = buildSdist({ name, version: "0.0.20" });

    before(function () {
      if (existsSync(CONFORMANCE)) return;
      console.log("      skipped: ../shared/conformance is not here");
      this.skip();
    });

    /** Its index has the attestation of 0.0.19 as the project published it, and none of 0.0.20. */
    const serveAttested = async (): Promise<RunningIndex> => {
      const provenance = readFileSync(new URL("pypi_attestations-0.0.19.tar.gz.provenance", CONFORMANCE));
      const index = await serve(
        {},
        {
          misbehave: (request, response) => {
            if (request.url !== "/integrity/19") return undefined;
            response.writeHead(200, { "content-type": "application/vnd.pypi.integrity.v1+json" });
            return !!response.end(provenance);
          },
        },
      );
      index.projects[name] = [
        {
          artifact: buildSdist({ name, version: "0.0.19" }),
          listedSha256: SIGNED,
          uploadTime: LONG_AGO,
          provenance: `${index.origin}/integrity/19`,
        },
        { artifact: next, uploadTime: "2024-02-01T00:00:00Z", provenance: null },
      ];
      return index;
    };

    it("says in the hover who built a release, of which commit, and that nobody expected them yet", async () => {
      const index = await serveAttested();
      const bench = await workbench("requirements.txt", `${name}==0.0.19 --hash=sha256:${SIGNED}\n`, index);
      await bench.untilHover(
        name,
        1,
        /Signed by trailofbits\/pypi-attestations, release\.yml at [0-9a-f]{10} on 2024-12-04; nothing expects it · checked/,
      );
      await bench.keepPicture("provenance-attested");
    });

    it("says that an update has lost the attestation that the release before it had", async () => {
      const index = await serveAttested();
      const line = `${name}==0.0.20 --hash=sha256:${next.sha256}\n`;
      const bench = await workbench("requirements.txt", line, index);
      await bench.squiggles("warning").first().waitFor();
      const told = (await bench.problems()).filter({
        hasText:
          "The source distribution of 0.0.19 was attested; pypi_attestations-0.0.20.tar.gz is not attested",
      });
      await told.waitFor();
      await bench.untilHover(name, 1, /No attestation was published · checked/);
      await bench.keepPicture("provenance-lost");
    });
  });

  it("says on each line what could not be checked when it is offline", async () => {
    const index = await serve({ demo: [buildWheel({ name: "demo", version: "1.0" })] });
    const text = `demo==1.0 --hash=sha256:${ZERO}\nother==2.0 --hash=sha256:${ZERO}\n`;
    const bench = await workbench("requirements.txt", text, index, { "thoth.offline": true });
    await bench.untilHover("demo", 1, /Not checked: .*artifact-digest.*offline/s);
    await bench.untilHover("other", 2, /Not checked: .*artifact-digest.*offline/s);
    await bench.keepPicture("provenance-offline");
    assert.deepEqual(index.requests, []);
  });
});
