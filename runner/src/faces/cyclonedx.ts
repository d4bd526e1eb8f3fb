// CycloneDX 1.6 with VEX: the packages of a run, where each is from, and what is known against it; nothing is called unaffected.
import { createHash } from "node:crypto";
import { Enums, Models, Serialize, Spec } from "@cyclonedx/cyclonedx-library";
import { PackageURL } from "packageurl-js";
import { advisoryPage } from "../../../shared/src/advisory/index.ts";
import { DEFAULT_INDEX_URL } from "../../../shared/src/packaging/defaultIndex.ts";
import { indexKey } from "../../../shared/src/policy/index.ts";
import type { Answer } from "../../../shared/src/protocol/operation.ts";
import type {
  PackageProvenance,
  ProvenanceCheck,
  ProvenanceOutput,
} from "../../../shared/src/protocol/provenance.ts";

const PREFIX = "thoth";

/** The document of one run as JSON text. `now` in milliseconds since the epoch. */
export function cyclonedxOf(
  { result, notChecked }: Answer<ProvenanceOutput>,
  version: string,
  now: number,
): string {
  const bom = new Models.Bom({ serialNumber: serialOf(result) });
  bom.metadata.timestamp = new Date(now);
  bom.metadata.lifecycles.add(new Models.NamedLifecycle("check", { description: "thoth provenance" }));
  bom.metadata.tools.components.add(
    new Models.Component(Enums.ComponentType.Application, "thoth", { version }),
  );
  bom.metadata.component = new Models.Component(Enums.ComponentType.Application, rootName(result), {
    bomRef: "root",
  });
  for (const { what, reason } of notChecked)
    bom.metadata.properties.add(new Models.Property(`${PREFIX}:not-checked`, `${what}: ${reason}`));
  bom.metadata.properties.add(
    new Models.Property(`${PREFIX}:complete`, notChecked.length === 0 ? "true" : "false"),
  );
  for (const { what, time, says } of result.basis)
    bom.metadata.properties.add(
      new Models.Property(`${PREFIX}:basis:${what.replace(/\s+/g, "-")}`, time ? `${says} (${time})` : says),
    );
  const components = new Map<string, Models.Component>();
  const vulnerabilities = new Map<string, Models.Vulnerability.Vulnerability>();
  for (const one of result.packages) {
    const component = componentOf(one);
    const ref = String(component.bomRef.value);
    if (components.has(ref)) continue;
    components.set(ref, component);
    bom.components.add(component);
    bom.metadata.component.dependencies.add(component.bomRef);
    for (const check of one.checks) addVulnerabilities(vulnerabilities, component, one, check);
  }
  addDependencies(result.packages, components);
  for (const vulnerability of vulnerabilities.values()) bom.vulnerabilities.add(vulnerability);
  const serializer = new Serialize.JsonSerializer(new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6));
  return `${serializer.serialize(bom, { sortLists: true, space: 2 })}\n`;
}

/** What each package needs, where that is known. */
function addDependencies(
  packages: readonly PackageProvenance[],
  components: ReadonlyMap<string, Models.Component>,
): void {
  const byName = new Map<string, Models.Component[]>();
  for (const component of components.values())
    byName.set(component.name, [...(byName.get(component.name) ?? []), component]);
  for (const one of packages) {
    const component = components.get(purlOf(one));
    for (const name of one.dependsOn ?? [])
      for (const needed of byName.get(name) ?? []) component?.dependencies.add(needed.bomRef);
  }
}

/** The same for the same packages, so that two documents of one state are one. */
function serialOf({ packages }: ProvenanceOutput): string {
  const text = JSON.stringify(packages.map(({ name, version, artifacts }) => [name, version, artifacts]));
  const hex = createHash("sha256").update(text).digest("hex");
  // RFC 9562, version 8: made of a digest.
  const variant = ((Number.parseInt(hex[16]!, 16) & 3) | 8).toString(16);
  return `urn:uuid:${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

function rootName({ files }: ProvenanceOutput): string {
  return files.map(({ path }) => path).join(", ") || "manifest";
}

function purlOf(one: PackageProvenance): string {
  const [index] = one.indexes;
  const isElsewhere = index !== undefined && indexKey(index) !== indexKey(DEFAULT_INDEX_URL);
  const qualifiers = isElsewhere ? { repository_url: index } : undefined;
  return new PackageURL("pypi", undefined, one.name, one.version, qualifiers, undefined).toString();
}

function componentOf(one: PackageProvenance): Models.Component {
  const purl = purlOf(one);
  const component = new Models.Component(Enums.ComponentType.Library, one.name, {
    bomRef: purl,
    purl,
    ...(one.version === undefined ? {} : { version: one.version }),
  });
  for (const artifact of one.artifacts) {
    const reference = new Models.ExternalReference(
      artifact.index ?? "about:blank",
      Enums.ExternalReferenceType.Distribution,
      { comment: artifact.filename },
    );
    for (const [algorithm, digest] of Object.entries(artifact.digests)) {
      const known = HASHES[algorithm];
      if (known) reference.hashes.set(known, digest);
    }
    if (artifact.index) component.externalReferences.add(reference);
  }
  for (const check of one.checks) {
    const of = check.artifact ? ` ${check.artifact}` : "";
    component.properties.add(
      new Models.Property(`${PREFIX}:check:${check.rule}`, `${check.state}${of}: ${check.message}`),
    );
  }
  if (one.signer) {
    const { name, expectedBy, commit } = one.signer;
    component.properties.add(
      new Models.Property(`${PREFIX}:signed-by`, commit ? `${name} at ${commit}` : name),
    );
    component.properties.add(new Models.Property(`${PREFIX}:signer-expected-by`, expectedBy));
  }
  if (one.assumed) component.properties.add(new Models.Property(`${PREFIX}:pinned`, "false"));
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
function addVulnerabilities(
  known: Map<string, Models.Vulnerability.Vulnerability>,
  component: Models.Component,
  one: PackageProvenance,
  check: ProvenanceCheck,
): void {
  for (const advisory of check.advisories ?? []) {
    const key = `${advisory.id}\n${advisory.accepted?.reason ?? ""}`;
    let vulnerability = known.get(key);
    if (!vulnerability) {
      vulnerability = makeVulnerability(advisory, known.size);
      known.set(key, vulnerability);
    }
    const isThere = [...vulnerability.affects].some(({ ref }) => ref === component.bomRef);
    if (isThere) continue;
    const affect = new Models.Vulnerability.Affect(component.bomRef);
    if (one.version !== undefined) {
      affect.versions.add(
        new Models.Vulnerability.AffectedSingleVersion(one.version, {
          status: Enums.Vulnerability.AffectStatus.Affected,
        }),
      );
    }
    vulnerability.affects.add(affect);
  }
}

function makeVulnerability(
  advisory: NonNullable<ProvenanceCheck["advisories"]>[number],
  number: number,
): Models.Vulnerability.Vulnerability {
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
