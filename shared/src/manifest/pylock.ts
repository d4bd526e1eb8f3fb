// pylock.toml with places (PEP 751): every package as an entry of the one model of manifests, and what the standard forbids as errors.
import { readSdistFilename, readWheelFilename } from "../packaging/filename.ts";
import { isNormalizedName, normalizeName } from "../packaging/name.ts";
import { type Clause, SpecifierSet } from "../packaging/specifier.ts";
import { parseVersion } from "../packaging/version.ts";
import { LineIndex, type Span, type Spanned } from "../text/span.ts";
import type { HashEntry, Manifest, RequirementEntry, VcsReference } from "./model.ts";
import { type PylockFault, PylockFields } from "./pylockFields.ts";
import {
  type Pylock,
  type PylockDirectory,
  type PylockFile,
  type PylockPackage,
  type PylockVcs,
  pylockFileName,
  readsLockVersion,
} from "./pylockModel.ts";
import type { TomlParser, TomlValue } from "./toml.ts";
import { buildTomlTree, type TomlNode } from "./tomlTree.ts";

/** A lock that was read: its `pylock` is there where it has packages, faults or not. */
export interface PylockManifest extends Manifest {
  readonly entries: readonly RequirementEntry[];
  readonly errors: readonly PylockFault[];
}

/**
 * Reads a pylock.toml. Never throws; a broken text gives errors and what could be read around them. A lock is valid, as PEP 751
 * has it, if and only if there are no errors.
 *
 * @param toml the reader that `loadToml` gives.
 */
export function readPylock(text: string, toml: TomlParser): PylockManifest {
  const byteOrderMark = text.charCodeAt(0) === 0xfeff;
  // A blank in the mark's place keeps every offset.
  const document = toml.parse(byteOrderMark ? ` ${text.slice(1)}` : text);
  const faults: PylockFault[] = document.faults.map((fault) => ({ ...fault, where: "" }));
  const isWhole = faults.length === 0;
  const found: PylockFault[] = [];
  const { lock, entries } = readLock(new PylockFields(buildTomlTree(document), "", found));
  // What a broken text lacks may stand in what could not be read.
  faults.push(...(isWhole ? found : found.filter(({ code }) => !MAY_BE_UNREAD.has(code))));
  return {
    kind: "pylock",
    text,
    lines: new LineIndex(text),
    entries,
    errors: faults,
    ignores: [],
    pylock: lock,
  };
}

const MAY_BE_UNREAD: ReadonlySet<string> = new Set(["missing-key", "missing-source", "missing-hash"]);

function readLock(fields: PylockFields): { lock: Pylock; entries: RequirementEntry[] } {
  const lockVersion = readLockVersion(fields);
  const environments = fields.markers("environments");
  const requiresPython = fields.specifier("requires-python");
  const extras = fields.strings("extras");
  for (const [index, extra] of extras.entries()) checkNormalized(fields, extra, `extras[${index}]`);
  const dependencyGroups = fields.strings("dependency-groups");
  const defaultGroups = fields.strings("default-groups");
  const createdBy = fields.required("created-by");
  const tables = fields.tables("packages");
  if (!fields.has("packages")) fields.missing("packages");
  const tool = fields.table("tool");
  const packages: PylockPackage[] = [];
  const entries: RequirementEntry[] = [];
  for (const table of tables ?? []) {
    const package_ = readPackage(table);
    if (package_ === undefined) continue;
    packages.push(package_);
    entries.push(entryOf(package_, table));
  }
  const lock: Pylock = {
    lockVersion: lockVersion ?? "",
    environments,
    ...(requiresPython && { requiresPython }),
    extras: extras.map(({ text }) => text),
    dependencyGroups: dependencyGroups.map(({ text }) => text),
    defaultGroups: defaultGroups.map(({ text }) => text),
    createdBy: createdBy ?? "",
    packages,
    ...(tool && { tool: tool.free() }),
  };
  return { lock, entries };
}

function readLockVersion(fields: PylockFields): string | undefined {
  const version = fields.required("lock-version");
  if (version === undefined) return undefined;
  const place = fields.value("lock-version")!.inside;
  const isRead = readsLockVersion(version);
  if (isRead === undefined)
    fields.fault("invalid-version", `${version} is not a version.`, "lock-version", place, "1.0");
  else if (!isRead) {
    const message = `The lock is of version ${version}, and versions 1.x can be read.`;
    fields.fault("unsupported-lock-version", message, "lock-version", place, "1.0");
  }
  return version;
}

function checkNormalized(fields: PylockFields, { text, inside }: TomlValue, key: string): void {
  if (isNormalizedName(text)) return;
  const expected = normalizeName(text);
  fields.fault(
    "name-not-normalized",
    `${text} is not in its normal form, ${expected}.`,
    key,
    inside,
    expected,
  );
}

/** A package with its faults told; undefined without a name. */
function readPackage(fields: PylockFields): PylockPackage | undefined {
  const name = fields.required("name");
  if (name !== undefined) checkNormalized(fields, fields.value("name")!, "name");
  const version = fields.string("version");
  if (version !== undefined && parseVersion(version) === undefined) {
    const place = fields.value("version")!.inside;
    fields.fault("invalid-version", `${version} is not a version.`, "version", place, "a version");
  }
  const marker = fields.marker("marker");
  const requiresPython = fields.specifier("requires-python");
  const dependencies = fields.tables("dependencies") ?? [];
  const vcs = readVcs(fields.table("vcs"));
  const directory = readDirectory(fields.table("directory"));
  const archive = readFile(fields.table("archive"));
  const index = fields.string("index");
  const sdist = readFile(fields.table("sdist"));
  const wheels = (fields.tables("wheels") ?? []).flatMap((table) => readFile(table) ?? []);
  const identities = fields.tables("attestation-identities") ?? [];
  const tool = fields.table("tool");
  checkSource(fields);
  for (const identity of identities) identity.required("kind");
  if (name === undefined) return undefined;
  checkFileNames(fields, name, version);
  return {
    name,
    ...(version === undefined ? {} : { version }),
    ...(marker && { marker }),
    ...(requiresPython && { requiresPython }),
    dependencies: dependencies.map((table) => table.free()),
    ...(vcs && { vcs }),
    ...(directory && { directory }),
    ...(archive && { archive }),
    ...(index === undefined ? {} : { index }),
    ...(sdist && { sdist }),
    wheels,
    attestationIdentities: identities.map((table) => table.free()),
    ...(tool && { tool: tool.free() }),
  };
}

/** One source in a package: sdist and wheels together, or one of the three others (PEP 751, `packages.vcs` and following). */
function checkSource(fields: PylockFields): void {
  const direct = ["vcs", "directory", "archive"].filter((key) => fields.has(key));
  const hasFiles = fields.has("sdist") || (fields.tables("wheels") ?? []).length > 0;
  if (hasFiles && direct.length > 0) {
    const message = `${fields.where} has ${direct[0]} beside its sdist or wheels: it is one or the other.`;
    fields.fault("several-sources", message);
  } else if (direct.length > 1) {
    fields.fault("several-sources", `${fields.where} has ${direct.join(" and ")}: it is one of them.`);
  } else if (!hasFiles && direct.length === 0) {
    const message = `${fields.where} has nothing to install: no wheels, sdist, archive, directory or vcs.`;
    fields.fault("missing-source", message, undefined, undefined, "wheels");
  }
}

function readVcs(fields: PylockFields | undefined): PylockVcs | undefined {
  if (fields === undefined) return undefined;
  const type = fields.required("type");
  const place = readPlace(fields);
  const requestedRevision = fields.string("requested-revision");
  const commitId = fields.required("commit-id");
  const subdirectory = fields.string("subdirectory");
  if (type === undefined || commitId === undefined) return undefined;
  return {
    type,
    ...place,
    ...(requestedRevision === undefined ? {} : { requestedRevision }),
    commitId,
    ...(subdirectory === undefined ? {} : { subdirectory }),
  };
}

function readDirectory(fields: PylockFields | undefined): PylockDirectory | undefined {
  if (fields === undefined) return undefined;
  const path = fields.required("path");
  const editable = fields.boolean("editable");
  const subdirectory = fields.string("subdirectory");
  if (path === undefined) return undefined;
  return {
    path,
    ...(editable === undefined ? {} : { editable }),
    ...(subdirectory === undefined ? {} : { subdirectory }),
  };
}

function readPlace(fields: PylockFields): Pick<PylockFile, "url" | "path"> {
  const url = fields.string("url");
  const path = fields.string("path");
  if (!url && !path)
    fields.fault(
      "missing-place",
      `${fields.where} has neither url nor path.`,
      undefined,
      undefined,
      "url or path",
    );
  return { ...(url === undefined ? {} : { url }), ...(path === undefined ? {} : { path }) };
}

function readFile(fields: PylockFields | undefined): PylockFile | undefined {
  if (fields === undefined) return undefined;
  const name = fields.string("name");
  const uploadTime = fields.dateTime("upload-time");
  const size = fields.integer("size");
  const hashes = readHashes(fields);
  const subdirectory = fields.string("subdirectory");
  return {
    ...(name === undefined ? {} : { name }),
    ...(uploadTime === undefined ? {} : { uploadTime }),
    ...readPlace(fields),
    ...(size === undefined ? {} : { size }),
    hashes,
    ...(subdirectory === undefined ? {} : { subdirectory }),
  };
}

function readHashes(fields: PylockFields): Readonly<Record<string, string>> {
  if (!fields.has("hashes")) {
    fields.fault(
      "missing-hash",
      `${fields.where} has no hashes: what is installed could not be checked.`,
      "hashes",
      undefined,
      "hashes",
    );
    return {};
  }
  const table = fields.table("hashes");
  if (table === undefined) return {};
  const hashes: Record<string, string> = {};
  for (const [algorithm, { value, span }] of table.node.children) {
    if (value?.kind === "string") hashes[algorithm] = value.text;
    else {
      const message = `The ${algorithm} of ${fields.where} is not a text in quotes.`;
      fields.fault("invalid-value", message, "hashes", value?.span ?? span, "a text in quotes");
    }
  }
  if (table.node.children.size === 0)
    fields.fault("missing-hash", `${fields.where} has no hash among its hashes.`, "hashes", table.node.span);
  return hashes;
}

/** Names and versions in the names of files are those of the package (PEP 751, `packages.sdist.name`, `packages.wheels.name`). */
function checkFileNames(fields: PylockFields, name: string, version: string | undefined): void {
  const pinned = version === undefined ? undefined : parseVersion(version);
  const check = (file: PylockFields, key: string, read: typeof readSdistFilename): void => {
    const filename = pylockFileName({
      name: textOf(file, "name"),
      path: textOf(file, "path"),
      url: textOf(file, "url"),
    });
    if (filename === "") return;
    const parts = read(filename);
    const place = file.value(["name", "path", "url"].find((one) => textOf(file, one)) ?? "")?.inside;
    const tell = (code: string, message: string) => fields.fault(code, message, key, place);
    if (!parts.ok) tell("invalid-file-name", `${filename} cannot be read: ${parts.error.message}`);
    else if (parts.value.name !== name) tell("other-name", `${filename} is not a file of ${name}.`);
    else if (pinned && parts.value.version.key !== pinned.key)
      tell("other-version", `${filename} is not of version ${version}.`);
  };
  const wheels = fields.node.children.has("wheels") ? quietTables(fields) : [];
  for (const [index, wheel] of wheels.entries()) check(wheel, `wheels[${index}]`, readWheelFilename);
  const sdist = fields.node.children.get("sdist");
  if (sdist) check(new PylockFields(sdist, "", []), "sdist", readSdistFilename);
}

/** The wheels again, what is wrong with their list having been told. */
function quietTables(fields: PylockFields): readonly PylockFields[] {
  return new PylockFields(fields.node, "", []).tables("wheels") ?? [];
}

function textOf(fields: PylockFields, key: string): string | undefined {
  const value = fields.value(key);
  return value?.kind === "string" ? value.text : undefined;
}

function entryOf(package_: PylockPackage, fields: PylockFields): RequirementEntry {
  const { name, version, archive, directory, vcs, marker } = package_;
  const place = (node: TomlNode | undefined, ...keys: string[]): Spanned | undefined => {
    for (const key of keys) {
      const value = node?.children.get(key)?.value;
      if (value?.kind === "string") return { text: value.text, span: value.inside };
    }
    return undefined;
  };
  const { children } = fields.node;
  const source = children.get("archive") ?? children.get("vcs") ?? children.get("directory");
  const url = archive || vcs ? place(source, "url") : undefined;
  const path = archive || directory || vcs ? place(source, "path") : undefined;
  const reference = vcs && vcsOf(vcs, url ?? path, place(source, "commit-id"));
  const subdirectory = (archive ?? directory ?? vcs)?.subdirectory;
  const versionPlace = place(fields.node, "version");
  let hashes: readonly HashEntry[] | undefined;
  return {
    kind: "requirement",
    style: "toml-table",
    span: spanOf(fields.node),
    section: "packages",
    name: place(fields.node, "name")!,
    normalizedName: normalizeName(name),
    extras: [],
    specifier:
      version === undefined || versionPlace === undefined
        ? SpecifierSet.any
        : new SpecifierSet([exactly(version, versionPlace.span)]),
    ...(versionPlace && { specifierSpan: versionPlace.span }),
    ...(marker && { marker: marker.marker, markerSpan: fields.value("marker")!.inside }),
    ...(url && { url }),
    ...(path && { path }),
    ...(reference && { vcs: reference }),
    ...(subdirectory === undefined ? {} : { subdirectory }),
    editable: directory?.editable === true,
    get hashes() {
      hashes ??= hashesOf(fields.node);
      return hashes;
    },
    options: [],
    understood: true,
    hasVariables: false,
  };
}

/** The version is written without its operator: both stand in the same place. */
function exactly(version: string, span: Span): Clause {
  return { operator: "==", version, span, versionSpan: span };
}

const SYSTEMS: readonly string[] = ["git", "hg", "svn", "bzr"];

function vcsOf(
  { type }: PylockVcs,
  url: Spanned | undefined,
  reference: Spanned | undefined,
): VcsReference | undefined {
  if (!SYSTEMS.includes(type) || url === undefined) return undefined;
  return { system: type as VcsReference["system"], url, ...(reference && { reference }) };
}

/** From the header, or the brace, to the end of the last of its own values. */
function spanOf({ span, header, pairs }: TomlNode): Span {
  if (header === undefined) return span;
  return { start: span.start, end: Math.max(span.end, ...pairs.map((pair) => pair.span.end)) };
}

function hashesOf({ children }: TomlNode): HashEntry[] {
  const wheels = children.get("wheels");
  const files = [...(wheels?.tables ?? []), children.get("sdist"), children.get("archive")];
  return files.flatMap((file) =>
    [...(file?.children.get("hashes")?.children ?? [])].flatMap(([algorithm, { value }]) =>
      value?.kind === "string"
        ? [{ span: value.inside, algorithm: algorithm.toLowerCase(), digest: value.text }]
        : [],
    ),
  );
}
