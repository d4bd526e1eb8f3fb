// Logins of every configured place, used and refused: what is drawn, logged and kept of them is searched after all journeys (`hooks.ts`).
import assert from "node:assert/strict";
import { buildWheel, type RunningIndex, startIndex } from "../support/index.ts";
import { CANARIES, CANARY_USER, canariesIn } from "./canaries.ts";
import { askingOnly, SETTLED } from "./stack.ts";
import { drawnText, Workbench } from "./workbench.ts";

const login = (password: string): string =>
  `Basic ${Buffer.from(`${CANARY_USER}:${password}`).toString("base64")}`;

describe("secrets", () => {
  const open: RunningIndex[] = [];
  afterEach(async () => {
    for (const index of open.splice(0)) await index.close();
  });

  it("are sent to whom they are for, and shown to nobody, not even where they are refused", async () => {
    const demo = buildWheel({ name: "demo", version: "1.0" });
    const main = await startIndex(
      { demo: [demo] },
      { auth: { user: CANARY_USER, password: CANARIES.index } },
    );
    // It takes no login: whatever is sent to it is refused.
    const refusing = await startIndex({}, { auth: { user: "nobody", password: "none" } });
    open.push(main, refusing);
    const { port } = new URL(refusing.origin);
    const addressed = (index: RunningIndex, password: string): string =>
      index.url.replace("http://", `http://${CANARY_USER}:${password}@`);
    const bench = await Workbench.open({
      files: {
        "requirements.txt": `demo==1.0 --hash=sha256:${demo.sha256}\nmissing==1.0 --hash=sha256:${demo.sha256}\n`,
      },
      open: "requirements.txt",
      environment: {
        ...askingOnly(main),
        PIP_INDEX_URL: addressed(main, CANARIES.index),
        PIP_EXTRA_INDEX_URL: [
          addressed(refusing, CANARIES.extra),
          `http://localhost:${port}/simple/`,
          `${refusing.url}?token=${CANARIES.token}`,
        ].join(" "),
      },
      settings: SETTLED,
    });
    const refused = (await bench.problems()).filter({ hasText: /401|refused/ }).first();
    await refused.waitFor();
    assert.deepEqual(canariesIn(await drawnText(refused)), []);
    await bench.command("Thoth: Show Provenance");
    const view = await bench.preview();
    await view.getByRole("heading", { name: "Provenance of requirements.txt" }).waitFor();
    assert.deepEqual(canariesIn(await view.locator("body").innerText()), []);
    // What was planted has been used: a search that finds nothing would else say nothing.
    const sent = (index: RunningIndex): (string | undefined)[] =>
      index.requests.map(({ headers }) => headers.authorization);
    assert.ok(sent(main).includes(login(CANARIES.index)));
    assert.ok(sent(refusing).includes(login(CANARIES.extra)));
  });
});
