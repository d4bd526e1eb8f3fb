// Decides which indexes are asked and how: pip's configuration, the requirements file's own options, the command line.
import { posix, win32 } from "node:path";
import { pathToFileURL } from "node:url";
import { DEFAULT_INDEX_URL } from "../../../shared/src/packaging/defaultIndex.ts";
import { normalizeName } from "../../../shared/src/packaging/name.ts";
import type { IndexLocation, ValueOrigin } from "./model.ts";
import { readNetrc } from "./netrc.ts";
import type { PipConfiguration } from "./pipConfiguration.ts";
import { redactText } from "./redact.ts";
import { Secrets } from "./secrets.ts";

/** One option line of a requirements file, or a Pipfile source as the option that it stands for. */
export interface FileOption {
  /** Long form: `--index-url`, `--extra-index-url`, `--find-links`, `--no-index`, `--trusted-host`, `--pre`, `--prefer-binary`, `--only-binary`, `--no-binary`. */
  readonly option: string;
  /** As written; `${VAR}` is expanded here and never shown. */
  readonly value?: string;
  /** For a person: `requirements.txt line 3`. */
  readonly where: string;
  /** Folder of the file: `--find-links` is relative to it where that exists. */
  readonly folder?: string;
}

export interface CommandLineOptions {
  readonly indexUrl?: string | undefined;
  readonly extraIndexUrl?: readonly string[] | undefined;
  readonly findLinks?: readonly string[] | undefined;
  readonly noIndex?: boolean | undefined;
  readonly onlyBinary?: readonly string[] | undefined;
  readonly noBinary?: readonly string[] | undefined;
  readonly preferBinary?: boolean | undefined;
  readonly pre?: boolean | undefined;
  readonly trustedHost?: readonly string[] | undefined;
  readonly cert?: string | undefined;
  readonly clientCert?: string | undefined;
  readonly proxy?: string | undefined;
  /** Seconds. */
  readonly timeout?: number | undefined;
}

export interface ProxySettings {
  /** May hold credentials: never shown. */
  readonly http?: string;
  readonly https?: string;
  readonly no?: string;
}

export interface IndexSettings {
  /** In pip's order. Empty with `noIndex`. */
  readonly indexes: readonly IndexLocation[];
  readonly findLinks: readonly IndexLocation[];
  readonly noIndex: boolean;
  /** PEP 503 names, or `:all:`. */
  readonly onlyBinary: readonly string[];
  readonly noBinary: readonly string[];
  readonly preferBinary: boolean;
  /** Pre-releases are wanted for every project. */
  readonly pre: boolean;
  /** `host` or `host:port`, whose certificate is not looked at and which may be plain http. */
  readonly trustedHosts: readonly string[];
  /** Path of a bundle of authorities. */
  readonly cert?: string;
  /** Path of one PEM file with key and certificate. */
  readonly clientCert?: string;
  /** The proxies in a function, so that no print of the settings shows their credentials. */
  readonly proxy: () => ProxySettings;
  readonly timeoutMs: number;
  readonly retries: number;
  readonly keyring: "disabled" | "auto" | "subprocess";
  readonly secrets: Secrets;
  /** What could not be used, in sentences. */
  readonly problems: readonly string[];
}

// pip has 5, which with its pauses is eight seconds: too long for a person who waits in an editor.
const DEFAULT_RETRIES = 3;

const TRUE = new Set(["y", "yes", "t", "true", "on", "1"]);
const FALSE = new Set(["n", "no", "f", "false", "off", "0"]);

/** pip expands `${VAR}` of capitals, digits and underscores in requirements files; what is not set stays as written. */
function expandVariables(text: string, env: Readonly<Record<string, string | undefined>>): string {
  return text.replace(/\$\{([A-Z0-9_]+)\}/g, (whole, name: string) => env[name] || whole);
}

interface Collected {
  indexUrl: { value: string; origin: ValueOrigin };
  extra: { value: string; origin: ValueOrigin }[];
  findLinks: { value: string; origin: ValueOrigin; folder?: string | undefined }[];
  noIndex: boolean;
  onlyBinary: Set<string>;
  noBinary: Set<string>;
  preferBinary: boolean;
  pre: boolean;
  trustedHosts: Set<string>;
  problems: string[];
}

/** pip's `FormatControl.handle_mutual_excludes`: `:all:` clears both, `:none:` clears this one, a name leaves the other. */
function addFormats(value: string, target: Set<string>, other: Set<string>): void {
  let names = value.split(",").map((name) => name.trim());
  for (let all = names.indexOf(":all:"); all >= 0; all = names.indexOf(":all:")) {
    other.clear();
    target.clear();
    target.add(":all:");
    names = names.slice(all + 1);
    if (!names.includes(":none:")) return;
  }
  for (const name of names) {
    if (name === ":none:") target.clear();
    else if (name !== "") {
      other.delete(normalizeName(name));
      target.add(normalizeName(name));
    }
  }
}

/** What configuration files and the environment say. */
function fromConfiguration(configuration: PipConfiguration): Collected {
  const { values } = configuration;
  const problems = configuration.files
    .filter((file) => file.problem !== undefined)
    .map((file) => redactText(`pip's configuration ${file.path}: ${file.problem}.`));
  const words = (key: string): { value: string; origin: ValueOrigin }[] => {
    const found = values.get(key);
    if (!found) return [];
    const parts = found.value.split(/\s+/).filter((part) => part !== "");
    return parts.map((value) => ({ value, origin: found.origin }));
  };
  const flag = (key: string): boolean => {
    const found = values.get(key);
    if (!found) return false;
    const text = found.value.toLowerCase();
    if (!TRUE.has(text) && !FALSE.has(text))
      problems.push(`${key} in ${found.origin.where} is neither yes nor no.`);
    return TRUE.has(text);
  };
  const own = values.get("index-url") ?? values.get("pypi-url");
  const collected: Collected = {
    indexUrl: own ?? { value: DEFAULT_INDEX_URL, origin: { kind: "default", where: "pip's default" } },
    extra: words("extra-index-url"),
    findLinks: words("find-links"),
    noIndex: flag("no-index"),
    onlyBinary: new Set(),
    noBinary: new Set(),
    preferBinary: flag("prefer-binary"),
    pre: flag("pre"),
    trustedHosts: new Set(words("trusted-host").map(({ value }) => value)),
    problems,
  };
  for (const { key, value } of configuration.all.filter((v) => values.get(v.key) === v)) {
    if (key === "only-binary") addFormats(value, collected.onlyBinary, collected.noBinary);
    if (key === "no-binary") addFormats(value, collected.noBinary, collected.onlyBinary);
  }
  return collected;
}

/** Options given on the command line: single values replace, lists grow (optparse `append` onto configured defaults). */
function applyCommandLine(collected: Collected, options: CommandLineOptions): void {
  const origin = (where: string): ValueOrigin => ({ kind: "command-line", where });
  if (options.indexUrl) collected.indexUrl = { value: options.indexUrl, origin: origin("--index-url") };
  for (const value of options.extraIndexUrl ?? []) {
    collected.extra.push({ value, origin: origin("--extra-index-url") });
  }
  for (const value of options.findLinks ?? []) {
    collected.findLinks.push({ value, origin: origin("--find-links") });
  }
  if (options.noIndex) collected.noIndex = true;
  if (options.preferBinary) collected.preferBinary = true;
  if (options.pre) collected.pre = true;
  for (const host of options.trustedHost ?? []) collected.trustedHosts.add(host);
  for (const value of options.onlyBinary ?? []) addFormats(value, collected.onlyBinary, collected.noBinary);
  for (const value of options.noBinary ?? []) addFormats(value, collected.noBinary, collected.onlyBinary);
}

/** The file's options, line by line, on top of all others: pip's `handle_option_line` replaces what it had. */
function applyFileOptions(
  collected: Collected,
  options: readonly FileOption[],
  env: Readonly<Record<string, string | undefined>>,
): void {
  for (const { option, value: written, where, folder } of options) {
    const origin: ValueOrigin = { kind: "file", where };
    const value = expandVariables(written ?? "", env).trim();
    if (option === "--no-index") collected.noIndex = true;
    else if (option === "--pre") collected.pre = true;
    else if (option === "--prefer-binary") collected.preferBinary = true;
    else if (value === "") continue;
    else if (option === "--index-url") {
      collected.indexUrl = { value, origin };
      collected.extra = [];
    } else if (option === "--extra-index-url") collected.extra.push({ value, origin });
    else if (option === "--find-links") collected.findLinks.push({ value, origin, folder });
    else if (option === "--trusted-host") collected.trustedHosts.add(value);
    else if (option === "--only-binary") addFormats(value, collected.onlyBinary, collected.noBinary);
    else if (option === "--no-binary") addFormats(value, collected.noBinary, collected.onlyBinary);
  }
}

/** Proxies as requests finds them: pip's own option alone where it is set, else the usual variables. */
function readProxies(
  option: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): ProxySettings {
  const withScheme = (text: string): string =>
    /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  if (option) return { http: withScheme(option), https: withScheme(option), no: "" };
  const get = (name: string): string | undefined => env[name.toLowerCase()] || env[name] || undefined;
  // A CGI script's HTTP_PROXY comes from a request header, which anyone can send.
  const http = (env.REQUEST_METHOD ? env.http_proxy : get("HTTP_PROXY")) ?? get("ALL_PROXY");
  const https = get("HTTPS_PROXY") ?? get("ALL_PROXY");
  const no = get("NO_PROXY");
  return {
    ...(http ? { http: withScheme(http) } : {}),
    ...(https ? { https: withScheme(https) } : {}),
    ...(no ? { no } : {}),
  };
}

/** A place as a URL: pip takes paths, too. */
function toUrl(value: string, folder: string, platform: NodeJS.Platform, home: string): string | undefined {
  if (/^(https?|file):/i.test(value)) return URL.parse(value) ? value : undefined;
  if (/^[a-z][a-z0-9+.-]+:/i.test(value)) return undefined;
  const windows = platform === "win32";
  const path = windows ? win32 : posix;
  const expanded = /^~[/\\]/.test(value) ? path.join(home, value.slice(2)) : value;
  return pathToFileURL(path.resolve(folder, expanded), { windows }).href;
}

/**
 * Which indexes are asked, and how. Lowest to highest: pip's default, configuration files, environment, command line, and
 * the file's own options, which in pip replace what stood before. Equal addresses are asked once. Never throws: what cannot
 * be used is in `problems`.
 */
export function resolveIndexes(
  configuration: PipConfiguration,
  given: { fileOptions?: readonly FileOption[]; commandLine?: CommandLineOptions } = {},
): IndexSettings {
  const { env, cwd, home, platform, readFile } = configuration.input;
  const commandLine = given.commandLine ?? {};
  const collected = fromConfiguration(configuration);
  applyCommandLine(collected, commandLine);
  applyFileOptions(collected, given.fileOptions ?? [], env);
  const exists = (path: string): boolean => {
    try {
      return readFile(path) !== undefined;
    } catch (error) {
      // A folder cannot be read as a file: that it is there is all that is asked.
      return (error as NodeJS.ErrnoException).code === "EISDIR";
    }
  };
  const path = platform === "win32" ? win32 : posix;
  const secrets = new Secrets(() => {
    const candidates = env.NETRC ? [env.NETRC] : [path.join(home, ".netrc"), path.join(home, "_netrc")];
    for (const candidate of candidates) {
      try {
        const text = readFile(candidate);
        if (text !== undefined) return readNetrc(text);
      } catch {
        // requests goes on without a netrc that it may not read, and so does pip.
      }
    }
    return new Map();
  });
  const locate = (
    kind: IndexLocation["kind"],
    entries: readonly { value: string; origin: ValueOrigin; folder?: string | undefined }[],
  ): IndexLocation[] => {
    const found = new Map<string, IndexLocation>();
    for (const { value, origin, folder } of entries) {
      const beside = folder !== undefined && exists(path.resolve(folder, value));
      const url = toUrl(value, beside ? folder : cwd, platform, home);
      if (url === undefined) {
        collected.problems.push(redactText(`${origin.where}: ${value} is no address of an index.`));
        continue;
      }
      const clean = secrets.takeFrom(url);
      const key = clean.replace(/\/+$/, "");
      if (!found.has(key)) found.set(key, { kind, url: clean, origin });
    }
    return [...found.values()];
  };
  const setting = (key: string): string | undefined => configuration.values.get(key)?.value;
  const seconds = commandLine.timeout ?? Number(setting("timeout") ?? setting("default-timeout") ?? 15);
  const retries = Number(setting("retries") ?? DEFAULT_RETRIES);
  const keyring = setting("keyring-provider") ?? "auto";
  const cert =
    commandLine.cert ??
    setting("cert") ??
    (env.REQUESTS_CA_BUNDLE || env.CURL_CA_BUNDLE || env.SSL_CERT_FILE);
  const clientCert = commandLine.clientCert ?? setting("client-cert");
  const proxies = readProxies(commandLine.proxy ?? setting("proxy"), env);
  return {
    indexes: collected.noIndex ? [] : locate("index", [collected.indexUrl, ...collected.extra]),
    findLinks: locate("find-links", collected.findLinks),
    noIndex: collected.noIndex,
    onlyBinary: [...collected.onlyBinary],
    noBinary: [...collected.noBinary],
    preferBinary: collected.preferBinary,
    pre: collected.pre,
    trustedHosts: [...collected.trustedHosts],
    ...(cert ? { cert: path.resolve(cwd, cert) } : {}),
    ...(clientCert ? { clientCert: path.resolve(cwd, clientCert) } : {}),
    proxy: () => proxies,
    timeoutMs: Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : 15_000,
    retries: Number.isInteger(retries) && retries >= 0 ? Math.min(retries, 10) : DEFAULT_RETRIES,
    keyring: keyring === "disabled" || keyring === "subprocess" ? keyring : "auto",
    secrets,
    problems: collected.problems,
  };
}
