// Runs every benchmark of this folder, prints one table, and with --write puts it into docs/performance.md.
import { readdirSync, writeFileSync } from "node:fs";
import { arch, cpus, platform, release, totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import type { Row } from "./support.ts";

const HERE = new URL("./", import.meta.url);

/** `node test/bench/main.ts [NAME…] [--write]`: the named benchmarks, or all. */
async function main(argv: readonly string[]): Promise<void> {
  const named = argv.filter((word) => !word.startsWith("-"));
  const files = readdirSync(fileURLToPath(HERE))
    .filter((file) => file.endsWith(".ts") && file !== "main.ts" && file !== "support.ts")
    .map((file) => file.slice(0, -3))
    .filter((name) => named.length === 0 || named.includes(name))
    .sort();
  const rows: Row[] = [];
  for (const name of files) {
    console.error(`bench: ${name}`);
    const { run } = (await import(new URL(`${name}.ts`, HERE).href)) as { run?: () => Promise<Row[]> };
    if (run) rows.push(...(await run()));
  }
  const table = tableOf(rows);
  console.log(table);
  if (argv.includes("--write")) {
    writeFileSync(fileURLToPath(new URL("../../docs/performance.md", HERE)), pageOf(table));
  }
  if (rows.some((row) => !row.met)) process.exitCode = 1;
}

function tableOf(rows: readonly Row[]): string {
  const head = ["what", "ours", "peer", "ratio", "reach", ""];
  const body = rows.map((row) => [
    row.what,
    row.ours,
    row.peer,
    `${row.ratio < 10 ? row.ratio.toFixed(2) : row.ratio.toFixed(0)} ×`,
    row.reach,
    row.met ? "met" : "**falls short**",
  ]);
  const widths = head.map((title, at) =>
    Math.max(title.length, ...body.map((cells) => cells[at]!.length), 3),
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, at) => cell.padEnd(widths[at]!)).join(" | ")} |`;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...body.map(line)].join("\n");
}

function pageOf(table: string): string {
  const [cpu] = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  return `# Performance

Every figure is a ratio against a peer or a limit that was measured in the same run on the same machine. \`npm run bench -- --write\`
measures again and writes this page; \`npm run bench -- NAME\` measures one part. Peers are installed outside the repository.

${table}

Machine: ${cpu?.model ?? "unknown processor"}, ${cpus().length} cores, ${memory} GiB memory, ${platform()} ${release()} ${arch()}, Node ${process.versions.node}.
Measured on ${new Date().toISOString().slice(0, 10)}.
`;
}

await main(process.argv.slice(2));
