// Makes findings: severity by configuration, place as a range, weight by severity, so that rules only say what they know.
import type { AdvisoryMatch } from "../advisory/model.ts";
import type { Evidence, Finding, Fix, RelatedPlace, Severity } from "../finding/model.ts";
import type { RequirementEntry } from "../manifest/model.ts";
import type { ManifestFile } from "../manifest/treeModel.ts";
import type { Span } from "../text/span.ts";
import { type RuleName, ruleCatalogue } from "./catalogue.ts";
import type { RuleConfiguration } from "./model.ts";

export interface Draft {
  readonly rule: RuleName;
  readonly message: string;
  readonly file: ManifestFile;
  readonly span: Span;
  /** The entry that an `ignore` comment would stand on. */
  readonly entry?: RequirementEntry;
  readonly package?: string;
  readonly severity?: Severity;
  /** The severity is a policy's: no setting changes it, and where it is an error no comment silences it. */
  readonly isJudged?: boolean;
  readonly evidence?: readonly Evidence[];
  readonly fixes?: readonly Fix[];
  readonly related?: readonly RelatedPlace[];
  readonly advisories?: readonly AdvisoryMatch[];
  /** Added to the severity's own weight: packages that others depend on have more effect. */
  readonly weight?: number;
}

const severityWeight: Readonly<Record<Severity, number>> = {
  error: 1000,
  warning: 100,
  information: 10,
  hint: 1,
};
const fromText: readonly Evidence[] = [{ source: "the text", freshness: "fresh" }];

/** Collects findings of one tree; what configuration turns off or a comment silences is not kept, the latter is counted. */
export class Collector {
  readonly findings: Finding[] = [];
  silenced = 0;
  /** What a policy accepts, each thing once, whoever tells it. */
  readonly #accepted = new Set<string>();
  readonly #configuration: RuleConfiguration;

  constructor(configuration: RuleConfiguration) {
    this.#configuration = configuration;
  }

  get accepted(): number {
    return this.#accepted.size;
  }

  /** Counts what is no finding since a policy accepts it. @param what an advisory's id, or the rule's own name. */
  addAccepted(rule: RuleName, name: string, version: string, what: string = rule): void {
    if (this.#configuration.severities[rule] !== "off")
      this.#accepted.add(`${rule}\n${name}\n${version}\n${what}`);
  }

  add(draft: Draft): void {
    const own = draft.severity ?? ruleCatalogue[draft.rule].severity;
    const severity = draft.isJudged ? own : (this.#configuration.severities[draft.rule] ?? own);
    if (severity === "off") return;
    const stands = draft.isJudged === true && severity === "error";
    if (isIgnored(draft) && !stands) {
      this.silenced++;
      return;
    }
    this.findings.push({
      rule: draft.rule,
      severity,
      message: draft.message,
      uri: draft.file.uri,
      span: draft.span,
      range: draft.file.manifest.lines.rangeOf(draft.span),
      ...(draft.package === undefined ? {} : { package: draft.package }),
      evidence: draft.evidence ?? fromText,
      fixes: draft.fixes ?? [],
      related: draft.related ?? [],
      ...(draft.advisories === undefined ? {} : { advisories: draft.advisories }),
      ...(stands ? { stands } : {}),
      weight: severityWeight[severity] + (draft.weight ?? 0),
    });
  }
}

function isIgnored(draft: Draft): boolean {
  if (draft.file.manifest.ignores.includes(draft.rule)) return true;
  const ignores = draft.entry?.ignores;
  return ignores !== undefined && (ignores.length === 0 || ignores.includes(draft.rule));
}

/** A place in another line or file, for a link. */
export function relatedPlace(file: ManifestFile, span: Span, message: string): RelatedPlace {
  return { uri: file.uri, span, range: file.manifest.lines.rangeOf(span), message };
}
