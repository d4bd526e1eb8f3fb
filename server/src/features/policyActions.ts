// Quick fixes that change the policy: accept what was found, with a reason and a day, or bind a package to its index.
import { type CodeAction, CodeActionKind } from "vscode-languageserver";
import type { PackageProvenance } from "../../../shared/src/facts/provenance.ts";
import type { Finding } from "../../../shared/src/finding/model.ts";
import { clientCommands, type PolicyProposal } from "../../../shared/src/protocol/editor.ts";
import { isOfProvenance, provenanceOf } from "../../../shared/src/rules/index.ts";
import { requirementsIn } from "../at.ts";
import { say } from "../l10n.ts";
import type { View } from "../model.ts";

/** The actions for findings of one line, each once. What a policy forbids is not for a quick fix to accept. */
export function policyActions(view: View, findings: readonly Finding[]): CodeAction[] {
  const actions = [
    ...findings.flatMap((finding) => bindings(view, finding)),
    ...findings.flatMap((finding) => acceptances(view, finding)),
  ];
  return [...new Map(actions.map((action) => [action.title, action])).values()];
}

function acceptances(view: View, finding: Finding): CodeAction[] {
  const isVulnerability = finding.rule === "known-vulnerability";
  if (finding.package === undefined || (!isVulnerability && !isOfProvenance(finding))) return [];
  const one = packageOf(view, finding);
  const check = one?.checks.find(({ rule, message }) => rule === finding.rule && message === finding.message);
  const version = one?.version;
  if (version === undefined || (check?.required && check.severity === "error" && isForbidding(finding.rule)))
    return [];
  const advisories = finding.advisories ?? [undefined];
  return advisories.slice(0, 3).map((advisory) => {
    const what = advisory?.id ?? finding.rule;
    return actionOf(say("Accept {0} of {1} {2}…", what, finding.package!, version), {
      uri: view.file.uri,
      kind: "accept",
      package: finding.package!,
      version,
      message: finding.message,
      ...(advisory === undefined
        ? { rule: finding.rule }
        : { advisory: advisory.id, mayWait: advisory.fixedIn.length === 0 }),
    });
  });
}

/** Rules whose errors a policy made. */
const isForbidding = (rule: string): boolean => rule === "index-policy" || rule === "policy";

function bindings(view: View, finding: Finding): CodeAction[] {
  if (finding.rule !== "artifact-on-several-indexes" && finding.rule !== "artifact-digest") return [];
  const one = packageOf(view, finding);
  const others =
    one?.checks.filter(({ rule }) => rule === finding.rule).flatMap(({ evidence }) => evidence) ?? [];
  if (!one || finding.package === undefined || others.length < 2) return [];
  return indexesOf(view, one)
    .slice(0, 3)
    .map((index) =>
      actionOf(say("Bind {0} to {1}", finding.package!, shortOf(index)), {
        uri: view.file.uri,
        kind: "bind",
        package: finding.package!,
        index,
      }),
    );
}

/** The indexes that the package may be bound to: those that have a file of it, as far as that is known. */
function indexesOf(view: View, { name, indexes }: PackageProvenance): string[] {
  const facts = view.snapshot.projects.get(name);
  const asked = facts?.indexes ?? [];
  const having = new Set(
    Object.values(facts?.details ?? {}).flatMap(({ artifacts }) =>
      artifacts.map(({ index }) => asked[index]),
    ),
  );
  return [...new Set([...indexes, ...asked])].filter((url) => having.has(url) || !asked.includes(url));
}

function packageOf(view: View, finding: Finding) {
  const entry = requirementsIn(view.file.manifest, finding.span).find(
    ({ normalizedName }) => normalizedName === finding.package,
  );
  return entry && provenanceOf(view.snapshot.provenance, entry);
}

function actionOf(title: string, proposal: PolicyProposal): CodeAction {
  return {
    title,
    kind: CodeActionKind.QuickFix,
    command: { title, command: clientCommands.changePolicy, arguments: [proposal] },
  };
}

function shortOf(index: string): string {
  if (!URL.canParse(index)) return index;
  const url = new URL(index);
  return `${url.host}${url.pathname.replace(/\/+$/, "")}`;
}
