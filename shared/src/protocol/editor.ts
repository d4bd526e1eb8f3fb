// What client and server say to each other beyond the Language Server Protocol.
import type { Range } from "../text/span.ts";

/** Handed over once, in `initializationOptions`. */
export interface InitializationOptions {
  readonly trusted: boolean;
  /** Absolute path of the runner's bundle, `dist/thoth.js`. */
  readonly runner: string;
  /** Folder for logs of validations. */
  readonly logFolder?: string;
  readonly extensionVersion: string;
  /** The server's texts in the person's language, by English text (vscode-l10n's bundle); absent where they are English. */
  readonly messages?: Readonly<Record<string, string>>;
}

/** Client → server notification: the workspace became trusted. */
export const trustGranted = "thoth/trustGranted";

/** Server → client request: the interpreter that the Python extension has chosen for a file. */
export const activeInterpreter = "thoth/activeInterpreter";
export interface ActiveInterpreterParams {
  readonly uri: string;
}
export interface ActiveInterpreterResult {
  readonly path?: string;
}

/** Client → server notification: the Python extension's choice changed, environments are to be read again. */
export const interpreterChanged = "thoth/interpreterChanged";

/** Server → client notification: what the language-status item says. */
export const statusChanged = "thoth/status";
export interface StatusParams {
  readonly state: "idle" | "checking" | "offline" | "untrusted" | "runner-failed";
  /** Per file: "Python 3.11.7, Linux x86-64" and the like. */
  readonly uri?: string;
  readonly environment?: string;
  /** One sentence. */
  readonly message: string;
}

/** Server → client notification: a text for the log. */
export const logLine = "thoth/log";

/** Commands that the server executes (`workspace/executeCommand`). Arguments are one object each. */
export const commands = {
  /** `{uri}`: ask the indexes again for this manifest. Answers CheckSummary. */
  check: "thoth.server.check",
  /** `{uri}`: the client sends a `workDoneToken` and shows what is reported on it; `$/cancelRequest` cancels. Answers ValidateSummary. */
  validate: "thoth.server.validate",
  /** `{uri, position?}`: markdown on one dependency: what it is, what could be done, each option with its proof. */
  advise: "thoth.server.advise",
  /** `{uri, position?}`: markdown on why the manifest does not resolve and what would help, or what the line does in the stack. */
  explain: "thoth.server.explain",
  /** `{uri}`: the newest set that resolves. Answers UpdateProposal; nothing is changed. */
  updateAll: "thoth.server.updateAll",
  /** `{uri}`: apply all that is proven. */
  fixAll: "thoth.server.fixAll",
  /** PolicyProposal, with reason and day: how the policy would read. Answers PolicyChangePlan. */
  changePolicy: "thoth.server.changePolicy",
  /** `{uri}`: where its packages come from, for the view. Answers ProvenanceViewData. */
  provenance: "thoth.server.provenance",
  /** `{uri}`: markdown of all findings of the manifest and its last validation. */
  report: "thoth.server.report",
  /** `{}`. */
  restartRunner: "thoth.server.restartRunner",
  /** `{}`. */
  clearCache: "thoth.server.clearCache",
  /** `{}`: fetch the full list of names, for completion. */
  fetchNames: "thoth.server.fetchNames",
  /** `{uri}`: interpreters that can be chosen. Answers InterpreterChoice[]. */
  environments: "thoth.server.environments",
  /** ApplyEdits: what every quick fix runs. Refused when a document has moved on. */
  apply: "thoth.apply",
} as const;

/**
 * Commands that the client owns: what lenses, links in hovers and the server's answers may name.
 * Arguments are one object each, `{uri, position?}`; without one the active editor is meant.
 */
export const clientCommands = {
  check: "thoth.check",
  validate: "thoth.validate",
  advise: "thoth.advise",
  explain: "thoth.explain",
  updateAll: "thoth.updateAll",
  fixAll: "thoth.fixAll",
  showReport: "thoth.showReport",
  showProvenance: "thoth.showProvenance",
  /** PolicyProposal, from a quick fix. */
  changePolicy: "thoth.changePolicy",
  selectEnvironment: "thoth.selectEnvironment",
  restartRunner: "thoth.restartRunner",
  showLog: "thoth.showLog",
  clearCache: "thoth.clearCache",
  fetchNames: "thoth.fetchNames",
} as const;

/** The edits of a quick fix with what they were planned on. */
export interface ApplyEdits {
  readonly title: string;
  readonly documents: readonly {
    readonly uri: string;
    /** Version of the open document; null for a file that is not open. */
    readonly version: number | null;
    /** SHA-256 of the text planned on, in hex. */
    readonly digest: string;
    readonly edits: readonly { readonly range: Range; readonly newText: string }[];
  }[];
}

/** What `updateAll` proposes, or why it proposes nothing. */
export interface UpdateProposal {
  /** One sentence: what would change and what it resolves to. */
  readonly message: string;
  /** For `thoth.apply`, once the person has accepted it. */
  readonly plan?: ApplyEdits;
  /** The files as they would be, for a diff. */
  readonly texts?: readonly { readonly uri: string; readonly text: string }[];
}

export interface CheckSummary {
  readonly errors: number;
  readonly warnings: number;
  /** One sentence, for the status or a toast the person asked for. */
  readonly message: string;
}

export interface ValidateSummary {
  readonly outcome: string;
  readonly message: string;
  readonly log?: string;
}

export interface InterpreterChoice {
  readonly path: string;
  readonly label: string;
  readonly detail: string;
}

/** A change of the workspace's policy, as a quick fix proposes it. */
export type PolicyProposal =
  | {
      readonly uri: string;
      readonly kind: "accept";
      readonly package: string;
      readonly version: string;
      /** What is accepted: one of the two. */
      readonly rule?: string;
      readonly advisory?: string;
      /** Whether it can be accepted until a release fixes the advisory: none does now. */
      readonly mayWait?: boolean;
      /** The finding, shown where the reason is asked for. */
      readonly message: string;
    }
  | { readonly uri: string; readonly kind: "bind"; readonly package: string; readonly index: string };

/** How the policy's file would read. */
export interface PolicyChangePlan {
  readonly uri: string;
  readonly text: string;
  /** What it was planned on; null where the file is to be made. */
  readonly before: string | null;
}

/** The gravest that is said of a package. */
export type ProvenanceVerdict = "error" | "warning" | "information" | "not-checked" | "passed";

/** One check, in words. Empty texts are left out. */
export interface ProvenanceViewCheck {
  readonly rule: string;
  readonly state: string;
  readonly severity: string;
  readonly message: string;
  readonly next: string;
  readonly artifact: string;
  readonly accepted: string;
  readonly evidence: readonly string[];
}

export interface ProvenanceViewRow {
  readonly name: string;
  readonly version: string;
  readonly verdict: ProvenanceVerdict;
  readonly from: string;
  readonly signer: string;
  /** Names of other rows. */
  readonly dependsOn: readonly string[];
  readonly checks: readonly ProvenanceViewCheck[];
}

/** What the provenance view shows. */
export interface ProvenanceViewData {
  readonly title: string;
  /** One sentence. */
  readonly summary: string;
  /** How old what it rests on is. */
  readonly basis: readonly string[];
  /** Gravest first. */
  readonly rows: readonly ProvenanceViewRow[];
  /** Checks of the manifest itself and of its indexes. */
  readonly file: readonly ProvenanceViewCheck[];
}
