// textDocument/hover: verdict first, then the evidence, then where to look next. From the snapshot alone.

import { advisoryPage, sayAdvisories } from "../../../shared/src/advisory/index.ts";
import type { ArtifactFacts, ProjectFacts, ReleaseFacts } from "../../../shared/src/facts/model.ts";
import type {
  IncludeEntry,
  OptionEntry,
  RequirementEntry,
  SourceEntry,
} from "../../../shared/src/manifest/model.ts";
import type { UvSource } from "../../../shared/src/manifest/projectModel.ts";
import {
  type Marker,
  type MarkerVariable,
  markerToString,
  tryEvaluateMarker,
} from "../../../shared/src/packaging/index.ts";
import { describeRequirement, type RequirementView, sayAdmitted } from "../../../shared/src/rules/index.ts";
import { isFromIndex } from "../../../shared/src/rules/place.ts";
import { count, fileName, sayAge, sayPython } from "../../../shared/src/rules/words.ts";
import type { Range, Span } from "../../../shared/src/text/span.ts";
import { placeAt } from "../at.ts";
import { say } from "../l10n.ts";
import { code, link, plain } from "../markdown.ts";
import type { View } from "../model.ts";
import { pipfileKeyText } from "./pipfileKeys.ts";
import { findPipOption } from "./pipOptionTexts.ts";
import { provenanceLines } from "./provenanceLine.ts";
import { pyprojectKeyText } from "./pyprojectKeys.ts";
import { specifierWords } from "./specifierWords.ts";
import { stackLines } from "./stackWords.ts";

export interface HoverAnswer {
  readonly markdown: string;
  readonly range: Range;
}

/** The project that a hover at this offset would be about, so that the server can wait a moment for it. */
export function hoveredProject(view: View, offset: number): string | undefined {
  const place = placeAt(view.file.manifest, offset);
  if (!place || !("entry" in place)) return undefined;
  const { entry } = place;
  if (entry.kind !== "requirement" && entry.kind !== "constraint") return undefined;
  return isFromIndex(entry) ? entry.normalizedName : undefined;
}

/** What there is to say about the thing at the offset; undefined where nothing stands there. */
export function hover(view: View, offset: number): HoverAnswer | undefined {
  const place = placeAt(view.file.manifest, offset);
  if (!place) return undefined;
  const lines = linesFor(view, place);
  if (lines.length === 0) return undefined;
  return { markdown: lines.join("  \n"), range: view.file.manifest.lines.rangeOf(place.span) };
}

function linesFor(view: View, place: NonNullable<ReturnType<typeof placeAt>>): string[] {
  switch (place.what) {
    case "clause":
      return clauseLines(view, place.entry);
    case "marker":
      return markerLines(view, place.entry);
    case "hash":
      return hashLines(view, place.entry, place.hash.algorithm, place.hash.digest);
    case "extra":
      return extraLines(view, place.entry, place.extra.text);
    case "index":
      return indexLines(view, place.entry);
    case "key":
      return keyLines(view, place.key.text);
    case "include":
      return includeLines(view, place.entry);
    case "option":
      return optionLines(view, place.entry);
    case "source":
      return sourceLines(place.entry);
    case "requirement":
      return requirementLines(view, place.entry);
  }
}

function describe(view: View, entry: RequirementEntry): RequirementView {
  return describeRequirement(view, { file: view.file, entry });
}

function requirementLines(view: View, entry: RequirementEntry): string[] {
  const described = describe(view, entry);
  const lines = [verdictLine(described)];
  if (described.state !== "not-an-index-requirement") lines.push(...factLines(view, described, entry));
  else lines.push(...originLines(entry));
  lines.push(...provenanceLines(view, entry));
  return lines.filter((line) => line !== "");
}

/** The verdict with its subject in bold. */
function verdictLine(described: RequirementView): string {
  const subject = [`${described.name} ${described.current?.version ?? ""}`.trim(), described.name].find(
    (text) => described.verdict.startsWith(text),
  );
  if (subject === undefined) return plain(described.verdict, 400);
  return `**${plain(subject)}**${plain(described.verdict.slice(subject.length), 400).replace(/^(?=[^\s:])/, " ")}`;
}

function factLines(view: View, described: RequirementView, entry: RequirementEntry): string[] {
  const others = described.findings
    .filter(
      (finding) =>
        !finding.message.startsWith(described.verdict) &&
        finding.rule !== "unpinned-requirement" &&
        !(finding.rule === "known-vulnerability" && finding.package === described.normalizedName),
    )
    .slice(0, 5)
    .map((finding) => plain(finding.message, 300));
  const { facts } = described;
  const advisories = advisoriesLine(view, described);
  if (!facts || described.state !== "known")
    return [advisories, ...others, ...troubleLines(view, described, facts)];
  return [
    releasesLine(described),
    advisories,
    ...others,
    ...stackLines(view, entry),
    failureLine(view, described),
    plain(described.currentDetail?.summary ?? "", 160),
    artifactLine(described),
    checkedLine(view, facts),
    linksLine(described),
  ];
}

/** What the verdict has not said already of why the index did not answer, and what can be done. */
function troubleLines(view: View, described: RequirementView, facts: ProjectFacts | undefined): string[] {
  if (!facts) return [];
  const { trouble } = facts;
  const told = [trouble?.code === "offline" ? undefined : trouble?.message, trouble?.next].filter(
    (text) => text !== undefined && !described.verdict.includes(text),
  );
  return [...told.map((text) => plain(text!, 300)), checkedLine(view, facts)];
}

/** More names than this are told as a number. */
const mostAdvisories = 5;

/** `1 advisory, high, fixed in 2.3.2: GHSA-…`, and how old the records are. Nothing where none were ever loaded: the lens says that. */
function advisoriesLine(view: View, described: RequirementView): string {
  const known = described.facts?.advisories;
  if (!known) return "";
  const age = say("records of {0}", sayAge(known.asOf, view.snapshot.now));
  const found = described.vulnerability;
  if (!found) return described.current ? `${say("No advisory known")} · ${age}` : "";
  const [said] = sayAdvisories(found.matches, found.fixedIn).split(":");
  const links = found.matches.slice(0, mostAdvisories).map((match) => {
    const named = link(match.id, advisoryPage(match.id));
    return found.open.includes(match) ? named : say("{0} (accepted)", named);
  });
  const more = found.matches.length - links.length;
  const rest = more > 0 ? ` ${say("and {0} more", more)}` : "";
  return `${plain(said!)}: ${links.join(", ")}${rest} · ${age}`;
}

function releasesLine(described: RequirementView): string {
  const parts: string[] = [];
  const newest = described.newestCompatible;
  if (newest) {
    const month = newest.uploaded === undefined ? "" : ` (${sayMonth(newest.uploaded)})`;
    parts.push(say("Newest compatible {0}", `**${plain(newest.version)}**${month}`));
  }
  if (described.newest && described.newest.version !== newest?.version) {
    parts.push(`${say("newest {0}", plain(described.newest.version))}${obstacleWords(described.newest)}`);
  }
  if (described.locked !== undefined) parts.push(say("locked {0}", plain(described.locked)));
  if (described.installed !== undefined) parts.push(say("installed {0}", plain(described.installed)));
  return parts.join(" · ");
}

function obstacleWords(release: ReleaseFacts): string {
  if (release.yanked !== undefined) return ` (${say("yanked")})`;
  switch (release.obstacle) {
    case "python":
      return release.requiresPython ? ` (${plain(sayPython(release.requiresPython))})` : "";
    case "tags":
      return ` (${say("no file for this platform")})`;
    case "no-artifact":
      return ` (${say("no file that installs")})`;
    default:
      return "";
  }
}

function failureLine(view: View, described: RequirementView): string {
  const inspection = view.snapshot.inspection;
  const failure = inspection?.failure;
  if (!inspection || !failure || failure.requirement !== described.normalizedName) return "";
  const [telling] = failure.lines.slice(-1);
  const age = sayAge(inspection.finished, view.snapshot.now);
  const stale = inspection.current ? "" : say(", on an earlier text");
  return `${say("Validation, {0} stage", plain(failure.stage))}: ${telling ? code(telling) : plain(failure.message)} · ${age}${stale}`;
}

function artifactLine({ currentRelease: release, findings }: RequirementView): string {
  if (!release) return "";
  const isTold = findings.some(({ rule }) => rule === "runs-code-at-install");
  const parts: string[] = [];
  if (release.artifact === "wheel")
    parts.push(release.anyPlatform ? say("Wheel for any platform") : say("Wheel for this platform"));
  else if (release.artifact === "sdist" && !isTold)
    parts.push(say("Source distribution only: it is built here"));
  if (release.requiresPython) parts.push(plain(sayPython(release.requiresPython)));
  return parts.join(" · ");
}

/** Where it comes from and how old it is: stale and failed are said as such. */
function checkedLine(view: View, facts: ProjectFacts): string {
  const places = facts.indexes.map((index) => plain(hostOf(index))).join(", ");
  // What no index has comes from none of them: they were asked, and a 404 has no page whose age could be told.
  const isAbsent = facts.state === "absent";
  const from = places === "" ? "" : isAbsent ? say("Asked {0}", places) : say("From {0}", places);
  if (isAbsent && facts.checked === undefined) return from;
  const age =
    facts.checked === undefined
      ? say("not checked")
      : say("checked {0}", sayAge(facts.checked, view.snapshot.now));
  const why = view.snapshot.unasked ? ` (${plain(view.snapshot.unasked.message)})` : "";
  const stale =
    facts.freshness === "stale"
      ? say(", stale")
      : facts.freshness === "failed"
        ? say(", the last try failed")
        : "";
  return [from, `${age}${stale}${stale ? why : ""}`].filter(Boolean).join(" · ");
}

function hostOf(index: string): string {
  if (!URL.canParse(index)) return index;
  const url = new URL(index);
  return url.host === "" ? index : `${url.host}${url.pathname.replace(/\/+$/, "")}`;
}

const projectLabels = [
  "homepage",
  "home",
  "project",
  "repository",
  "source",
  "source code",
  "github",
  "documentation",
];
const changeLabels = ["changelog", "changes", "release notes", "history", "what's new"];

function linksLine(described: RequirementView): string {
  const urls = Object.entries(described.currentDetail?.projectUrls ?? {});
  const find = (labels: readonly string[]): string | undefined => {
    for (const label of labels) {
      const match = urls.find(([key]) => key.trim().toLowerCase() === label);
      if (match) return match[1];
    }
    return undefined;
  };
  const links = [
    { label: say("Project"), url: find(projectLabels) },
    { label: say("Changes"), url: find(changeLabels) },
  ];
  return links
    .filter((item) => item.url !== undefined)
    .map((item) => link(item.label, item.url))
    .filter((text) => text.startsWith("["))
    .join(" · ");
}

function originLines(entry: RequirementEntry): string[] {
  if (entry.isSelf) return [say("The project itself, with these extras")];
  if (entry.sources) return entry.sources.flatMap(uvSourceLine);
  if (entry.hasVariables) return [say("The address holds a variable, which is never expanded here")];
  if (entry.vcs) {
    const at = entry.vcs.reference ? ` @ ${code(entry.vcs.reference.text)}` : "";
    return [`${entry.vcs.system} ${code(withoutCredentials(entry.vcs.url.text))}${at}`];
  }
  if (entry.url) return [code(withoutCredentials(entry.url.text))];
  return entry.path ? [code(entry.path.text)] : [];
}

/** Where `[tool.uv.sources]` takes the package from. */
function uvSourceLine({ kind, value, reference, marker }: UvSource): string[] {
  const at = reference ? ` @ ${code(reference.text)}` : "";
  const from =
    value === undefined ? say("From this workspace") : `${kind} ${code(withoutCredentials(value.text))}${at}`;
  return [marker ? `${from} ; ${code(markerToString(marker))}` : from];
}

/** The address without what stands before an `@` in its authority. */
function withoutCredentials(address: string): string {
  return address.replace(/^([a-z+.-]+:\/\/)[^/@\s]*@/i, "$1");
}

function clauseLines(view: View, entry: RequirementEntry): string[] {
  const described = describe(view, entry);
  const lines = [plain(specifierWords(entry.specifier), 300)];
  const admitted = sayAdmitted(described);
  if (admitted) lines[0] += ` ${plain(admitted, 300)}`;
  else if (described.state === "checking") lines.push(say("Releases: checking"));
  lines.push(verdictLine(described));
  return lines;
}

function markerLines(view: View, entry: RequirementEntry): string[] {
  if (!entry.marker) return [];
  const { environment } = view.snapshot;
  const markers = environment?.markers;
  if (!markers) {
    const why =
      view.snapshot.unasked?.message ?? (view.snapshot.pending ? say("checking") : say("no Python is known"));
    return [say("Not known whether this is used here: {0}", plain(why))];
  }
  const value = tryEvaluateMarker(entry.marker, { ...markers, extra: "" });
  const names = [...new Set(variablesOf(entry.marker))];
  const values = names.map(
    (name) => `${name} = ${code(String(markers[name as keyof typeof markers] ?? ""))}`,
  );
  const where = names
    .map((name) => String(markers[name as keyof typeof markers] ?? ""))
    .filter(Boolean)
    .join(", ");
  const holds = value.ok && value.value;
  const verdict = holds
    ? say("Used on this environment ({0}).", plain(where))
    : say("Not used on this environment ({0}).", plain(where));
  const elsewhere = holds ? "" : platformsWhere(entry.marker);
  return [elsewhere ? `${verdict} ${elsewhere}` : verdict, values.join(" · ")].filter(Boolean);
}

const platforms = [
  { name: "Linux", values: { sys_platform: "linux", platform_system: "Linux", os_name: "posix" } },
  { name: "macOS", values: { sys_platform: "darwin", platform_system: "Darwin", os_name: "posix" } },
  { name: "Windows", values: { sys_platform: "win32", platform_system: "Windows", os_name: "nt" } },
] as const;

/** "Used on Windows." where the platform alone decides. */
function platformsWhere(marker: Marker): string {
  const names = new Set(variablesOf(marker));
  const decides = [...names].every(
    (name) => name === "sys_platform" || name === "platform_system" || name === "os_name",
  );
  if (!decides) return "";
  const used = platforms.filter((platform) => {
    const value = tryEvaluateMarker(marker, platform.values);
    return value.ok && value.value;
  });
  return used.length === 0
    ? say("Used nowhere.")
    : say("Used on {0}.", used.map((platform) => platform.name).join(", "));
}

function variablesOf(marker: Marker): MarkerVariable[] {
  switch (marker.kind) {
    case "constant":
      return [];
    case "comparison":
      return [marker.left, marker.right].flatMap((operand) =>
        operand.kind === "variable" ? [operand.name] : [],
      );
    default:
      return marker.operands.flatMap(variablesOf);
  }
}

function hashLines(view: View, entry: RequirementEntry, algorithm: string, digest: string): string[] {
  const described = describe(view, entry);
  const details = Object.values(described.facts?.details ?? {});
  for (const detail of details) {
    const artifact = detail.artifacts.find(
      (item) => item.hashes[algorithm]?.toLowerCase() === digest.toLowerCase(),
    );
    if (artifact) return [artifactWords(artifact), plain(`${described.name} ${detail.version}`)];
  }
  if (described.state === "checking") return [say("Which file this is: checking")];
  const current = described.current?.version;
  if (described.currentDetail?.artifacts.some((artifact) => artifact.hashes[algorithm] !== undefined)) {
    return [say("No file of {0} has this hash.", plain(`${described.name} ${current ?? ""}`.trim()))];
  }
  return [say("Not checked: the index gives no {0} of the files.", plain(algorithm))];
}

function artifactWords(artifact: ArtifactFacts): string {
  const suits = artifact.suits ? say("suits this environment") : say("is not for this environment");
  const yanked = artifact.yanked === undefined ? "" : ` · ${say("yanked")}`;
  return `${code(artifact.filename)} ${suits}${yanked}`;
}

function extraLines(view: View, entry: RequirementEntry, extra: string): string[] {
  const described = describe(view, entry);
  const provided = described.currentDetail?.providesExtra;
  const name = plain(described.name);
  if (!provided) return [say("Extra {0} of {1}", `**${plain(extra)}**`, name)];
  const version = plain(described.currentDetail?.version ?? "");
  const normal = extra.toLowerCase().replace(/[-_.]+/g, "-");
  const has = provided.some((item) => item.toLowerCase().replace(/[-_.]+/g, "-") === normal);
  if (!has)
    return [
      say(
        "{0} {1} has no extra {2}. It has: {3}",
        name,
        version,
        `**${plain(extra)}**`,
        plain(provided.join(", ") || "none", 300),
      ),
    ];
  const brings = (described.currentDetail?.requiresDist ?? []).filter((line) =>
    new RegExp(`extra\\s*==\\s*['"]${normal.replaceAll("-", "[-_.]+")}['"]`, "i").test(line),
  );
  return [
    say("Extra {0} of {1} {2}", `**${plain(extra)}**`, name, version),
    ...brings.slice(0, 8).map((line) => code(line.split(";")[0]?.trim() ?? "")),
  ];
}

function indexLines(view: View, entry: RequirementEntry): string[] {
  const name = entry.index?.text ?? "";
  const source = sourceNamed(view, name);
  if (!source) return [say("No source of this file is named {0}.", code(name))];
  return [say("Taken from the source {0} only", code(name)), ...sourceLines(source)];
}

function sourceNamed(view: View, name: string): SourceEntry | undefined {
  return view.file.manifest.entries.find(
    (item): item is SourceEntry => item.kind === "source" && item.name?.text === name,
  );
}

function keyLines(view: View, key: string): string[] {
  const isPyproject = view.file.manifest.kind === "pyproject";
  const text = isPyproject ? pyprojectKeyText("poetry-dependency", key) : pipfileKeyText("package", key);
  return text === undefined ? [] : [`${code(key)} ${text}`];
}

function includeLines(view: View, entry: IncludeEntry): string[] {
  const fault = view.tree.faults.find(
    (item) =>
      item.uri === view.file.uri && item.span.start >= entry.span.start && item.span.end <= entry.span.end,
  );
  if (fault) return [plain(fault.message, 300)];
  const what =
    entry.as === "constraints"
      ? say("Narrows versions by the constraints in this file.")
      : say("Includes the requirements in this file.");
  const file = view.tree.files.find(
    (item) => item.includedBy?.uri === view.file.uri && within(item.includedBy.span, entry.span),
  );
  if (!file) return [what];
  const number = file.manifest.entries.filter(
    (item) => item.kind === "requirement" || item.kind === "constraint",
  ).length;
  return [
    `${what} ${code(fileName(file.uri))}: ${count(number, entry.as === "constraints" ? "constraint" : "requirement")}`,
  ];
}

function within(inner: Span, outer: Span): boolean {
  return inner.start >= outer.start && inner.end <= outer.end;
}

function optionLines(view: View, entry: OptionEntry): string[] {
  if (view.file.manifest.kind === "pyproject") return projectOptionLines(view, entry);
  if (view.file.manifest.kind === "pipfile" || view.file.manifest.kind === "pipfile-lock") {
    const text = pipfileKeyText(entry.section ?? "pipenv", entry.option);
    return text === undefined ? [] : [`${code(entry.option)} ${text}`];
  }
  const option = findPipOption(entry.option);
  if (!option) return [say("pip does not know this option in a requirements file.")];
  const lines = [`${code(option.forms.join(", "))} ${plain(option.description, 300)}`];
  if (entry.hasVariables) lines.push(say("The value holds a variable, which is never expanded here"));
  if (option.values) lines.push(say("One of {0}", option.values.map((value) => code(value)).join(", ")));
  return lines;
}

function projectOptionLines(view: View, { section = "", option }: OptionEntry): string[] {
  const isPython = option === "requires-python" || section === "tool.poetry.dependencies";
  const text = isPython ? pyprojectKeyText("project", "requires-python") : pyprojectKeyText(section, option);
  const lines = text === undefined ? [] : [`${code(option)} ${text}`];
  const python = isPython ? view.file.manifest.project?.requiresPython : undefined;
  if (python) lines.push(plain(specifierWords(python.specifier), 300));
  return lines;
}

function sourceLines(entry: SourceEntry): string[] {
  const address = entry.url ? code(withoutCredentials(entry.url.text)) : say("no address");
  const verified = entry.verifySsl ? say("certificates are verified") : say("certificates are not verified");
  return [
    `${say("Source")} ${entry.name ? `**${plain(entry.name.text)}**` : ""} ${address}`.replace(/ +/g, " "),
    verified,
  ];
}

const months = new Intl.DateTimeFormat("en", { month: "long", year: "numeric", timeZone: "UTC" });

/** `February 2026`. */
export function sayMonth(time: number): string {
  return months.format(time);
}
