// CycloneDX 1.6 with VEX: the packages of a run, where each is from, and what is known against it; nothing is called unaffected.
import { createHash } from "node:crypto";
// By its parts: the whole would bring its validators, with modules of Node that are to go and that warn of it.
import * as Enums from "@cyclonedx/cyclonedx-library/Enums";
import * as Models from "@cyclonedx/cyclonedx-library/Models";
import * as Serialize from "@cyclonedx/cyclonedx-library/Serialize";
import * as Spec from "@cyclonedx/cyclonedx-library/Spec";
import { PackageURL } from "packageurl-js";
import { advisoryPage } from "../../../shared/src/advisory/index.ts";
import { DEFAULT_INDEX_URL } from "../../../shared/src/packaging/defaultIndex.ts";
import { indexKey } from "../../../shared/src/policy/index.ts";
import type { BillAdvisory, BillPackage } from "../../../shared/src/protocol/bill.ts";
import type { NotChecked } from "../../../shared/src/protocol/operation.ts";

const PREFIX = "thoth";

/** What a command tells of the packages that it looked at. */
export interface Bill {
  /** `thoth check` */
  readonly madeBy: string;
  /** The manifests, as the person named them. */
  readonly paths: readonly string[];
  readonly packages: readonly ListedPackage[];
  readonly notChecked: readonly NotChecked[];
  /** Of the document: names without the prefix, and values. */
  readonly properties: readonly Property[];
}

type Property = readonly [name: string, value: string];

export interface ListedPackage extends BillPackage {
  readonly properties: readonly Property[];
}

/** The document as JSON text. `now` in milliseconds since the epoch. */
export function cyclonedxOf(bill: Bill, version: string, now: number): string {
  const bom = new Models.Bom({ serialNumber: serialOf(bill) });
  const { metadata } = bom;
  metadata.timestamp = new Date(now);
  metadata.lifecycles.add(new Models.NamedLifecycle("check", { description: bill.madeBy }));
  metadata.tools.components.add(new Models.Component(Enums.ComponentType.Application, "thoth", { version }));
  const root = new Models.Component(Enums.ComponentType.Application, bill.paths.join(", ") || "manifest", {
    bomRef: "root",
  });
  metadata.component = root;
  const { notChecked } = bill;
  addProperties(metadata, [
    ...notChecked.map(({ what, reason }): Property => ["not-checked", `${what}: ${reason}`]),
    ["complete", notChecked.length === 0 ? "true" : "false"],
    ...bill.properties,
  ]);
  const components = new Map<string, Models.Component>();
  const vulnerabilities = new Map<string, Models.Vulnerability.Vulnerability>();
  for (const one of bill.packages) {
    const component = componentOf(one);
    const ref = String(component.bomRef.value);
    if (components.has(ref)) continue;
    components.set(ref, component);
    bom.components.add(component);
    root.dependencies.add(component.bomRef);
    for (const advisory of one.advisories ?? []) addVulnerability(vulnerabilities, component, one, advisory);
  }
  addDependencies(bill.packages, components);
  for (const vulnerability of vulnerabilities.values()) bom.vulnerabilities.add(vulnerability);
  const serializer = new Serialize.JsonSerializer(new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6));
  return `${serializer.serialize(bom, { sortLists: true, space: 2 })}\n`;
}

function addProperties(
  to: { readonly properties: { add(property: Models.Property): unknown } },
  properties: readonly Property[],
): void {
  for (const [name, value] of properties) to.properties.add(new Models.Property(`${PREFIX}:${name}`, value));
}

/** What each package needs, where that is known. */
function addDependencies(
  packages: readonly ListedPackage[],
  components: ReadonlyMap<string, Models.Component>,
): void {
  const byName = new Map<string, Models.Component[]>();
  for (const component of components.values())
    byName.set(component.name, [...(byName.get(component.name) ?? []), component]);
  for (const one of packages) {
    const component = components.get(referenceOf(one));
    for (const name of one.dependsOn ?? [])
      for (const needed of byName.get(name) ?? []) component?.dependencies.add(needed.bomRef);
  }
}

/** The same for the same packages, so that two documents of one state are one. */
function serialOf({ packages }: Bill): string {
  const text = JSON.stringify(
    packages.map(({ name, version, address, artifacts }) => [name, version, address, artifacts]),
  );
  const hex = createHash("sha256").update(text).digest("hex");
  // RFC 9562, version 8: made of a digest.
  const variant = ((Number.parseInt(hex[16]!, 16) & 3) | 8).toString(16);
  return `urn:uuid:${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** Undefined for a path of this machine, which has no address that means the same elsewhere. */
function purlOf({ name, version, from, address, indexes }: BillPackage): string | undefined {
  if (from === "path") return undefined;
  const [index] = indexes;
  const isElsewhere = index !== undefined && indexKey(index) !== indexKey(DEFAULT_INDEX_URL);
  const qualifiers =
    from === "vcs" && address !== undefined
      ? { vcs_url: address }
      : from === "url" && address !== undefined
        ? { download_url: address }
        : isElsewhere
          ? { repository_url: indexKey(index) }
          : undefined;
  return new PackageURL("pypi", undefined, name, version, qualifiers, undefined).toString();
}

const referenceOf = (one: BillPackage): string => purlOf(one) ?? `${one.name} at ${one.address ?? "a path"}`;

function componentOf(one: ListedPackage): Models.Component {
  const purl = purlOf(one);
  const component = new Models.Component(Enums.ComponentType.Library, one.name, {
    bomRef: referenceOf(one),
    ...(purl === undefined ? {} : { purl }),
    ...(one.version === undefined ? {} : { version: one.version }),
  });
  if (one.address !== undefined && one.artifacts.length === 0) {
    const kind =
      one.from === "vcs" ? Enums.ExternalReferenceType.VCS : Enums.ExternalReferenceType.Distribution;
    component.externalReferences.add(new Models.ExternalReference(one.address, kind));
  }
  const [index = DEFAULT_INDEX_URL] = one.indexes;
  const page = one.address ?? `${indexKey(index)}/${one.name}/`;
  for (const { filename, url, digests } of one.artifacts) {
    const reference = new Models.ExternalReference(
      url ?? page,
      Enums.ExternalReferenceType.Distribution,
      filename === undefined ? {} : { comment: filename },
    );
    for (const [algorithm, digest] of Object.entries(digests)) {
      const known = HASHES[algorithm];
      if (known) reference.hashes.set(known, digest);
    }
    component.externalReferences.add(reference);
  }
  addProperties(component, one.properties);
  if (one.version === undefined || one.assumed) addProperties(component, [["pinned", "false"]]);
  return component;
}

const HASHES: Readonly<Record<string, Enums.HashAlgorithm>> = {
  md5: Enums.HashAlgorithm.MD5,
  sha1: Enums.HashAlgorithm["SHA-1"],
  sha256: Enums.HashAlgorithm["SHA-256"],
  sha384: Enums.HashAlgorithm["SHA-384"],
  sha512: Enums.HashAlgorithm["SHA-512"],
};

const SEVERITIES: Readonly<Record<string, Enums.Vulnerability.Severity>> = {
  none: Enums.Vulnerability.Severity.None,
  low: Enums.Vulnerability.Severity.Low,
  medium: Enums.Vulnerability.Severity.Medium,
  high: Enums.Vulnerability.Severity.High,
  critical: Enums.Vulnerability.Severity.Critical,
  malicious: Enums.Vulnerability.Severity.Critical,
};

/** What a person has accepted is exploitable and will not be fixed; what nobody has looked at is in triage. Never "not affected". */
function addVulnerability(
  known: Map<string, Models.Vulnerability.Vulnerability>,
  component: Models.Component,
  { version }: BillPackage,
  advisory: BillAdvisory,
): void {
  const key = `${advisory.id}\n${advisory.accepted?.reason ?? ""}`;
  let vulnerability = known.get(key);
  if (!vulnerability) {
    vulnerability = makeVulnerability(advisory, known.size);
    known.set(key, vulnerability);
  }
  if ([...vulnerability.affects].some(({ ref }) => ref === component.bomRef)) return;
  const affect = new Models.Vulnerability.Affect(component.bomRef);
  if (version !== undefined) {
    affect.versions.add(
      new Models.Vulnerability.AffectedSingleVersion(version, {
        status: Enums.Vulnerability.AffectStatus.Affected,
      }),
    );
  }
  vulnerability.affects.add(affect);
}

function makeVulnerability(advisory: BillAdvisory, number: number): Models.Vulnerability.Vulnerability {
  const page = advisoryPage(advisory.id);
  const source = new Models.Vulnerability.Source({ name: "OSV", ...(page ? { url: page } : {}) });
  const vulnerability = new Models.Vulnerability.Vulnerability({
    bomRef: `vulnerability-${number}`,
    id: advisory.id,
    source,
    ...(advisory.summary ? { description: advisory.summary } : {}),
    ...(advisory.fixedIn.length > 0 ? { recommendation: `Fixed in ${advisory.fixedIn.join(", ")}.` } : {}),
  });
  for (const alias of advisory.aliases)
    vulnerability.references.add(
      new Models.Vulnerability.Reference(alias, new Models.Vulnerability.Source({ name: "OSV" })),
    );
  vulnerability.ratings.add(
    new Models.Vulnerability.Rating({
      severity: SEVERITIES[advisory.severity] ?? Enums.Vulnerability.Severity.Unknown,
      ...(advisory.score === undefined ? {} : { score: advisory.score }),
    }),
  );
  const { accepted } = advisory;
  const analysis = new Models.Vulnerability.Analysis({
    state: accepted
      ? Enums.Vulnerability.AnalysisState.Exploitable
      : Enums.Vulnerability.AnalysisState.InTriage,
    ...(accepted
      ? {
          detail: `Accepted ${accepted.until === "fixed" ? "until it is fixed" : `until ${accepted.until}`}: ${accepted.reason}`,
        }
      : {}),
  });
  if (accepted) analysis.response.add(Enums.Vulnerability.AnalysisResponse.WillNotFix);
  vulnerability.analysis = analysis;
  return vulnerability;
}
