// Universes in memory and questions from plain text, for the tests of the resolver.

import { existsSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { markersOf } from "../../../shared/src/environment/markers.ts";
import { tagsOf } from "../../../shared/src/environment/tags.ts";
import { guessArtifact } from "../../../shared/src/packaging/filename.ts";
import { readCoreMetadata } from "../../../shared/src/packaging/metadata.ts";
import { readRequirement } from "../../../shared/src/packaging/requirement.ts";
import { readSpecifierSet, type SpecifierSet } from "../../../shared/src/packaging/specifier.ts";
import { parseVersion } from "../../../shared/src/packaging/version.ts";
import type { PageFile } from "../index/index.ts";
import type {
  Demand,
  ReleaseMetadata,
  Target,
  Universe,
  UniverseProject,
  UniverseRelease,
} from "./python/model.ts";

/** One release of a universe that a test writes down. */
export interface PlainRelease {
  readonly requires?: readonly string[];
  readonly extras?: Readonly<Record<string, readonly string[]>>;
  readonly requiresPython?: string;
  readonly wheelTags?: readonly string[];
  readonly wheel?: boolean;
  readonly sdist?: boolean;
  readonly yanked?: boolean;
  readonly uploadTime?: number;
}

/** Project → version → release. */
export type PlainUniverse = Readonly<Record<string, Readonly<Record<string, PlainRelease>>>>;

/** A universe of plain releases; `pause` is waited for before each answer, so that answers arrive in any order. */
export function makeUniverse(plain: PlainUniverse, pause?: () => Promise<void>): Universe {
  const later = <T>(value: T): T | Promise<T> => (pause ? pause().then(() => value) : value);
  return {
    isRemote: pause !== undefined,
    project: (name) => later(makeProject(name, plain[name] ?? {})),
    metadata: (name, version) => later(makeMetadata(name, version.raw, plain[name]![version.raw]!)),
  };
}

function makeProject(name: string, releases: Readonly<Record<string, PlainRelease>>): UniverseProject {
  return {
    releases: Object.entries(releases).map(([version, release]): UniverseRelease => {
      const files: PageFile[] = [];
      const shared = {
        hashes: { sha256: `${name}${version}`.replaceAll(/[^a-z0-9]/g, "0").padEnd(64, "0") },
        ...(release.requiresPython === undefined ? {} : { requiresPython: release.requiresPython }),
        ...(release.yanked ? { yanked: true as const } : {}),
        ...(release.uploadTime === undefined ? {} : { uploadTime: release.uploadTime }),
      };
      const stem = `${name.replaceAll("-", "_")}-${version}`;
      const add = (filename: string): void => {
        files.push({ filename, url: `https://files.example/${filename}`, ...shared });
      };
      if (release.wheel !== false) {
        const tags = release.wheelTags?.length ? release.wheelTags : ["py3-none-any"];
        for (const tag of tags) add(`${stem}-${tag}.whl`);
      }
      if (release.sdist !== false) add(`${stem}.tar.gz`);
      return { version: parseVersion(version)!, files };
    }),
  };
}

function makeMetadata(name: string, version: string, release: PlainRelease): ReleaseMetadata {
  const extras = Object.entries(release.extras ?? {}).flatMap(([extra, requires]) =>
    requires.map((text) => {
      const [body, marker] = text.split(";");
      return `${body!.trim()}; ${marker ? `(${marker.trim()}) and ` : ""}extra == "${extra}"`;
    }),
  );
  return { name, version, requiresDist: [...(release.requires ?? []), ...extras] };
}

/** Lines of a requirements file as demands; comments are left out. */
export function readDemands(lines: readonly string[], path = "requirements.in"): Demand[] {
  return lines.flatMap((line, index) => {
    const text = line.replace(/(^|\s)#.*$/, "").trim();
    if (text === "") return [];
    const read = readRequirement(text);
    if (!read.ok) throw new Error(`${text}: ${read.error.message}`);
    return [{ requirement: read.value, text, place: { path, line: index + 1 } }];
  });
}

/** The clauses of a text that is known to be right. */
export function readSpecifier(text: string): SpecifierSet {
  const read = readSpecifierSet(text);
  if (!read.ok) throw new Error(`${text}: ${read.error.message}`);
  return read.value;
}

/** A Python on x86-64 Linux with glibc 2.28, or on 64-bit Windows. */
export function makeTarget(pythonVersion: string, platform: "linux" | "win32" = "linux"): Target {
  const source = {
    pythonVersion,
    implementation: "cpython",
    platform,
    architecture: platform === "linux" ? "x86_64" : "AMD64",
    ...(platform === "linux" ? { libc: { family: "glibc", version: "2.28" } as const } : {}),
  };
  return { python: parseVersion(pythonVersion)!, markers: markersOf(source), tags: tagsOf(source) };
}

/** The frozen part of the public index, read from its folder; a project is read when it is first asked for. */
export function openSnapshot(folder: URL): Universe {
  const readJson = (path: string): unknown | undefined => {
    const file = new URL(path, folder);
    return existsSync(file) ? JSON.parse(gunzipSync(readFileSync(file)).toString("utf8")) : undefined;
  };
  const texts = new Map<string, Readonly<Record<string, string>>>();
  return {
    isRemote: false,
    project(name) {
      const page = readJson(`simple/${name}.json.gz`) as { files: SnapshotFile[] } | undefined;
      const releases = new Map<string, UniverseRelease & { files: PageFile[] }>();
      for (const file of page?.files ?? []) {
        const { version } = guessArtifact(file.filename, name);
        if (version === undefined) continue;
        const release = releases.get(version.key) ?? { version, files: [] };
        releases.set(version.key, release);
        release.files.push({
          filename: file.filename,
          url: file.url,
          hashes: file.hashes,
          ...(file["requires-python"] ? { requiresPython: file["requires-python"] } : {}),
          ...(file.yanked ? { yanked: file.yanked as string | true } : {}),
          uploadTime: Date.parse(file["upload-time"] ?? ""),
        });
      }
      return { releases: [...releases.values()] };
    },
    metadata(name, version) {
      let all = texts.get(name);
      if (all === undefined) {
        all = (readJson(`metadata/${name}.json.gz`) ?? {}) as Record<string, string>;
        texts.set(name, all);
      }
      const text = all[version.raw] ?? all[version.toString()];
      if (text === undefined) {
        return { failure: { code: "not-found", message: "the snapshot has no metadata of it" } };
      }
      return readCoreMetadata(text).metadata;
    },
  };
}

interface SnapshotFile {
  readonly filename: string;
  readonly url: string;
  readonly hashes: Readonly<Record<string, string>>;
  readonly "requires-python"?: string | null;
  readonly yanked?: string | boolean;
  readonly "upload-time"?: string;
}
