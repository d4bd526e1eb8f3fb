// What the provenance view shows, as data: a row for each package with every check behind it, and who needs whom.
import type {
  PackageProvenance,
  ProvenanceCheck,
  ProvenanceFacts,
} from "../../../shared/src/facts/provenance.ts";
import { normalizeName } from "../../../shared/src/packaging/name.ts";
import type {
  ProvenanceVerdict,
  ProvenanceViewCheck,
  ProvenanceViewData,
  ProvenanceViewRow,
} from "../../../shared/src/protocol/editor.ts";
import { isProvenanceFinding } from "../../../shared/src/rules/index.ts";
import { count, fileName, sayAge } from "../../../shared/src/rules/words.ts";
import { say } from "../l10n.ts";
import type { View } from "../model.ts";

/** The data of the view of one manifest. */
export function provenanceViewOf(view: View): ProvenanceViewData {
  const { provenance, now } = view.snapshot;
  const title = say("Provenance of {0}", fileName(view.file.uri));
  if (!provenance) {
    const why = view.snapshot.unasked?.message ?? say("Nothing has been asked yet.");
    return { title, summary: why, basis: [], rows: [], file: [] };
  }
  const known = new Set(provenance.packages.map(({ name }) => name));
  const rows = provenance.packages.map((one) => rowOf(view, one, known));
  const failed = rows.filter(({ verdict }) => verdict === "error" || verdict === "warning").length;
  const age = sayAge(provenance.checked, now);
  const summary = provenance.failure
    ? say("Not checked: {0}", provenance.failure)
    : failed === 0
      ? say("{0}, nothing grave · checked {1}", count(rows.length, "package"), age)
      : say("{0} of {1} with findings · checked {2}", failed, count(rows.length, "package"), age);
  return {
    title,
    summary,
    basis: provenance.basis.map(basisLine),
    rows: rows.sort((a, b) => RANK[a.verdict] - RANK[b.verdict] || (a.name < b.name ? -1 : 1)),
    file: provenance.files.flatMap(({ checks }) => checks.map((check) => checkOf(check, now))),
  };
}

/** The trust root's own sentence says of when it is. */
function basisLine({ what, says, time }: ProvenanceFacts["basis"][number]): string {
  if (what === "trust root") return says;
  const age = time === undefined ? "" : `, ${time.slice(0, 10)}`;
  return `${what.charAt(0).toUpperCase()}${what.slice(1)}: ${says}${age}`;
}

const RANK: Readonly<Record<ProvenanceVerdict, number>> = {
  error: 0,
  warning: 1,
  information: 2,
  "not-checked": 3,
  passed: 4,
};

function rowOf(view: View, one: PackageProvenance, known: ReadonlySet<string>): ProvenanceViewRow {
  const { now } = view.snapshot;
  return {
    name: one.name,
    version: one.version ?? "",
    verdict: verdictOf(one.checks),
    from: one.indexes.map(hostOf).join(", "),
    signer: signerOf(one),
    dependsOn: dependenciesOf(view, one, known),
    checks: byWeight(one.checks).map((check) => checkOf(check, now)),
  };
}

const STATES: readonly ProvenanceCheck["state"][] = [
  "failed",
  "not-checked",
  "passed",
  "absent",
  "not-applicable",
];
const SEVERITIES = ["error", "warning", "information", "hint", undefined];

/** What is wrong first, then what is not known, then what is well. */
function byWeight(checks: readonly ProvenanceCheck[]): ProvenanceCheck[] {
  return [...checks].sort(
    (a, b) =>
      STATES.indexOf(a.state) - STATES.indexOf(b.state) ||
      SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity),
  );
}

/** The gravest that is said of the package; a check that was asked for and not made is no pass. */
function verdictOf(checks: readonly ProvenanceCheck[]): ProvenanceVerdict {
  const found = checks.filter((check) => isProvenanceFinding(check) || (check.inherited && check.severity));
  for (const severity of ["error", "warning", "information"] as const)
    if (found.some((check) => check.severity === severity)) return severity;
  return checks.some((check) => check.state === "not-checked" && check.required) ? "not-checked" : "passed";
}

function signerOf({ signer, checks }: PackageProvenance): string {
  if (signer) {
    return signer.expectedBy === "nothing"
      ? say("{0}; nothing expects it", signer.name)
      : say("{0}; expected by the {1}", signer.name, signer.expectedBy);
  }
  const attestation = checks.find(({ rule }) => rule === "attestation");
  const state = attestation?.state;
  if (attestation?.labels?.includes("not-listed")) return say("none listed");
  return state === "absent"
    ? say("no attestation")
    : state === "failed"
      ? say("does not hold")
      : say("not known");
}

/** Packages of this manifest that this one needs, by the metadata that is at hand. */
function dependenciesOf(view: View, one: PackageProvenance, known: ReadonlySet<string>): string[] {
  const detail = view.snapshot.projects.get(one.name)?.details[one.version ?? ""];
  const names = (detail?.requiresDist ?? []).flatMap((text) => {
    const name = /^\s*([A-Za-z0-9][A-Za-z0-9._-]*)/.exec(text)?.[1];
    return name === undefined || /;.*\bextra\b/.test(text) ? [] : [normalizeName(name)];
  });
  return [...new Set([...(one.dependsOn ?? []), ...names])].filter(
    (name) => known.has(name) && name !== one.name,
  );
}

function checkOf(check: ProvenanceCheck, now: number): ProvenanceViewCheck {
  return {
    rule: check.rule,
    state: check.accepted ? say("accepted") : check.state,
    severity: check.state === "failed" && !check.accepted ? (check.severity ?? "") : "",
    message: check.message,
    next: check.next ?? "",
    artifact: check.artifact ?? "",
    accepted: check.accepted
      ? say("Accepted until {0}: {1}", check.accepted.until ?? say("further notice"), check.accepted.reason)
      : "",
    evidence: check.evidence.map(({ source, says, time, freshness }) =>
      [
        says === undefined ? source : `${source}: ${says}`,
        ...(time === undefined ? [] : [sayAge(Date.parse(time), now)]),
        ...(freshness === "fresh" ? [] : [freshness]),
      ].join(" · "),
    ),
  };
}

function hostOf(index: string): string {
  return URL.canParse(index) ? new URL(index).host || index : index;
}
