// Checks 8, 11 and 13, from the index's pages alone: yanked files, builds at install, and projects that are given up.
import {
  type CheckContext,
  type CheckDraft,
  pageEvidence,
  type SubjectView,
  subjectName,
  whyNot,
} from "../model.ts";
import { boundViews, isWheel } from "../view.ts";

/** What stands in the way of saying anything of the files: an index that did not answer, or that has no such thing. */
export function withoutFiles(rule: CheckDraft["rule"], view: SubjectView): CheckDraft | undefined {
  const { subject } = view;
  if (subject.from !== "index") {
    return {
      rule,
      state: "not-applicable",
      message: `${subject.written} does not come from an index.`,
      evidence: [{ source: "the text", freshness: "fresh" }],
    };
  }
  const bound = boundViews(view);
  const silent = bound.find(({ answer }) => answer.state === "failed" || answer.state === "unasked");
  if (view.located.length > 0) return undefined;
  if (silent) {
    const { answer } = silent;
    const why =
      answer.state === "failed" ? whyNot(answer.failure) : answer.state === "unasked" ? answer.reason : "";
    return {
      rule,
      state: "not-checked",
      message: `${subjectName(view)}: ${why}.`,
      evidence: bound.map((one) => pageEvidence(one)),
    };
  }
  const why =
    view.version === undefined
      ? "it is not pinned to one release"
      : "its index has no file that the manifest admits";
  return {
    rule,
    state: "not-checked",
    message: `${subjectName(view)}: ${why}.`,
    evidence: bound.map((one) => pageEvidence(one)),
  };
}

/** Labels of a result that is about what an install of today would take. */
export function assumedLabels(view: SubjectView): Pick<CheckDraft, "labels"> {
  return view.isAssumed ? { labels: ["todays-newest"] } : {};
}

/** Check 8 (PEP 592): per file, with the reason that the maintainers gave. */
export function checkYanked(view: SubjectView): CheckDraft[] {
  const rule = "yanked-release";
  const nothing = withoutFiles(rule, view);
  if (nothing) return [nothing];
  const files = view.selected.length > 0 ? view.selected : view.located;
  const yanked = files.filter(({ file }) => file.yanked !== undefined);
  if (yanked.length === 0) {
    return [
      {
        rule,
        state: "passed",
        message: `${subjectName(view)} is not yanked.`,
        ...assumedLabels(view),
        evidence: [pageEvidence(files[0]!.view)],
      },
    ];
  }
  return yanked.map(({ file, view: index }) => {
    const reason = typeof file.yanked === "string" && file.yanked !== "" ? `: "${file.yanked}"` : "";
    return {
      rule,
      state: "failed",
      artifact: file.filename,
      message: `${subjectName(view)} is yanked${reason}.`,
      next: "Choose another release.",
      ...assumedLabels(view),
      evidence: [pageEvidence(index, typeof file.yanked === "string" ? file.yanked : "yanked")],
    };
  });
}

/** Check 11: an artifact that has to be built runs code of the package when it is installed. */
export function checkRunsCode(view: SubjectView, context: CheckContext): CheckDraft[] {
  const rule = "runs-code-at-install";
  const { subject } = view;
  const isWheelFile = /\.whl(?:[?#]|$)/i.test(subject.address ?? "");
  if (subject.from === "vcs" || (subject.from === "path" && !isWheelFile)) {
    return [
      {
        rule,
        state: "failed",
        message: `${subject.written} is built from ${subject.from === "vcs" ? "a repository" : "a path"}: installing it runs its build.`,
        evidence: [{ source: "the text", freshness: "fresh" }],
      },
    ];
  }
  if (subject.from !== "index") {
    const isBuilt = !isWheelFile;
    return [
      {
        rule,
        state: isBuilt ? "failed" : "passed",
        message: isBuilt
          ? `${subject.written} is no wheel: installing it runs its build.`
          : `${subject.written} is a wheel.`,
        evidence: [{ source: "the text", freshness: "fresh" }],
      },
    ];
  }
  const nothing = withoutFiles(rule, view);
  if (nothing) return [nothing];
  const wheels = view.located.filter(({ file }) => isWheel(file));
  const evidence = [
    pageEvidence(view.located[0]!.view, `${wheels.length} wheels of ${view.located.length} files`),
  ];
  if (wheels.length === 0) {
    return [
      {
        rule,
        state: "failed",
        artifact: view.located[0]!.file.filename,
        message: `${subjectName(view)} has no wheel: installing it runs its build.`,
        ...assumedLabels(view),
        evidence,
      },
    ];
  }
  const known = context.environments.filter(({ isKnown }) => isKnown);
  if (known.length === 0) {
    return [
      {
        rule,
        state: "not-checked",
        message: `${subjectName(view)} has wheels; whether one suits is not known, since no Python was found.`,
        evidence,
      },
    ];
  }
  const results = known.map((environment): CheckDraft => {
    const ranked = view.located
      .flatMap((one) => {
        const rank = environment.rank(subject.name, one.file);
        return rank === undefined ? [] : [{ one, rank }];
      })
      .sort((a, b) => a.rank - b.rank);
    const [best] = ranked;
    if (!best) {
      return {
        rule,
        state: "not-applicable",
        message: `No file of ${subjectName(view)} installs on ${environment.name}.`,
        evidence,
      };
    }
    const isBuilt = !isWheel(best.one.file);
    return {
      rule,
      state: isBuilt ? "failed" : "passed",
      artifact: best.one.file.filename,
      message: isBuilt
        ? `${subjectName(view)} has no wheel for ${environment.name}: installing it runs its build.`
        : `${best.one.file.filename} is a wheel.`,
      ...assumedLabels(view),
      evidence,
    };
  });
  return results;
}

const YEAR = 365.25 * 24 * 3_600_000;

/** Check 13: what the index tells of whether anybody still looks after the project. */
export function checkAbandoned(view: SubjectView, context: CheckContext): CheckDraft[] {
  const rule = "abandoned-project";
  const { subject } = view;
  if (subject.from !== "index") return [withoutFiles(rule, view)!];
  const pages = boundViews(view).flatMap((one) =>
    one.answer.state === "page" ? [{ view: one, page: one.answer.page }] : [],
  );
  const [first] = pages;
  if (!first) {
    const nothing = withoutFiles(rule, { ...view, located: [] });
    return nothing ? [nothing] : [];
  }
  const archived = pages.find(({ page }) => page.status?.status.toLowerCase() === "archived");
  if (archived) {
    const reason = archived.page.status?.reason;
    return [
      {
        rule,
        state: "failed",
        message: `${subject.written} is archived${reason ? `: "${reason}"` : ""}: no more releases are to be expected.`,
        next: "Look for what has taken its place.",
        evidence: [pageEvidence(archived.view, "archived")],
      },
    ];
  }
  const times = pages.flatMap(({ page }) => page.files.flatMap(({ uploadTime }) => uploadTime ?? []));
  const years = context.policy.abandonedAfterYears;
  if (times.length === 0) {
    return [
      {
        rule,
        state: "not-checked",
        message: `${first.view.label} does not tell when ${subject.written} had its last release.`,
        evidence: pages.map((one) => pageEvidence(one.view, "no upload times")),
      },
    ];
  }
  const newest = times.reduce((a, b) => Math.max(a, b));
  const age = (context.now - newest) / YEAR;
  const says = `last upload ${new Date(newest).toISOString().slice(0, 10)}`;
  const isOld = years !== undefined && age > years;
  return [
    {
      rule,
      state: isOld ? "failed" : "passed",
      message: isOld
        ? `${subject.written} had its last release ${Math.floor(age)} years ago; the policy allows ${years}.`
        : `Nothing says that ${subject.written} is given up.`,
      evidence: [pageEvidence(first.view, says)],
    },
  ];
}
