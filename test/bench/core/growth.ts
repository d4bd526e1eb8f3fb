// How resolving grows: chains of 100 to 10,000 packages in memory, each with ten releases that need the next package's.
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Catalogue, resolve } from "../../../runner/src/resolve/index.ts";
import {
  makeTarget,
  makeUniverse,
  type PlainRelease,
  readDemands,
} from "../../../runner/src/resolve/testing.ts";
import { median, type Row } from "../support.ts";

const LENGTHS = [100, 300, 1_000, 3_000, 10_000];
const RELEASES = 10;
const ROUNDS = 5;
/** Times a chain ten times as long may take: near-linear. */
const REACH = 15;
const PLOT = fileURLToPath(new URL("../../../docs/resolve-growth.svg", import.meta.url));

interface Point {
  readonly packages: number;
  /** Milliseconds. */
  readonly time: number;
}

/** One row per length against the length before it ten times shorter, and the plot of all of them. */
export async function measureGrowth(): Promise<Row[]> {
  const points: Point[] = [];
  for (const packages of LENGTHS) points.push({ packages, time: await timeChain(packages) });
  writeFileSync(PLOT, drawPlot(points));
  return points.flatMap(({ packages, time }) => {
    const shorter = points.find((point) => point.packages * 10 === packages);
    if (shorter === undefined) return [];
    const ratio = time / shorter.time;
    return {
      what: `chain of ${packages.toLocaleString("en")} packages, in memory`,
      ours: `${time.toFixed(1)} ms`,
      peer: `${shorter.time.toFixed(1)} ms (own ${shorter.packages.toLocaleString("en")})`,
      ratio,
      reach: `at most ${REACH} times`,
      met: ratio <= REACH,
    };
  });
}

async function timeChain(length: number): Promise<number> {
  const plain: Record<string, Record<string, PlainRelease>> = {};
  for (let at = 0; at < length; at++) {
    const requires = at + 1 < length ? [`link-${at + 1}>=1`] : [];
    plain[`link-${at}`] = Object.fromEntries(
      Array.from({ length: RELEASES }, (_, release) => [`1.${release}`, { requires }]),
    );
  }
  const target = makeTarget("3.12.0");
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const catalogue = new Catalogue(makeUniverse(plain), target);
    const began = performance.now();
    const resolution = await resolve(catalogue, { requirements: readDemands(["link-0"]) });
    times.push(performance.now() - began);
    if (resolution.kind !== "solved" || resolution.pins.length !== length) throw new Error("no chain");
  }
  return median(times);
}

/** Both axes logarithmic, so that linear growth is a straight line of slope one, which is drawn beside it. */
function drawPlot(points: readonly Point[]): string {
  const [width, height, margin] = [560, 320, 56];
  const x = scale(
    points.map(({ packages }) => packages),
    margin,
    width - margin / 2,
  );
  const first = points[0]!;
  const linear = points.map(({ packages }) => (first.time * packages) / first.packages);
  const y = scale([...points.map(({ time }) => time), ...linear], height - margin, margin / 2);
  const line = (values: readonly number[]) =>
    points.map(({ packages }, at) => `${x(packages).toFixed(1)},${y(values[at]!).toFixed(1)}`).join(" ");
  const marks = points.map(({ packages, time }) => {
    const [left, top] = [x(packages).toFixed(1), y(time).toFixed(1)];
    return `  <circle cx="${left}" cy="${top}" r="3.5" fill="#1f6feb"/>
  <text x="${left}" y="${height - margin + 18}" text-anchor="middle">${packages.toLocaleString("en")}</text>
  <text x="${left}" y="${Number(top) - 9}" text-anchor="middle">${time.toFixed(time < 10 ? 1 : 0)} ms</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12" fill="#57606a">
  <title>Time to resolve a chain of packages, by its length</title>
  <rect width="${width}" height="${height}" fill="#ffffff"/>
  <polyline points="${line(linear)}" fill="none" stroke="#afb8c1" stroke-dasharray="4 4"/>
  <polyline points="${line(points.map(({ time }) => time))}" fill="none" stroke="#1f6feb" stroke-width="2"/>
${marks.join("\n")}
  <text x="${width / 2}" y="${height - 14}" text-anchor="middle">packages in the chain (dashed: linear)</text>
</svg>
`;
}

function scale(values: readonly number[], from: number, to: number): (value: number) => number {
  const logs = values.map((value) => Math.log10(value));
  const [least, most] = [Math.min(...logs), Math.max(...logs)];
  return (value) => from + ((Math.log10(value) - least) / (most - least)) * (to - from);
}
