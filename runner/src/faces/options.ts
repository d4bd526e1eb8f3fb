// The options of the commands: those that all take, and those that several share.
export interface OptionSpec {
  readonly flags: string;
  readonly description: string;
  readonly repeats?: boolean;
  readonly number?: boolean;
  readonly choices?: readonly string[];
  /** Under which heading of the help it stands, where not under the command's own options. */
  readonly group?: string;
}

const under = (group: string, options: readonly OptionSpec[]): readonly OptionSpec[] =>
  options.map((option) => ({ ...option, group }));

export const common: readonly OptionSpec[] = [
  ...under("Where it is to run:", [
    { flags: "--environment <NAME>", description: "a runtime environment by name" },
    {
      flags: "--python <VERSION>",
      description: "a Python version such as 3.11, or the path of an interpreter",
    },
    { flags: "--platform <TAG>", description: "linux, macos, windows, x86_64-manylinux_2_28, win_amd64, …" },
  ]),
  ...under("Where packages come from:", [
    { flags: "-i, --index-url <URL>", description: "the index, in place of the configured one" },
    { flags: "--extra-index-url <URL>", description: "a further index", repeats: true },
    { flags: "-f, --find-links <URL>", description: "a page or folder of files", repeats: true },
    { flags: "--no-index", description: "only what --find-links names" },
    {
      flags: "--trusted-host <HOST>",
      description: "a host whose certificate is not looked at",
      repeats: true,
    },
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
  ]),
  ...under("What is shown and kept:", [
    { flags: "-o, --output <FILE>", description: "write the answer to a file, whole or not at all" },
    { flags: "-q, --quiet", description: "no progress, and nothing once a file is written" },
    { flags: "--no-progress", description: "no progress" },
    { flags: "-v, --verbose", description: "more detail" },
    { flags: "--knowledge <FILE>", description: "the file of what is known" },
  ]),
];

/** The Python and the platform may be given several times, each with each. */
export const forSeveral: readonly OptionSpec[] = common.map((option) =>
  /^--(python|platform) /.test(option.flags) ? { ...option, repeats: true } : option,
);

/** For what one stack may be for. */
export const scoping: readonly OptionSpec[] = [
  {
    flags: "--universal",
    description: "for every platform, from --python on or from what the project requires",
    group: "Where it is to run:",
  },
  ...forSeveral,
];

export const constraint: OptionSpec = {
  flags: "-c, --constraint <FILE>",
  description: "a file that narrows and never adds",
  repeats: true,
};

export const building: OptionSpec = {
  flags: "--build-sdists",
  description: "build source distributions in a sandbox where only that tells what they need",
};

export const findingOptions: readonly OptionSpec[] = [
  constraint,
  building,
  {
    flags: "--fail-on <SEVERITY>",
    description: "from which severity on the exit status is 1 (default: error)",
    choices: ["error", "warning", "information", "hint"],
  },
  { flags: "--rule <RULE=SEVERITY>", description: "another severity for a rule, or off", repeats: true },
];

/** As snyk names it. */
export const severityThreshold: OptionSpec = {
  flags: "--severity-threshold <LEVEL>",
  description: "advisories below this are information, and may come in with a repair",
  choices: ["low", "medium", "high", "critical"],
};

export const resolving: readonly OptionSpec[] = [
  constraint,
  building,
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
    description: "whether pre-releases are taken, as in uv (default: if-necessary)",
    choices: ["disallow", "allow", "if-necessary", "explicit", "if-necessary-or-explicit"],
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
