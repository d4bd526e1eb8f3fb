// `check`: findings of the manifests, from their text and from what the indexes say.
import type { AdvisoryMatch } from "../../../shared/src/advisory/index.ts";
import type { ProjectFacts } from "../../../shared/src/facts/model.ts";
import type { Finding, Fix } from "../../../shared/src/finding/model.ts";
import type { ManifestFile } from "../../../shared/src/manifest/treeModel.ts";
import type {
  CheckFinding,
  CheckInput,
  CheckOutput,
  CheckPartial,
} from "../../../shared/src/protocol/check.ts";
import { type CheckedRoot, checkRoots, closeFinders } from "./checkRoots.ts";
import { resolveRoots } from "./checkStacks.ts";
import type { Operation } from "./context.ts";
import { filesOf, Loader } from "./load.ts";
import { rememberNames } from "./rememberNames.ts";

/** Checks every manifest that the paths mean. When cancelled, the answer holds what was known by then. */
export const check: Operation<CheckInput, CheckOutput, CheckPartial> = async (
  context,
  input,
  calls,
  signal,
) => {
  const loader = new Loader(input.cwd, async () =>
    (await import("./remoteIncludes.ts")).createRemoteReader(context, input, calls, signal),
  );
  const { roots, notChecked } = await loader.roots(input.paths, input.constraints);
  const checkedRoots = await checkRoots(context, input, roots, calls, signal);
  const resolved = await resolveRoots(context, input, checkedRoots, loader, signal, { whole: input.bill });
  const { addProvenance } = await import("./checkProvenance.ts");
  const session = await addProvenance(context, input, resolved, loader, calls, signal);
  const files = filesOfFindings(session.roots, loader);
  for (const file of files) calls.partial({ file });
  const bill = input.bill ? await (await import("./checkBill.ts")).billOf(context, session.roots) : undefined;
  const checked = session.checked;
  const projects = session.roots.flatMap(({ snapshot }) => [...snapshot.projects.values()]);
  context.afterwards(() => rememberNames(context, projects).catch(() => {}));
  context.afterwards(() => closeFinders(session));
  context.afterwards(() => session.closeStacks());
  return {
    result: {
      files,
      silenced: session.roots.reduce((sum, root) => sum + root.findings.silenced, 0),
      accepted: session.roots.reduce((sum, root) => sum + root.findings.accepted, 0),
      packages: session.packages,
      indexes: session.indexes,
      ...(checked === undefined ? {} : { checked: new Date(checked).toISOString() }),
      ...tellAdvisoryAge(projects),
      ...(bill === undefined ? {} : { bill }),
    },
    notChecked: [...notChecked, ...session.notChecked],
  };
};

/** The findings of all roots by the file that they stand in, each told once. */
function filesOfFindings(roots: readonly CheckedRoot[], loader: Loader): CheckOutput["files"] {
  const byUri = new Map<string, CheckFinding[]>();
  const manifests = new Map<string, ManifestFile>();
  for (const root of roots) {
    for (const file of filesOf(root.tree)) manifests.set(file.uri, file);
    for (const file of root.tree.files) if (!byUri.has(file.uri)) byUri.set(file.uri, []);
  }
  const seen = new Set<string>();
  for (const root of roots) {
    for (const finding of root.findings.findings) {
      const key = `${finding.uri}\n${finding.span.start}\n${finding.rule}\n${finding.message}`;
      if (seen.has(key)) continue;
      seen.add(key);
      const list = byUri.get(finding.uri) ?? [];
      list.push(tellFinding(finding, manifests, loader));
      byUri.set(finding.uri, list);
    }
  }
  return [...byUri].map(([uri, findings]) => ({ path: loader.displayUri(uri), findings }));
}

/** A finding as it crosses the protocol: paths and ranges in place of URIs and offsets. */
function tellFinding(
  finding: Finding,
  manifests: ReadonlyMap<string, ManifestFile>,
  loader: Loader,
): CheckFinding {
  return {
    rule: finding.rule,
    severity: finding.severity,
    message: finding.message,
    range: finding.range,
    ...(finding.package === undefined ? {} : { package: finding.package }),
    evidence: finding.evidence.map(({ source, time, freshness }) => ({
      source,
      ...(time === undefined ? {} : { time: new Date(time).toISOString() }),
      freshness,
    })),
    fixes: finding.fixes
      .filter((fix) => fix.disabled === undefined)
      .map((fix) => tellFix(fix, manifests, loader)),
    ...(finding.advisories === undefined ? {} : { advisories: finding.advisories.map(tellAdvisory) }),
    ...(finding.related.length > 0
      ? {
          related: finding.related.map(({ uri, range, message }) => ({
            path: loader.displayUri(uri),
            range,
            message,
          })),
        }
      : {}),
  };
}

function tellAdvisoryAge(projects: readonly ProjectFacts[]): Pick<CheckOutput, "advisories"> {
  const known = projects.find(({ advisories }) => advisories)?.advisories;
  return known ? { advisories: { source: known.source, asOf: new Date(known.asOf).toISOString() } } : {};
}

function tellAdvisory({ aliases, fixedIn, ...rest }: AdvisoryMatch) {
  return { ...rest, aliases: [...aliases], fixedIn: [...fixedIn] };
}

function tellFix(
  fix: Fix,
  manifests: ReadonlyMap<string, ManifestFile>,
  loader: Loader,
): CheckFinding["fixes"][number] {
  return {
    kind: fix.kind,
    title: fix.title,
    proven: fix.proven,
    edits: fix.edits.flatMap(({ uri, edits }) => {
      const lines = manifests.get(uri)?.manifest.lines;
      if (!lines) return [];
      return edits.map((edit) => ({
        path: loader.displayUri(uri),
        range: lines.rangeOf(edit.span),
        newText: edit.newText,
      }));
    }),
  };
}
