// `lock`: one pinned stack for a manifest, with the files that may be installed and who asks for each.
import * as z from "zod";
import { prereleaseMode } from "../config/prerelease.ts";
import { conflict } from "./conflict.ts";
import { commonInput, environmentOptions } from "./operation.ts";

/** What decides which stack comes out, beside the manifest and the environment. */
export const resolveOptions = commonInput.extend({
  /** A manifest, or a folder with one. */
  path: z.string(),
  constraints: z.array(z.string()).default([]),
  /** For every platform, from the named Python on, or from what the project requires: as uv does. */
  universal: z.boolean().optional(),
  /** The runtime environments that one lock is to hold for. Absent: the one of `environment`, or what `.thoth.yaml` declares. */
  environments: z.array(environmentOptions).optional(),
  /** Absent: as the manifest says, else the highest. */
  resolution: z.enum(["highest", "lowest", "lowest-direct"]).optional(),
  /** A date, a moment, or a span before now such as `3 days` or `P3D`: files from then on are left out. */
  excludeNewer: z.string().optional(),
  /** The same for single projects; false lifts the general cut-off. */
  excludeNewerPackages: z.record(z.string(), z.union([z.string(), z.literal(false)])).optional(),
  /** Absent: as the manifest and pip's configuration say, else `if-necessary`. */
  prerelease: prereleaseMode.optional(),
  /** Files whose requirements take the place of all others of their projects. */
  overrides: z.array(z.string()).optional(),
  /** Projects that are left out whoever asks for them. */
  exclude: z.array(z.string()).optional(),
  /** Where PyTorch's packages come from: `auto`, or the name of a back-end. */
  torchBackend: z.string().optional(),
  /** Which parts of a pyproject.toml are taken, as `uv export` names them. Absent: the project and its default groups. */
  selection: z
    .object({
      extras: z.union([z.array(z.string()), z.literal("all")]).optional(),
      groups: z.union([z.array(z.string()), z.literal("all")]).optional(),
      withoutGroups: z.array(z.string()).optional(),
      /** These groups alone, without the project. */
      onlyGroups: z.array(z.string()).optional(),
      /** False leaves the default groups out. */
      defaultGroups: z.boolean().optional(),
    })
    .optional(),
  /** Whether wheel variants (draft PEP 825) are chosen; else they are left out. */
  variants: z.boolean().optional(),
});

/** `requirements` for pip and uv, `pipfile-lock` for pipenv, `pylock` (PEP 751) for pip and uv. */
export const lockForm = z.enum(["requirements", "pipfile-lock", "pylock"]);
export type LockForm = z.infer<typeof lockForm>;

export const input = resolveOptions.extend({
  /** Absent: by the name of `previous`, else by the manifest: `Pipfile` → `pipfile-lock`. */
  as: lockForm.optional(),
  /** The lock that is to be written. Its pins are kept as far as they hold; a file that is not there keeps nothing. */
  previous: z.string().optional(),
  /** Keep nothing. */
  upgrade: z.boolean().default(false),
  /** Do not keep these. */
  upgradePackages: z.array(z.string()).default([]),
});
export type LockInput = z.infer<typeof input>;

/** One file of a release. */
export const lockedArtifact = z.object({
  filename: z.string(),
  sha256: z.string(),
  /** Without credentials. */
  url: z.string().optional(),
  /** Bytes. */
  size: z.number().int().optional(),
  /** ISO 8601, UTC. */
  uploadTime: z.string().optional(),
  /** Whether one of the environments takes it; the others are listed for their digests. */
  admissible: z.boolean().optional(),
});
export type LockedArtifact = z.infer<typeof lockedArtifact>;

/** A distribution that a locked one needs. */
export const lockedDependency = z.object({
  name: z.string(),
  version: z.string(),
  extras: z.array(z.string()).optional(),
  /** Where it holds; absent where the one that asks does so wherever it is used itself. */
  marker: z.string().optional(),
});

export const lockedPackage = z.object({
  /** Normalised. */
  name: z.string(),
  version: z.string(),
  extras: z.array(z.string()),
  /** Without credentials; absent of what was asked for by address. */
  index: z.string().optional(),
  /** Address, where it was asked for by one. Without credentials. */
  url: z.string().optional(),
  /** A repository, where `url` is of one. */
  vcs: z
    .object({
      /** `git`, … */
      system: z.string(),
      /** Full: what is checked out. */
      commit: z.string(),
      /** What the person asked for: a branch, a tag. */
      requested: z.string().optional(),
      subdirectory: z.string().optional(),
    })
    .optional(),
  /** `url` is a folder on this machine. */
  directory: z.boolean().optional(),
  /** The folder as the line that asks for it writes it. */
  path: z.string().optional(),
  editable: z.boolean().optional(),
  /** Of an archive or a folder: the project lies below it. */
  subdirectory: z.string().optional(),
  /** The file whose metadata says what it needs; absent of what was asked for by address. */
  metadataFile: z.string().optional(),
  /** Sorted by file name. */
  artifacts: z.array(lockedArtifact),
  requiresPython: z.string().optional(),
  /** Where it is used; in a Pipfile.lock as pipenv writes it. */
  marker: z.string().optional(),
  dependencies: z.array(lockedDependency).optional(),
  /** Who asks for it: projects, and lines as `-r requirements.in`. */
  via: z.array(z.string()),
  /** Pipfile: the categories of the lock that hold it. */
  categories: z.array(z.string()).optional(),
  /** Pipfile: the name in the lock, which keeps dots: `zope.interface`. */
  key: z.string().optional(),
  /** Pipfile: the name of the source that it is bound to. */
  source: z.string().optional(),
  /** pylock.toml: who publishes it, kept from the lock before while the version is the same. */
  attestationIdentities: z.array(z.record(z.string(), z.unknown())).optional(),
});
export type LockedPackage = z.infer<typeof lockedPackage>;

/** What a Pipfile.lock says beside its packages. */
export const lockedPipfile = z.object({
  /** By which pipenv knows whether the lock is of its Pipfile: hex. */
  hash: z.string(),
  requires: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  /** With every key as written. Credentials are left out, variables stand as written. */
  sources: z.array(z.record(z.string(), z.union([z.string(), z.boolean(), z.number()]))),
  /** Every category, empty ones too: `default`, `develop`, then in the order of the Pipfile. */
  categories: z.array(z.string()),
  /** Entries that are not for this environment: as the lock before has them, else as the Pipfile has them. */
  unused: z.array(
    z.object({
      category: z.string(),
      key: z.string(),
      marker: z.string(),
      /** `==1.2`, `>=1` or `*`. */
      version: z.string(),
      extras: z.array(z.string()).optional(),
      /** `sha256:…` */
      hashes: z.array(z.string()),
      index: z.string().optional(),
    }),
  ),
});
export type LockedPipfile = z.infer<typeof lockedPipfile>;

/** Wheels of one release whose metadata disagree. */
export const wheelDisagreement = z.object({
  name: z.string(),
  version: z.string(),
  /** The file whose metadata was used. */
  file: z.string(),
  others: z.array(
    z.object({
      file: z.string(),
      /** Requirements that it has and the used one has not. */
      adds: z.array(z.string()),
      lacks: z.array(z.string()),
      /** Its Requires-Python where that differs; empty where it has none. */
      requiresPython: z.string().optional(),
    }),
  ),
});

export const output = z.object({
  /** Of the manifest, as the person named it. */
  path: z.string(),
  /** `Python 3.11.7 on linux x86_64`. */
  environment: z.string(),
  form: lockForm,
  /** False: nothing is locked, and `conflict` says why. */
  resolves: z.boolean(),
  conflict: conflict.optional(),
  /** Sorted by name, then version. */
  packages: z.array(lockedPackage),
  /** Names whose version differs from the previous lock's. */
  changed: z.array(z.string()),
  /** Names of the previous lock that are no longer in this one. */
  removed: z.array(z.string()),
  /** The Pythons that the lock holds for. */
  requiresPython: z.string().optional(),
  /** Markers: the lock holds where one of them does. */
  environments: z.array(z.string()).optional(),
  /** The project's own, of a pyproject.toml. */
  extras: z.array(z.string()).optional(),
  groups: z.array(z.string()).optional(),
  defaultGroups: z.array(z.string()).optional(),
  /** Indexes that the manifest itself names, as pip's options: `--index-url https://…`. Without credentials. */
  indexOptions: z.array(z.string()),
  pipfile: lockedPipfile.optional(),
  /** Where the lock is for several environments: releases whose wheels do not all ask for what the one asks for that was read. */
  disagreements: z.array(wheelDisagreement).optional(),
});
export type LockOutput = z.infer<typeof output>;
