// The packages that checked manifests stand for: what their lines and locks pin, what the resolver takes for the rest, and what is known against each.
import { matchAdvisories, type ProjectAdvisories } from "../../../shared/src/advisory/index.ts";
import type { SourceEntry } from "../../../shared/src/manifest/model.ts";
import type { BillAdvisory, BillPackage } from "../../../shared/src/protocol/bill.ts";
import { acceptanceFor, type Snapshot } from "../../../shared/src/rules/index.ts";
import { redactUrl } from "../index/index.ts";
import { lockedFilesOf, type Subject, subjectsOf } from "../provenance/index.ts";
import type { Pin } from "../resolve/index.ts";
import type { ResolvedRoot } from "./checkStacks.ts";
import type { OperationContext } from "./context.ts";

/** The packages of all roots, each release once, in the order in which they are named. */
export async function billOf(
  context: OperationContext,
  roots: readonly ResolvedRoot[],
): Promise<BillPackage[]> {
  const knowledge = await context.knowledge();
  const packages = new Map<string, BillPackage>();
  for (const root of roots) {
    const found = packagesOf(root);
    const advisories = knowledge.advisories.read(found.map(({ one }) => one.name));
    for (const { one, subject } of found) {
      const known = advisoriesOf(one, subject, advisories?.get(one.name), root.snapshot);
      const key = JSON.stringify([one.name, one.version, one.address, one.indexes]);
      const before = packages.get(key);
      packages.set(key, {
        ...(before ? together(before, one) : one),
        ...(known ? { advisories: known } : {}),
      });
    }
  }
  return [...packages.values()];
}

interface Found {
  readonly one: BillPackage;
  readonly subject?: Subject;
}

function packagesOf(root: ResolvedRoot): Found[] {
  const { searched } = root;
  const pins = searched?.resolution.kind === "solved" ? searched.resolution.pins : [];
  const byName = new Map(pins.map((pin) => [pin.name, pin]));
  const searchOf = (name: string) => searched?.asked.universe.searchOf(name)?.found ?? [];
  const subjects = subjectsOf(root.tree);
  const named = new Set(subjects.map(({ name }) => name));
  return [
    ...subjects.map((subject) => ({ subject, one: ofSubject(subject, root, byName.get(subject.name)) })),
    ...pins.filter(({ name }) => !named.has(name)).map((pin) => ({ one: ofPin(pin, searchOf(pin.name)) })),
  ];
}

function ofSubject(subject: Subject, root: ResolvedRoot, pin: Pin | undefined): BillPackage {
  const { name, version, address, vcs } = subject;
  const isLocal = subject.from === "url" && /^file:/i.test(address ?? "");
  const from = isLocal ? "path" : subject.from;
  const resolved = version === undefined && from === "index" ? pin?.version.toString() : undefined;
  const needs = subject.lockedDependencies ?? (pin && needsOf(pin));
  const isHeld = subject.digests.length > 0;
  return {
    name,
    ...(version === undefined && resolved === undefined ? {} : { version: version ?? resolved! }),
    ...(resolved === undefined ? {} : { assumed: true }),
    from,
    ...(address === undefined
      ? {}
      : // A path is no secret, and as an address it would be another one.
        { address: from === "path" ? address : withReference(redactUrl(address), vcs?.reference) }),
    indexes: from === "index" ? indexesOf(subject, root) : [],
    artifacts: isHeld ? heldFiles(subject) : pin && from === "index" ? [fileOf(pin)] : [],
    ...(needs ? { dependsOn: [...needs] } : {}),
  };
}

/** The address of a repository at a commit or name, as a line writes it. */
function withReference(address: string, reference: string | undefined): string {
  return reference === undefined || address.includes(`@${reference}`) ? address : `${address}@${reference}`;
}

function ofPin(pin: Pin, indexes: readonly string[]): BillPackage {
  const isDirect = pin.direct !== undefined;
  return {
    name: pin.name,
    version: pin.version.toString(),
    assumed: true,
    from: isDirect ? "url" : "index",
    ...(isDirect ? { address: redactUrl(pin.direct!) } : {}),
    indexes: isDirect ? [] : [...indexes],
    artifacts: isDirect ? [] : [fileOf(pin)],
    dependsOn: needsOf(pin),
  };
}

function needsOf({ dependencies, extraDependencies, extras, name }: Pin): string[] {
  const all = [...dependencies, ...extras.flatMap((extra) => extraDependencies.get(extra) ?? [])];
  return [...new Set(all.map((one) => one.name))].filter((one) => one !== name).sort();
}

const fileOf = ({ file }: Pin): BillPackage["artifacts"][number] => ({
  filename: file.filename,
  url: redactUrl(file.url),
  digests: { ...file.hashes },
});

/** The files that a lock names, or what is admitted by digest alone. */
function heldFiles({ lockedFiles, digests }: Subject): BillPackage["artifacts"] {
  if (lockedFiles.length > 0) {
    return lockedFiles.map(({ filename, url, digests: own }) => ({
      filename,
      ...(url === undefined ? {} : { url: redactUrl(url) }),
      digests: Object.fromEntries(own.map(({ algorithm, digest }) => [algorithm, digest])),
    }));
  }
  return digests.map(({ algorithm, digest }) => ({ digests: { [algorithm]: digest } }));
}

/** The index that the manifest names for it, else those that have it, else the first source of a lock. */
function indexesOf({ name, source }: Subject, { tree, snapshot }: ResolvedRoot): string[] {
  const sources = lockedFilesOf(tree).flatMap(({ manifest }) =>
    manifest.entries.filter(
      (entry): entry is SourceEntry => entry.kind === "source" && entry.url !== undefined,
    ),
  );
  const named = sources.find((one) => source !== undefined && one.name?.text === source)?.url?.text;
  if (named !== undefined) return [redactUrl(named)];
  if (source !== undefined && URL.canParse(source)) return [redactUrl(source)];
  const known = snapshot.projects.get(name)?.indexes ?? [];
  if (known.length > 0) return [...known];
  const [first] = sources;
  return first?.url ? [redactUrl(first.url.text)] : [];
}

/** Undefined where nothing could be said. Advisories are of what an index has. */
function advisoriesOf(
  { name, version, from }: BillPackage,
  subject: Subject | undefined,
  known: ProjectAdvisories | undefined,
  snapshot: Snapshot,
): BillAdvisory[] | undefined {
  if (!known || version === undefined || from === "vcs" || from === "path") return undefined;
  const release = { package: name, version, entry: subject?.places[0]?.entry };
  return matchAdvisories(known.records, version, snapshot.now).map((match) => {
    const accepted = acceptanceFor(snapshot, release, "known-vulnerability", match);
    const { id, aliases, severity, malicious, fixedIn, score, summary } = match;
    return {
      id,
      aliases: [...aliases],
      severity: malicious ? "malicious" : severity,
      fixedIn: [...fixedIn],
      ...(score === undefined ? {} : { score }),
      ...(summary === undefined ? {} : { summary }),
      ...(accepted
        ? {
            accepted: {
              reason: accepted.acceptance.reason,
              until: accepted.acceptance.until,
              from: accepted.from,
            },
          }
        : {}),
    };
  });
}

/** One release that two manifests name: what either says of it. */
function together(a: BillPackage, b: BillPackage): BillPackage {
  const artifacts = new Map([...a.artifacts, ...b.artifacts].map((one) => [JSON.stringify(one), one]));
  const needs = [...new Set([...(a.dependsOn ?? []), ...(b.dependsOn ?? [])])].sort();
  const { assumed: _, ...rest } = a;
  return {
    ...rest,
    ...(a.assumed && b.assumed ? { assumed: true } : {}),
    artifacts: [...artifacts.values()],
    ...(a.dependsOn || b.dependsOn ? { dependsOn: needs } : {}),
  };
}
