// A process of its own for the tests of knowledge: opens the file in its first argument and does what the second says.
import { openKnowledge } from "../index.ts";
import { pageOf } from "./support.ts";

const [, , file = "", task = ""] = process.argv;
// Where the size of files is limited, the signal would end the process before SQLite sees the error.
process.on("SIGXFSZ", () => {});
const warnings: string[] = [];
const knowledge = openKnowledge({
  file,
  env: process.env,
  platform: process.platform,
  home: "/",
  warn: (message) => warnings.push(message),
  busyTimeout: 20_000,
});

async function increment(): Promise<void> {
  const name = "counter";
  for (let turn = 0; turn < 200; turn += 1) {
    await knowledge.change(async (change) => {
      const row = await change
        .selectFrom("projects")
        .select("time")
        .where("name", "=", name)
        .executeTakeFirst();
      const time = (row?.time ?? 0) + 1;
      await change
        .insertInto("projects")
        .values({ name, source: "test", time })
        .onConflict((conflict) => conflict.columns(["name", "source"]).doUpdateSet({ time }))
        .execute();
    });
    knowledge.pages.write(pageOf(`${process.pid}-${turn}`));
    if (turn % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  print({ warnings });
}

async function writeForEver(): Promise<void> {
  for (let turn = 0; ; turn += 1) {
    for (let page = 0; page < 5; page += 1) {
      knowledge.pages.write(pageOf(`page-${(turn * 5 + page) % 50}`, `${turn}`.repeat(5_000)));
    }
    await knowledge.facts.recordReleases(
      Array.from({ length: 20 }, (_, release) => ({
        value: { project: `project-${turn % 20}`, version: `${turn}.${release}` },
        source: "test",
        time: turn,
      })),
    );
    if (turn % 7 === 0) knowledge.pages.prune(200_000);
    await new Promise((resolve) => setImmediate(resolve));
    process.stdout.write(`${turn}\n`);
  }
}

async function fill(): Promise<void> {
  for (let turn = 0; turn < 60; turn += 1) {
    knowledge.pages.write(pageOf(`page-${turn}`, "x".repeat(100_000)));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await knowledge.facts.recordProject({ value: { name: "late" }, source: "test", time: 1 });
  const lengths = Array.from({ length: 60 }, (_, turn) => knowledge.pages.read(`page-${turn}`)?.body.length);
  print({
    pages: lengths.filter((length) => length === 100_000).length,
    late: (await knowledge.facts.project("late")).length,
    warnings,
  });
}

function print(what: object): void {
  process.stdout.write(JSON.stringify(what));
}

const TASKS: Record<string, () => Promise<void>> = {
  increment,
  "write-for-ever": writeForEver,
  fill,
  "read-and-write": readAndWrite,
  "where-from": async () => print({ journal: knowledge.journal, warnings }),
  read: async () => print({ page: knowledge.pages.read("a")?.body, warnings }),
};
async function readAndWrite(): Promise<void> {
  const page = knowledge.pages.read("a")?.body;
  knowledge.pages.touch("a", "{}", 99, 99);
  knowledge.flush();
  const renewed = knowledge.pages.read("a")?.freshUntil;
  knowledge.pages.remove("a");
  knowledge.pages.write(pageOf("b", "new"));
  knowledge.flush();
  const [inspection] = await knowledge.inspections.inspectionsOf({ manifest: "/m" });
  print({
    stages: inspection?.value.stages.length,
    page,
    renewed,
    removed: knowledge.pages.read("a")?.body ?? null,
    written: knowledge.pages.read("b")?.body,
    warnings,
  });
}

await TASKS[task]?.();
knowledge.close();
