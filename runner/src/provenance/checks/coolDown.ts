// Check 9: has every file been on its index for long enough that others had time to look at it?
import { readWheelFilename } from "../../../../shared/src/packaging/filename.ts";
import { matchesName } from "../../../../shared/src/policy/index.ts";
import type { PageFile } from "../../index/index.ts";
import {
  type CheckContext,
  type CheckDraft,
  type LocatedFile,
  pageEvidence,
  type SubjectView,
  subjectName,
} from "../model.ts";
import { filesOfVersion, isWheel } from "../view.ts";
import { assumedLabels, withoutFiles } from "./releaseState.ts";

const RULE = "cool-down";
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** Clocks differ by a little. */
const SLACK = 5 * 60_000;
/** In place of the minor version of a wheel for every Python of a major one (`py3`): it is for the first, and for the last. */
const FIRST = 0;
const LAST = 999;

/** One result per file that is checked. */
export function checkCoolDown(view: SubjectView, context: CheckContext): CheckDraft[] {
  const nothing = withoutFiles(RULE, view);
  if (nothing) return [nothing];
  const { days, except } = context.policy.coolDown;
  const files = view.selected.length > 0 ? view.selected : view.located;
  if (days === 0 || except.some((pattern) => matchesName(pattern, view.subject.name))) {
    return [
      {
        rule: RULE,
        state: "not-applicable",
        message: `No cool-down is asked for of ${view.subject.written}.`,
        evidence: [pageEvidence(files[0]!.view)],
      },
    ];
  }
  return files.map((one) => judgeFile(view, one, days, context));
}

function judgeFile(view: SubjectView, one: LocatedFile, days: number, context: CheckContext): CheckDraft {
  const { file, view: index } = one;
  const { uploadTime } = file;
  const base = { rule: RULE, artifact: file.filename, ...assumedLabels(view) } as const;
  if (uploadTime === undefined) {
    return {
      ...base,
      state: "not-checked",
      message: `${index.label} does not tell when ${file.filename} was uploaded.`,
      evidence: [pageEvidence(index, "no upload time")],
    };
  }
  const says = `uploaded ${new Date(uploadTime).toISOString()}`;
  const evidence = [pageEvidence(index, says)];
  const age = context.now - uploadTime;
  if (age < -SLACK) {
    return {
      ...base,
      state: "not-checked",
      message: `${file.filename} was uploaded in the future, by the index's clock or by this one.`,
      evidence,
    };
  }
  if (age >= days * DAY) {
    return {
      ...base,
      state: "passed",
      message: `${file.filename} is older than ${sayDays(days)}.`,
      evidence,
    };
  }
  const fixes = context.policy.coolDown.securityFixes
    ? (context.fixes(view.subject.name, view.version!) ?? [])
    : [];
  if (fixes.length > 0) {
    return {
      ...base,
      state: "passed",
      message: `${file.filename} is ${sayAge(age)} old and passes: it fixes ${fixes.join(", ")}.`,
      labels: [...(base.labels ?? []), "security-fix"],
      evidence,
    };
  }
  if (isLateWheel(view, one, days, context.now)) {
    return {
      ...base,
      state: "failed",
      severity: "information",
      message: `${file.filename} was added ${sayAge(age)} ago to an older release, for a newer Python.`,
      labels: [...(base.labels ?? []), "late-wheel"],
      evidence,
    };
  }
  const isLate = olderFiles(view, one, days, context.now).length > 0;
  const what = isLate
    ? `was added to ${subjectName(view)} ${sayAge(age)} ago, long after the rest of it`
    : `was uploaded ${sayAge(age)} ago`;
  return {
    ...base,
    state: "failed",
    message: `${file.filename} ${what}; ${sayDays(days)} are asked for.`,
    next: "Wait, or choose an older release.",
    evidence,
  };
}

/** Files of the same release that have been there for long enough. */
function olderFiles(view: SubjectView, one: LocatedFile, days: number, now: number): readonly PageFile[] {
  const { answer } = one.view;
  if (answer.state !== "page" || view.version === undefined) return [];
  return filesOfVersion(answer.page, view.version).filter(
    ({ uploadTime }) => uploadTime !== undefined && now - uploadTime >= days * DAY,
  );
}

/** A wheel for a Python that is newer than any that the older wheels of its release are for. */
function isLateWheel(view: SubjectView, one: LocatedFile, days: number, now: number): boolean {
  const own = pythonsOf(one.file, FIRST);
  const known = olderFiles(view, one, days, now)
    .filter(isWheel)
    .flatMap((file) => pythonsOf(file, LAST));
  if (own.length === 0 || known.length === 0) return false;
  const newest = Math.max(...known);
  return own.every((python) => python > newest);
}

/** The Pythons that a wheel's tags name, as numbers that rise with them. */
function pythonsOf(file: PageFile, ofAll: number): number[] {
  const read = readWheelFilename(file.filename);
  const tags = read.ok ? new Set([...read.value.tags].map((tag) => tag.split("-")[0] ?? "")) : [];
  return [...tags].flatMap((tag) => {
    const [, major, minor] = /^[a-z]+(\d)(\d*)$/.exec(tag) ?? [];
    return major === undefined ? [] : [Number(major) * 1000 + (minor ? Number(minor) : ofAll)];
  });
}

function sayDays(days: number): string {
  return days === 1 ? "1 day" : `${days} days`;
}

function sayAge(milliseconds: number): string {
  const hours = milliseconds / HOUR;
  if (hours < 1) {
    const minutes = Math.max(0, Math.round(milliseconds / 60_000));
    return minutes === 1 ? "1 minute" : `${minutes} minutes`;
  }
  if (hours < 48) return Math.round(hours) === 1 ? "1 hour" : `${Math.round(hours)} hours`;
  return `${Math.floor(hours / 24)} days`;
}
