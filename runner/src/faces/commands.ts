// The table of commands: for each operation its arguments and options, how they become its input, and how its answer is shown.
import type { AttestationInput, AttestationOutput } from "../../../shared/src/protocol/attestation.ts";
import type { CheckInput, CheckOutput } from "../../../shared/src/protocol/check.ts";
import type { ConfigInput, ConfigOutput } from "../../../shared/src/protocol/config.ts";
import type { EnvironmentInput, EnvironmentOutput } from "../../../shared/src/protocol/environment.ts";
import type { ExplainInput, ExplainOutput } from "../../../shared/src/protocol/explain.ts";
import type { FixInput, FixOutput } from "../../../shared/src/protocol/fix.ts";
import type { KnowledgeInput, KnowledgeOutput } from "../../../shared/src/protocol/knowledge.ts";
import type { ListInput, ListOutput } from "../../../shared/src/protocol/list.ts";
import type { LockInput, LockOutput } from "../../../shared/src/protocol/lock.ts";
import type { Answer } from "../../../shared/src/protocol/operation.ts";
import type { OperationName } from "../../../shared/src/protocol/operations.ts";
import type { ProvenanceInput, ProvenanceOutput } from "../../../shared/src/protocol/provenance.ts";
import type { ValidateInput, ValidateOutput } from "../../../shared/src/protocol/validate.ts";
import { OperationError } from "../operations/index.ts";
import type { Options, RenderOptions } from "./commandLine.ts";
import {
  building,
  common,
  constraint,
  findingOptions,
  forSeveral,
  type OptionSpec,
  resolving,
  scoping,
  severityThreshold,
} from "./options.ts";
import {
  chosenRules,
  commonInput,
  environmentsOf,
  given,
  resolveInput,
  ruleSeverities,
  split,
  text,
  texts,
} from "./optionValues.ts";
import { checkText } from "./text/check.ts";

type Renderer = (answer: Answer<never>, options: RenderOptions) => string;

export interface CommandSpec {
  readonly operation: OperationName;
  readonly args: readonly (readonly [name: string, description: string])[];
  readonly options: readonly OptionSpec[];
  /** Throws OperationError for what the options cannot mean. */
  input(args: readonly string[], options: Options, cwd: string): unknown;
  /** By format; JSON is the same for all. */
  readonly formats: Readonly<Record<string, () => Promise<Renderer>>>;
  /** What is said on standard error once the text is in its file. */
  readonly written?: () => Promise<Renderer>;
  /** Whether the answer says that something is wrong, at or above the severity asked for. */
  failed(result: never, counts: (severity: string) => boolean): boolean;
  /** What was not checked ends with a status of its own. */
  readonly needsAll: boolean;
}

const paths = (args: readonly string[]): string[] => (args.length === 0 ? ["."] : [...args]);

type CheckLike = { readonly files: CheckOutput["files"] };
const anyFinding = (result: CheckLike, counts: (severity: string) => boolean): boolean =>
  result.files.some((file) => file.findings.some((finding) => counts(finding.severity)));

const check: CommandSpec = {
  operation: "check",
  args: [["[PATH...]", "manifests, or folders of them"]],
  options: [...findingOptions, severityThreshold, ...common],
  input: (args, options, cwd): CheckInput => ({
    ...commonInput(options, cwd),
    paths: paths(args),
    constraints: texts(options.constraint) ?? [],
    rules: ruleSeverities(options),
    ...given<Pick<CheckInput, "severityThreshold">>({
      severityThreshold: text(options.severityThreshold) as CheckInput["severityThreshold"],
    }),
  }),
  formats: {
    text: async () => {
      return (answer: Answer<CheckOutput>, { terminal, now, verbose }) =>
        checkText(answer, terminal, { now, verbose });
    },
    sarif: async () => {
      const { sarifOf } = await import("./sarif.ts");
      return (answer: Answer<CheckOutput>, { version }) => sarifOf(answer, version);
    },
    junit: async () => (await import("./junit.ts")).junitOf as Renderer,
  },
  failed: (result: CheckOutput, counts) => anyFinding(result, counts),
  needsAll: true,
};

const list: CommandSpec = {
  operation: "list",
  args: [["[PATH...]", "manifests, or folders of them"]],
  options: common,
  input: (args, options, cwd): ListInput => ({ ...commonInput(options, cwd), paths: paths(args) }),
  formats: {
    text: async () => {
      const { listText } = await import("./text/others.ts");
      return (answer: Answer<ListOutput>, { terminal }) => listText(answer, terminal);
    },
  },
  failed: (result: ListOutput) => result.files.some((file) => file.errors.length > 0),
  needsAll: false,
};

const fix: CommandSpec = {
  operation: "fix",
  args: [["[PATH...]", "manifests, or folders of them"]],
  options: [
    { flags: "--write", description: "apply the fixes" },
    { flags: "--allow-downgrade", description: "repairs may take releases below those of today" },
    {
      flags: "--choose <LETTER>",
      description: "what explain says would help, by its letter, in place of the fixes of findings",
      repeats: true,
    },
    { flags: "--only <RULE>", description: "only fixes of this rule", repeats: true },
    constraint,
    building,
    { flags: "--rule <RULE=SEVERITY>", description: "another severity for a rule, or off", repeats: true },
    severityThreshold,
    {
      flags: "--trusted-root <FILE>",
      description: "verify the attestations of what is raised to against this trusted_root.json",
    },
    ...forSeveral,
  ],
  input: (args, options, cwd): FixInput => ({
    ...commonInput(options, cwd),
    paths: paths(args),
    constraints: texts(options.constraint) ?? [],
    rules: ruleSeverities(options),
    write: options.write === true,
    allowDowngrade: options.allowDowngrade === true,
    choose: split(options.choose) ?? [],
    ...given<Pick<FixInput, "only" | "environments" | "trustedRoot" | "severityThreshold">>({
      only: chosenRules(options),
      environments: environmentsOf(options),
      severityThreshold: text(options.severityThreshold) as FixInput["severityThreshold"],
      trustedRoot: text(options.trustedRoot),
    }),
  }),
  formats: {
    text: async () => {
      const { fixText } = await import("./text/others.ts");
      return (answer: Answer<FixOutput>, { terminal, options, argv }) =>
        fixText(answer, terminal, { write: options.write === true, argv });
    },
  },
  failed: () => false,
  needsAll: true,
};

const lock: CommandSpec = {
  operation: "lock",
  args: [["[PATH]", "a manifest, or a folder with one"]],
  options: [
    {
      flags: "--as <FORM>",
      description: "the form of the lock (default: by the name of --output, else by the manifest)",
      choices: ["requirements", "pipfile-lock", "pylock"],
    },
    { flags: "-U, --upgrade", description: "take the newest, whatever the file of --output has" },
    { flags: "-P, --upgrade-package <NAME>", description: "the same for one package", repeats: true },
    ...resolving,
    ...scoping,
  ],
  input: (args, options, cwd): LockInput => {
    const output = text(options.output);
    return {
      ...resolveInput(args, options, cwd),
      ...given<Pick<LockInput, "as" | "previous">>({
        as: text(options.as) as LockInput["as"],
        previous: output === "-" ? undefined : output,
      }),
      upgrade: options.upgrade === true,
      upgradePackages: texts(options.upgradePackage) ?? [],
    };
  },
  formats: {
    text: async () => {
      const { lockText } = await import("./text/lock.ts");
      return (answer: Answer<LockOutput>, { options }) => lockText(answer, text(options.output));
    },
  },
  written: async () => {
    const { lockWritten } = await import("./text/lock.ts");
    return (answer: Answer<LockOutput>, { options }) => lockWritten(answer, text(options.output) ?? "");
  },
  failed: (result: LockOutput) => !result.resolves,
  needsAll: true,
};

const explain: CommandSpec = {
  operation: "explain",
  args: [
    ["[PATH]", "a manifest, or a folder with one"],
    ["[NAME]", "a project of its stack"],
  ],
  options: [...resolving, ...scoping],
  input: (args, options, cwd): ExplainInput => ({
    ...resolveInput(args, options, cwd),
    ...given<Pick<ExplainInput, "name">>({ name: args[1] }),
  }),
  formats: {
    text: async () => {
      const { explainText } = await import("./text/resolve.ts");
      return (answer: Answer<ExplainOutput>, { terminal }) => explainText(answer, terminal);
    },
  },
  failed: (result: ExplainOutput) => !result.resolves,
  needsAll: true,
};

const validate: CommandSpec = {
  operation: "validate",
  args: [["[PATH]", "a manifest"]],
  options: [
    { flags: "--script <FILE>", description: "a Python file to run after the imports" },
    { flags: "--timeout <SECONDS>", description: "for the whole validation", number: true },
    { flags: "--memory <MIB>", description: "at most", number: true },
    {
      flags: "--allow-without-sandbox",
      description: "run where nothing can contain it: only for code that you trust",
    },
    { ...building, description: "build in the sandbox what has no wheel" },
    constraint,
    ...common,
  ],
  input: (args, options, cwd): ValidateInput => ({
    ...commonInput(options, cwd),
    path: args[0] ?? ".",
    texts: {},
    allowWithoutSandbox: options.allowWithoutSandbox === true,
    ...given<Pick<ValidateInput, "constraints" | "script" | "timeout" | "memory">>({
      constraints: texts(options.constraint),
      script: text(options.script),
      timeout: typeof options.timeout === "number" ? options.timeout : undefined,
      memory: typeof options.memory === "number" ? options.memory : undefined,
    }),
  }),
  formats: {
    text: async () => {
      const { validateText } = await import("./text/validate.ts");
      return (answer: Answer<ValidateOutput>, { terminal, verbose }) =>
        validateText(answer, terminal, { verbose });
    },
  },
  // What was refused or could not be done says nothing of the stack: it was not checked.
  failed: ({ outcome }: ValidateOutput) =>
    outcome !== "passed" && outcome !== "refused" && outcome !== "infrastructure-failed",
  needsAll: true,
};

const provenance: CommandSpec = {
  operation: "provenance",
  args: [["[PATH...]", "manifests, or folders of them"]],
  options: [
    {
      flags: "--all-artifacts",
      description: "every artifact that a lock names, not only those for the environments",
    },
    { flags: "--download", description: "fetch the artifacts and look into them" },
    { flags: "--requests <NUMBER>", description: "requests that may be sent (default: 4000)", number: true },
    { flags: "--trusted-root <FILE>", description: "a Sigstore trust root in place of the one that is kept" },
    ...findingOptions,
    ...common,
  ],
  input: (args, options, cwd): ProvenanceInput => ({
    ...commonInput(options, cwd),
    paths: paths(args),
    constraints: texts(options.constraint) ?? [],
    texts: {},
    rules: ruleSeverities(options),
    allArtifacts: options.allArtifacts === true,
    download: options.download === true,
    // Forms that are read by programs tell the graph too.
    graph: options.format === "json" || options.format === "cyclonedx",
    ...given<Pick<ProvenanceInput, "requestBudget" | "trustedRoot">>({
      requestBudget: typeof options.requests === "number" ? options.requests : undefined,
      trustedRoot: text(options.trustedRoot),
    }),
  }),
  formats: {
    text: async () => {
      const { provenanceText } = await import("./text/provenance.ts");
      return (answer: Answer<ProvenanceOutput>, { terminal, now, verbose }) =>
        provenanceText(answer, terminal, { now, verbose });
    },
    sarif: async () => {
      const { provenanceSarif } = await import("./provenanceSarif.ts");
      return (answer: Answer<ProvenanceOutput>, { version }) => provenanceSarif(answer, version);
    },
    cyclonedx: async () => {
      const { cyclonedxOf } = await import("./cyclonedx.ts");
      return (answer: Answer<ProvenanceOutput>, { version, now }) => cyclonedxOf(answer, version, now);
    },
  },
  failed: (result: ProvenanceOutput, counts) =>
    [...result.files, ...result.packages].some(({ checks }) =>
      checks.some(
        ({ state, severity, accepted }) =>
          state === "failed" && severity !== undefined && accepted === undefined && counts(severity),
      ),
    ),
  needsAll: true,
};

const attestation: CommandSpec = {
  operation: "attestation",
  args: [["<ARTIFACT...>", "wheels and source distributions; PATH#sha256=HEX for one that is not at hand"]],
  options: [
    {
      flags: "--attestation <FILE>",
      description:
        "an attestation, a provenance object or a Sigstore bundle (default: those beside the artifact)",
      repeats: true,
    },
    { flags: "--trusted-root <FILE>", description: "a Sigstore trust root in place of the one that is kept" },
    { flags: "--public-key <FILE>", description: "the key that a bundle without certificate is signed with" },
    { flags: "--identity <NAME>", description: "who must have signed a bundle, with --issuer" },
    { flags: "--issuer <URL>", description: "who must have vouched for that" },
    ...common,
  ],
  input: (args, options, cwd): AttestationInput => ({
    ...commonInput(options, cwd),
    artifacts: [...args],
    ...given<Omit<AttestationInput, "cwd" | "artifacts">>({
      attestations: texts(options.attestation),
      trustedRoot: text(options.trustedRoot),
      publicKey: text(options.publicKey),
      identity: text(options.identity),
      issuer: text(options.issuer),
    }),
  }),
  formats: {
    text: async () => {
      const { attestationText } = await import("./text/attestation.ts");
      return (answer: Answer<AttestationOutput>, { terminal, verbose }) =>
        attestationText(answer, terminal, { verbose });
    },
  },
  failed: ({ artifacts }: AttestationOutput) => artifacts.some(({ state }) => state === "failed"),
  needsAll: true,
};

const environment: CommandSpec = {
  operation: "environment",
  args: [["[NAME]", "a configured runtime environment; this machine by default"]],
  options: [{ flags: "--installed", description: "list what is installed" }, ...common],
  input: (args, options, cwd): EnvironmentInput => {
    const input = commonInput(options, cwd);
    const [name] = args;
    return {
      ...input,
      environment: { ...input.environment, ...(name === undefined ? {} : { name }) },
      installed: options.installed === true,
    };
  },
  formats: {
    text: async () => {
      const { environmentText } = await import("./text/others.ts");
      return (answer: Answer<EnvironmentOutput>, { terminal, verbose, options }) =>
        environmentText(answer, terminal, { verbose: verbose || options.installed === true });
    },
  },
  failed: () => false,
  needsAll: true,
};

const config: CommandSpec = {
  operation: "config",
  args: [["[ACTION]", "check (the default), or init to make one"]],
  options: common,
  input: (args, options, cwd): ConfigInput => {
    const [action = "check"] = args;
    if (action !== "check" && action !== "init") {
      const message = `config has no action ${action}.`;
      throw new OperationError("usage", "unknown-action", message, "Name check or init.");
    }
    return { ...commonInput(options, cwd), action };
  },
  formats: {
    text: async () => {
      const { configText } = await import("./text/config.ts");
      return (answer: Answer<ConfigOutput>, { terminal }) => configText(answer, terminal);
    },
  },
  failed: ({ problems }: ConfigOutput) => problems.length > 0,
  needsAll: true,
};

const ACTIONS = ["path", "stats", "update", "export", "import", "prune", "clear-cache"] as const;

const knowledge: CommandSpec = {
  operation: "knowledge",
  args: [
    [`[ACTION]`, `${ACTIONS.join(", ")}; path by default`],
    ["[FILE]", "for export and import; names, advisories or trust-root for update"],
  ],
  options: [
    {
      flags: "--from <WHERE>",
      description:
        "update advisories: an archive, a folder or file of OSV records, or an address; update trust-root: a mirror's address",
    },
    {
      flags: "--for <PATH>",
      description: "update advisories: ask the service of --from for the packages of this manifest only",
      repeats: true,
    },
    { flags: "--max-bytes <BYTES>", description: "prune: keep at most so much", number: true },
    { flags: "--older-than <DAYS>", description: "prune: forget what is older", number: true },
    ...common,
  ],
  input: (args, options, cwd): KnowledgeInput => {
    const [action = "path", file] = args;
    if (!(ACTIONS as readonly string[]).includes(action)) {
      throw new OperationError(
        "usage",
        "unknown-action",
        `knowledge has no action ${action}.`,
        `Name one of ${ACTIONS.join(", ")}.`,
      );
    }
    const what = file ?? "names";
    if (action === "update" && !/^(?:names|advisories|trust-root)$/.test(what)) {
      const next = "Name names, advisories or trust-root.";
      throw new OperationError("usage", "unknown-list", `knowledge cannot update ${file}.`, next);
    }
    if (options.from !== undefined && (action !== "update" || what === "names")) {
      const message = "--from says where advisories or the trust root come from.";
      const next = "Use it with update advisories or update trust-root.";
      throw new OperationError("usage", "from-without-update", message, next);
    }
    if (file === undefined && (action === "export" || action === "import")) {
      throw new OperationError(
        "usage",
        "no-file",
        `knowledge ${action} needs a file.`,
        `Name it: thoth knowledge ${action} FILE.`,
      );
    }
    return {
      ...commonInput(options, cwd),
      action: action as KnowledgeInput["action"],
      ...(action === "update" ? { what: what as KnowledgeInput["what"] } : {}),
      ...given<Pick<KnowledgeInput, "file" | "from" | "for" | "maxBytes" | "olderThanDays">>({
        file,
        from: text(options.from),
        for: texts(options.for),
        maxBytes: typeof options.maxBytes === "number" ? options.maxBytes : undefined,
        olderThanDays: typeof options.olderThan === "number" ? options.olderThan : undefined,
      }),
    };
  },
  formats: {
    text: async () => {
      const { knowledgeText } = await import("./text/others.ts");
      return (answer: Answer<KnowledgeOutput>, { terminal, now }) => knowledgeText(answer, terminal, { now });
    },
  },
  failed: (result: KnowledgeOutput) => (result.problems?.length ?? 0) > 0,
  needsAll: true,
};

/** In the order of the help. */
export const commands: readonly CommandSpec[] = [
  check,
  list,
  fix,
  lock,
  explain,
  validate,
  provenance,
  attestation,
  environment,
  config,
  knowledge,
];
