// Check 4: is the package known to be bad? What the index marks it as (PEP 792), and reports of malicious packages.
import { type CheckDraft, pageEvidence, type SubjectView, subjectName, whyNot } from "../model.ts";
import { boundViews } from "../view.ts";
import { withoutFiles } from "./releaseState.ts";

const RULE = "known-bad";

/** What each marker means to who installs it. */
const STATUSES: Readonly<Record<string, { severity: "error" | "information"; says: string }>> = {
  quarantined: { severity: "error", says: "is quarantined by its index: it is held to be unsafe" },
  archived: { severity: "information", says: "is archived: its maintainers look after it no longer" },
  deprecated: { severity: "information", says: "is deprecated: something else is to be used" },
};

/** The index's markers of the project. An index that gives none says that it is active. */
export function checkStatusMarkers(view: SubjectView): CheckDraft[] {
  const { subject } = view;
  if (subject.from !== "index") return [withoutFiles(RULE, view)!];
  const bound = boundViews(view);
  const pages = bound.flatMap((one) =>
    one.answer.state === "page" ? [{ view: one, page: one.answer.page }] : [],
  );
  const marked = pages.filter(({ page }) => page.status && page.status.status.toLowerCase() !== "active");
  if (marked.length > 0) {
    return marked.map(({ view: index, page }) => {
      const { reason } = page.status!;
      const status = page.status!.status.toLowerCase();
      const known = STATUSES[status];
      const why = reason ? ` ("${reason}")` : "";
      return {
        rule: RULE,
        state: "failed",
        severity: known?.severity ?? "information",
        message: `${subject.written} ${known?.says ?? `is marked ${status} by its index`}${why}.`,
        next: status === "quarantined" ? "Do not install it." : "Look for what has taken its place.",
        labels: [status],
        evidence: [pageEvidence(index, status)],
      };
    });
  }
  if (pages.length > 0) {
    return [
      {
        rule: RULE,
        state: "passed",
        message: `${subject.written} is marked as neither archived, deprecated nor quarantined.`,
        evidence: pages.map((one) => pageEvidence(one.view, "active")),
      },
    ];
  }
  const silent = bound.find(({ answer }) => answer.state === "failed" || answer.state === "unasked");
  const why =
    silent?.answer.state === "failed"
      ? whyNot(silent.answer.failure)
      : silent?.answer.state === "unasked"
        ? silent.answer.reason
        : "no index has it";
  return [
    {
      rule: RULE,
      state: "not-checked",
      message: `${subject.written}: ${why}.`,
      evidence: bound.map((one) => pageEvidence(one)),
    },
  ];
}

/** A report that a release is malicious, as the advisories have it. */
export interface MalwareReport {
  readonly id: string;
  readonly summary: string;
  readonly source: string;
  readonly time?: number | undefined;
}

/** What the advisories say; `undefined` reports where there are no advisories to look into, with the reason. */
export function checkMalware(
  view: SubjectView,
  reports: readonly MalwareReport[] | undefined,
  basis: {
    readonly source: string;
    readonly time?: number | undefined;
    readonly isOld?: boolean;
    readonly why?: string;
  },
): CheckDraft[] {
  const evidence = [
    {
      source: basis.source,
      time: basis.time,
      freshness: !reports ? ("unknown" as const) : basis.isOld ? ("stale" as const) : ("fresh" as const),
    },
  ];
  if (view.subject.from === "path" || view.subject.from === "vcs") {
    return [
      {
        rule: RULE,
        state: "not-applicable",
        message: `${view.subject.written} is of no index, and reports are of those.`,
        evidence,
      },
    ];
  }
  if (!reports) {
    return [
      {
        rule: RULE,
        state: "not-checked",
        message: `Reports of malicious packages: ${basis.why ?? "there are none here"}.`,
        next: "thoth knowledge update advisories",
        evidence,
      },
    ];
  }
  if (reports.length === 0) {
    return [
      {
        rule: RULE,
        state: "passed",
        message: `${subjectName(view)} is not reported as malicious.`,
        evidence,
      },
    ];
  }
  return reports.map((report) => ({
    rule: RULE,
    state: "failed",
    severity: "error",
    message: `${subjectName(view)} is reported as malicious: ${report.id}.`,
    next: "Do not install it; where it was installed, take the machine for lost.",
    labels: ["malicious", report.id],
    advisories: [
      {
        id: report.id,
        aliases: [],
        severity: "malicious",
        fixedIn: [],
        ...(report.summary ? { summary: report.summary } : {}),
      },
    ],
    evidence: [{ source: report.source, time: report.time, freshness: "fresh", says: report.summary }],
  }));
}
