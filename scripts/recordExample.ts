// Records the small index beside the example, from the indexes that pip is configured for: `node scripts/recordExample.ts`.
import { readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { gzipSync } from "node:zlib";
import {
  createIndexClient,
  type PageFile,
  readPipConfiguration,
  resolveIndexes,
} from "../runner/src/index/index.ts";
import { createMemoryPageStore } from "../runner/src/knowledge/index.ts";
import { markersOf } from "../shared/src/environment/markers.ts";
import { readPipfileLock } from "../shared/src/manifest/pipfileLock.ts";
import { readRequirements } from "../shared/src/manifest/requirements.ts";
import { readWheelFilename } from "../shared/src/packaging/filename.ts";
import { readRequirementLenient } from "../shared/src/packaging/lenient.ts";
import { evaluateMarker } from "../shared/src/packaging/marker.ts";
import { normalizeName } from "../shared/src/packaging/name.ts";
import type { SpecifierSet } from "../shared/src/packaging/specifier.ts";
import { parseVersion } from "../shared/src/packaging/version.ts";

/** Newest releases that are kept of each project that the example names, beside the releases that it names. */
const newest = 4;
/** The same of what those need in turn, beside the newest that each of them takes. */
const newestNeeded = 2;
/** Major series of which the newest release is kept. */
const majors = 3;
const example = new URL("../example/", import.meta.url);
const wanted = new Map<string, Set<string>>();
/** Releases that a lock holds to digests: of these every file is kept. */
const locked = new Set<string>();
/** How many ways a project was asked for when it was recorded last. */
const done = new Map<string, number>();
/** Extras that are asked for, by name. */
const extras = new Map<string, Set<string>>();
/** What the kept releases ask for, by name. */
const needed = new Map<string, Map<string, SpecifierSet>>();

for (const name of ["requirements.txt", "base.txt", "constraints.txt", "Pipfile.lock"]) {
  const text = readFileSync(new URL(name, example), "utf8");
  const manifest =
    name === "Pipfile.lock" ? readPipfileLock(text) : readRequirements(text, { kind: "requirements" });
  for (const entry of manifest.entries) {
    if ((entry.kind !== "requirement" && entry.kind !== "constraint") || !entry.normalizedName) continue;
    const versions = wanted.get(entry.normalizedName) ?? new Set();
    noteExtras(entry.normalizedName, entry.extras);
    for (const clause of entry.specifier.clauses) {
      const version = parseVersion(clause.version)?.toString() ?? "";
      versions.add(version);
      if (entry.hashes.length > 0) locked.add(`${entry.normalizedName} ${version}`);
    }
    wanted.set(entry.normalizedName, versions);
  }
}

const configuration = readPipConfiguration({
  env: process.env,
  platform: process.platform,
  home: homedir(),
  cwd: process.cwd(),
  readFile: (path) => {
    try {
      return readFileSync(path, "utf8");
    } catch {
      return undefined;
    }
  },
});
const client = createIndexClient({
  settings: resolveIndexes(configuration, {}),
  store: createMemoryPageStore(),
});
const environment = markersOf({
  pythonVersion: "3.11.0",
  implementation: "cpython",
  platform: "linux",
  architecture: "x86_64",
});
const projects: Record<string, { page: unknown; metadata: Record<string, string> }> = {};
for (const [name, versions] of wanted) projects[name] = await record(name, versions);
// What is kept asks for more, which asks for more again, until nothing is asked for that is not kept.
for (let isMore = true; isMore; ) {
  isMore = false;
  for (const [name, asked] of [...needed]) {
    const before = asked.size;
    if (!projects[name] || done.get(name) !== before) {
      projects[name] = await record(name, wanted.get(name) ?? new Set());
      done.set(name, before);
      isMore = true;
    }
  }
}
await client.close();
const recorded = new Date().toISOString().slice(0, 10);
writeFileSync(
  new URL("index.json.gz", example),
  gzipSync(JSON.stringify({ recorded, projects }), { level: 9 }),
);
console.log(`${Object.keys(projects).length} projects`);

function noteExtras(name: string, asked: readonly { readonly text: string }[]): void {
  extras.set(name, new Set([...(extras.get(name) ?? []), ...asked.map(({ text }) => normalizeName(text))]));
}

/** Notes what a release needs on the example's environment. */
function noteNeeds(of: string, requiresDist: readonly string[]): void {
  const withExtras = ["", ...(extras.get(of) ?? [])];
  for (const text of requiresDist) {
    const read = readRequirementLenient(text);
    if (!read.ok) continue;
    const { requirement } = read.value;
    const { marker } = requirement;
    if (marker && !withExtras.some((extra) => evaluateMarker(marker, environment, [extra]))) continue;
    const name = normalizeName(requirement.name.text);
    const asked = needed.get(name) ?? new Map<string, SpecifierSet>();
    asked.set(requirement.specifier.key, requirement.specifier);
    needed.set(name, asked);
    noteExtras(name, requirement.extras);
  }
}

async function record(name: string, versions: ReadonlySet<string>) {
  const answer = await client.project(name);
  const page = answer.pages.find((item) => item.source !== "folder");
  if (!page) throw new Error(`${name}: ${answer.failure?.message ?? "no index has it"}`);
  const stable = page.releases.filter((release) => release.parsed?.isPrerelease === false);
  const series = new Map(stable.map((release) => [release.parsed!.release[0], release] as const).reverse());
  const isNamed = wanted.has(name);
  const takes = [...(needed.get(name)?.values() ?? [])];
  const kept = new Set([
    ...stable.slice(0, isNamed ? newest : newestNeeded),
    ...(isNamed ? [...series.values()].reverse().slice(0, majors) : []),
    ...page.releases.filter((release) => versions.has(release.version)),
    ...takes.flatMap((specifier) => stable.find(({ parsed }) => specifier.contains(parsed!)) ?? []),
  ]);
  const metadata: Record<string, string> = {};
  const files: unknown[] = [];
  for (const release of kept) {
    const text = await headersOf(release.files.find((file) => file.filename.endsWith(".whl")));
    const isLocked = locked.has(`${name} ${release.version}`);
    for (const file of release.files.filter((one) => isLocked || isCommon(one))) {
      if (text !== undefined && file.filename.endsWith(".whl")) metadata[`${file.filename}.metadata`] = text;
      files.push(describe(name, file, text !== undefined));
    }
  }
  return {
    page: {
      meta: { "api-version": "1.1" },
      name,
      versions: [...kept].map((release) => release.version),
      files,
    },
    metadata,
  };
}

/** Files that a person is likely to need: sdists, and wheels for the Pythons and platforms that most have. */
function isCommon(file: PageFile): boolean {
  const wheel = readWheelFilename(file.filename);
  if (!wheel.ok) return file.filename.endsWith(".tar.gz");
  return /-(?:py3|py2\.py3|cp31[0-4])-(?:none|abi3|cp31[0-4])-(?:any|manylinux[^-]*(?:x86_64|aarch64)[^-]*|macosx[^-]*|win_amd64)\.whl$/.test(
    file.filename,
  );
}

function describe(name: string, file: PageFile, hasMetadata: boolean): unknown {
  const wheel = file.filename.endsWith(".whl");
  return {
    filename: file.filename,
    url: `../../files/${name}/${file.filename}`,
    hashes: file.hashes,
    ...(file.requiresPython ? { "requires-python": file.requiresPython } : {}),
    ...(file.yanked === undefined ? {} : { yanked: file.yanked }),
    ...(file.size === undefined ? {} : { size: file.size }),
    ...(file.uploadTime === undefined ? {} : { "upload-time": new Date(file.uploadTime).toISOString() }),
    ...(wheel && hasMetadata ? { "core-metadata": true } : {}),
  };
}

/** The headers that are looked at, without the description. */
async function headersOf(file: PageFile | undefined): Promise<string | undefined> {
  if (!file) return undefined;
  const answer = await client.metadata(file);
  if ("failure" in answer) return undefined;
  const { metadata } = answer;
  noteNeeds(normalizeName(metadata.name), metadata.requiresDist);
  const lines = [`Metadata-Version: 2.1`, `Name: ${metadata.name}`, `Version: ${metadata.version}`];
  if (metadata.summary) lines.push(`Summary: ${metadata.summary}`);
  if (metadata.requiresPython) lines.push(`Requires-Python: ${metadata.requiresPython}`);
  for (const requirement of metadata.requiresDist) lines.push(`Requires-Dist: ${requirement}`);
  for (const extra of metadata.providesExtra) lines.push(`Provides-Extra: ${extra}`);
  return `${lines.join("\n")}\n`;
}
