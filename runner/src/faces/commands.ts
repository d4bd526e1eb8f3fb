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
import type { Answer, CommonInput } from "../../../shared/src/protocol/operation.ts";
import type { OperationName } from "../../../shared/src/protocol/operations.ts";
import type { ProvenanceInput, ProvenanceOutput } from "../../../shared/src/protocol/provenance.ts";
import type { ValidateInput, ValidateOutput } from "../../../shared/src/protocol/validate.ts";
import { OperationError } from "../operations/index.ts";
import type { Options, RenderOptions } from "./commandLine.ts";
import { checkText } from "./text/check.ts";

export interface OptionSpec {
  readonly flags: string;
  readonly description: string;
  readonly repeats?: boolean;
  readonly number?: boolean;
  readonly choices?: readonly string[];
}

type Renderer = (answer: Answer<never>, options: RenderOptions) => string;

export interface CommandSpec {
  readonly operation: OperationName;
  readonly args: readonly (readonly [name: string, description: string])[];
  readonly options: readonly OptionSpec[];
  /** Throws OperationError for what the options cannot mean. */
  input(args: readonly string[], options: Options, cwd: string): unknown;
  /** By format; JSON is the same for all. */
  readonly formats: Readonly<Record<string, () => Promise<Renderer>>>;
  /** Whether the answer says that something is wrong, at or above the severity asked for. */
  failed(result: never, counts: (severity: string) => boolean): boolean;
  /** What was not checked ends with a status of its own. */
  readonly needsAll: boolean;
}

const common: readonly OptionSpec[] = [
  { flags: "-o, --output <FILE>", description: "write the answer to a file, whole or not at all" },
  { flags: "--environment <NAME>", description: "a runtime environment by name" },
  {
    flags: "--python <VERSION>",
    description: "a Python version such as 3.11, or the path of an interpreter",
  },
  { flags: "--platform <TAG>", description: "linux, macos, windows, x86_64-manylinux_2_28, win_amd64, …" },
  { flags: "-i, --index-url <URL>", description: "the index, in place of the configured one" },
  { flags: "--extra-index-url <URL>", description: "a further index", repeats: true },
  { flags: "-f, --find-links <URL>", description: "a page or folder of files", repeats: true },
  { flags: "--no-index", description: "only what --find-links names" },
  { flags: "--trusted-host <HOST>", description: "a host whose certificate is not looked at", repeats: true },
  { flags: "--only-binary <NAMES>", description: "take wheels only, for these or :all:", repeats: true },
  { flags: "--no-binary <NAMES>", description: "take no wheels, for these or :all:", repeats: true },
  { flags: "--pre", description: "pre-releases too" },
  {
    flags: "--index-strategy <RULE>",
    description: "who wins where several indexes have a project (default: as the manifest's own tool)",
    choices: ["first-index", "unsafe-first-match", "unsafe-best-match"],
  },
  { flags: "--isolated", description: "leave pip's configuration and PIP_* unread" },
  { flags: "--offline", description: "only what is known already" },
  { flags: "-q, --quiet", description: "no progress" },
  { flags: "-v, --verbose", description: "more detail" },
  { flags: "--no-progress", description: "no progress" },
  { flags: "--knowledge <FILE>", description: "the file of what is known" },
];

/** For what one stack may be for: the Python and the platform may be given several times, each with each. */
const scoping: readonly OptionSpec[] = [
  {
    flags: "--universal",
    description: "for every platform, from --python on or from what the project requires",
  },
  ...common.map((option) =>
    /^--(python|platform) /.test(option.flags) ? { ...option, repeats: true } : option,
  ),
];

const constraint: OptionSpec = {
  flags: "-c, --constraint <FILE>",
  description: "a file that narrows and never adds",
  repeats: true,
};

const findingOptions: readonly OptionSpec[] = [
  constraint,
  {
    flags: "--fail-on <SEVERITY>",
    description: "from which severity on the exit status is 1 (default: error)",
    choices: ["error", "warning", "information", "hint"],
  },
  { flags: "--rule <RULE=SEVERITY>", description: "another severity for a rule, or off", repeats: true },
];

const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);
const texts = (value: unknown): string[] | undefined =>
  Array.isArray(value) ? (value as string[]) : undefined;
const firstText = (value: unknown): string | undefined => text(value) ?? texts(value)?.[0];
const split = (value: unknown): string[] | undefined => texts(value)?.flatMap((one) => one.split(","));

/** Leaves out what is undefined, as `exactOptionalPropertyTypes` asks. */
function given<T extends object>(values: { [Key in keyof T]: T[Key] | undefined }): T {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as T;
}

/** What is no index at all is bad usage: to go on without it would call every package unknown. */
function checkIndexes(option: string, urls: readonly string[]): void {
  for (const url of urls) {
    const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(url)?.[1]?.toLowerCase();
    if (scheme === undefined || (/^(https?|file)$/.test(scheme) && URL.canParse(url))) continue;
    throw new OperationError(
      "usage",
      "bad-index",
      `${option} ${url.replace(/\/\/[^/@]*@/, "//")} is no address of an index.`,
      "Give an address with https, http or file, or a folder.",
    );
  }
}

function commonInput(options: Options, cwd: string): CommonInput {
  checkIndexes(
    "--index-url",
    [options.indexUrl].flatMap((url) => text(url) ?? []),
  );
  checkIndexes("--extra-index-url", texts(options.extraIndexUrl) ?? []);
  const index = given<NonNullable<CommonInput["index"]>>({
    indexUrl: text(options.indexUrl),
    extraIndexUrls: texts(options.extraIndexUrl),
    findLinks: texts(options.findLinks),
    noIndex: options.index === false ? true : undefined,
    onlyBinary: split(options.onlyBinary),
    noBinary: split(options.noBinary),
    pre: options.pre === true ? true : undefined,
    trustedHosts: texts(options.trustedHost),
    strategy: text(options.indexStrategy) as NonNullable<CommonInput["index"]>["strategy"],
  });
  return {
    cwd,
    environment: given({
      name: text(options.environment),
      python: firstText(options.python),
      platform: firstText(options.platform),
    }),
    index,
    ...(options.isolated === true ? { usePipConfiguration: false } : {}),
    ...(options.offline === true ? { offline: true } : {}),
  };
}

const SEVERITIES = ["error", "warning", "information", "hint", "off"];

function ruleSeverities(options: Options): CheckInput["rules"] {
  const rules: CheckInput["rules"] = {};
  for (const pair of texts(options.rule) ?? []) {
    const [rule = "", severity = ""] = pair.split("=");
    if (rule === "" || !SEVERITIES.includes(severity)) {
      throw new OperationError(
        "usage",
        "bad-rule",
        `--rule ${pair} is not a rule with a severity.`,
        "Write it like --rule unpinned-requirement=off.",
      );
    }
    rules[rule] = severity as CheckInput["rules"][string];
  }
  return rules;
}

const paths = (args: readonly string[]): string[] => (args.length === 0 ? ["."] : [...args]);

type CheckLike = { readonly files: CheckOutput["files"] };
const anyFinding = (result: CheckLike, counts: (severity: string) => boolean): boolean =>
  result.files.some((file) => file.findings.some((finding) => counts(finding.severity)));

const check: CommandSpec = {
  operation: "check",
  args: [["[PATH...]", "manifests, or folders of them"]],
  options: [...findingOptions, ...common],
  input: (args, options, cwd): CheckInput => ({
    ...commonInput(options, cwd),
    paths: paths(args),
    constraints: texts(options.constraint) ?? [],
    rules: ruleSeverities(options),
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
    { flags: "--rule <RULE=SEVERITY>", description: "another severity for a rule, or off", repeats: true },
    ...common,
  ],
  input: (args, options, cwd): FixInput => ({
    ...commonInput(options, cwd),
    paths: paths(args),
    constraints: texts(options.constraint) ?? [],
    rules: ruleSeverities(options),
    write: options.write === true,
    allowDowngrade: options.allowDowngrade === true,
    choose: split(options.choose) ?? [],
    ...given<Pick<FixInput, "only">>({ only: texts(options.only) }),
  }),
  formats: {
    text: async () => {
      const { fixText } = await import("./text/others.ts");
      return (answer: Answer<FixOutput>, { terminal, options }) =>
        fixText(answer, terminal, { write: options.write === true, choose: split(options.choose) ?? [] });
    },
  },
  failed: () => false,
  needsAll: true,
};

const resolving: readonly OptionSpec[] = [
  constraint,
  {
    flags: "--resolution <WHICH>",
    description: "which releases are taken (default: highest)",
    choices: ["highest", "lowest", "lowest-direct"],
  },
  {
    flags: "--exclude-newer <DATE>",
    description: "leave out files after this date, or younger than 3 days, P3D",
  },
  {
    flags: "--exclude-newer-package <NAME=DATE>",
    description: "the same for one package; false lifts the general date",
    repeats: true,
  },
  {
    flags: "--prerelease <WHICH>",
    description: "whether pre-releases are taken (default: where no final release is left)",
    choices: ["allow", "if-necessary", "disallow"],
  },
  {
    flags: "--override <FILE>",
    description: "requirements that take the place of all others of their packages",
    repeats: true,
  },
  { flags: "--exclude <NAME>", description: "leave this package out, whoever asks for it", repeats: true },
  { flags: "--extra <NAME>", description: "an extra of the pyproject.toml", repeats: true },
  { flags: "--all-extras", description: "all of its extras" },
  { flags: "--group <NAME>", description: "a dependency group, beside the default ones", repeats: true },
  { flags: "--all-groups", description: "all of its groups" },
  { flags: "--no-group <NAME>", description: "leave this group out", repeats: true },
  { flags: "--only-group <NAME>", description: "this group alone, without the project", repeats: true },
  { flags: "--no-default-groups", description: "leave the default groups out" },
  {
    flags: "--torch-backend <NAME>",
    description: "where PyTorch's packages come from: auto, cpu, cu128, rocm6.4, xpu, …",
  },
  {
    flags: "--variants",
    description: "choose wheel variants by the environment's properties (draft PEP 825)",
  },
];

/** `NAME=DATE`, where `NAME=false` lifts the general cut-off. */
function packageCutOffs(options: Options): LockInput["excludeNewerPackages"] {
  const cutOffs: Record<string, string | false> = {};
  for (const pair of texts(options.excludeNewerPackage) ?? []) {
    const [, name, date] = /^([^=\s]+)\s*=\s*(.+)$/.exec(pair.trim()) ?? [];
    if (name === undefined || date === undefined) {
      throw new OperationError(
        "usage",
        "bad-date",
        `--exclude-newer-package ${pair} is not a package with a date.`,
        "Write it like numpy=2026-01-31, numpy=3 days, or numpy=false.",
      );
    }
    cutOffs[name] = date === "false" ? false : date;
  }
  return Object.keys(cutOffs).length > 0 ? cutOffs : undefined;
}

/** Undefined where no option says which parts of a pyproject.toml are taken. */
function selectionOf(options: Options): LockInput["selection"] {
  const selection = given<NonNullable<LockInput["selection"]>>({
    extras: options.allExtras === true ? "all" : texts(options.extra),
    groups: options.allGroups === true ? "all" : texts(options.group),
    withoutGroups: texts(options.noGroup),
    onlyGroups: texts(options.onlyGroup),
    defaultGroups: options.defaultGroups === false ? false : undefined,
  });
  return Object.keys(selection).length > 0 ? selection : undefined;
}

/** Each Python with each platform, where there is more than one pair. */
function environmentsOf(options: Options): LockInput["environments"] {
  const pythons = texts(options.python) ?? [];
  const platforms = texts(options.platform) ?? [];
  if (pythons.length < 2 && platforms.length < 2) return undefined;
  const each = <T>(list: readonly T[]): readonly (T | undefined)[] => (list.length > 0 ? list : [undefined]);
  return each(pythons).flatMap((python) => each(platforms).map((platform) => given({ python, platform })));
}

const resolveInput = (args: readonly string[], options: Options, cwd: string) => ({
  ...commonInput(options, cwd),
  path: args[0] ?? ".",
  constraints: texts(options.constraint) ?? [],
  ...given<
    Pick<
      LockInput,
      | "resolution"
      | "universal"
      | "environments"
      | "excludeNewer"
      | "excludeNewerPackages"
      | "prerelease"
      | "overrides"
      | "exclude"
      | "torchBackend"
      | "selection"
      | "variants"
    >
  >({
    resolution: text(options.resolution) as LockInput["resolution"],
    universal: options.universal === true ? true : undefined,
    environments: environmentsOf(options),
    excludeNewer: text(options.excludeNewer),
    excludeNewerPackages: packageCutOffs(options),
    prerelease: text(options.prerelease) as LockInput["prerelease"],
    overrides: texts(options.override),
    exclude: texts(options.exclude),
    torchBackend: text(options.torchBackend),
    selection: selectionOf(options),
    variants: options.variants === true ? true : undefined,
  }),
});

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
