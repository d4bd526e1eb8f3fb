// What `config accept` and `config bind` do: change a policy as the editor's quick fixes do, where the policies above allow it.
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { matchAdvisories } from "../../../shared/src/advisory/index.ts";
import { changePolicy, type PolicyChange } from "../../../shared/src/config/changePolicy.ts";
import { readConfiguration } from "../../../shared/src/config/index.ts";
import type { Acceptance } from "../../../shared/src/config/policy.ts";
import { normalizeName } from "../../../shared/src/packaging/name.ts";
import { parseVersion } from "../../../shared/src/packaging/version.ts";
import { mergePolicies, type PolicyLayer } from "../../../shared/src/policy/index.ts";
import type { AskedPolicyChange, ConfigInput, ConfigOutput } from "../../../shared/src/protocol/config.ts";
import { describeRule, ruleCatalogue } from "../../../shared/src/rules/catalogue.ts";
import { pinnedVersion } from "../../../shared/src/rules/place.ts";
import { CONFIGURATION_NAME, findConfiguration, repositoryOf } from "./configuration.ts";
import type { OperationContext } from "./context.ts";
import { OperationError } from "./errors.ts";
import { filesOf, Loader } from "./load.ts";
import { nameFrom, policyLayers, userPolicyPath } from "./policy.ts";
import { whyNotWritten, writeWhole } from "./writeWhole.ts";

const DAY = 86_400_000;
/** How long an acceptance holds where nobody says: as the editor proposes. */
const DAYS_ACCEPTED = 90;

/** Changes the policy of the folder or of the user. Throws OperationError for what no policy can say, or may not say here. */
export async function changeConfiguration(
  context: OperationContext,
  input: ConfigInput,
  asked: AskedPolicyChange,
): Promise<ConfigOutput> {
  const notes: string[] = [];
  const change = asked.kind === "bind" ? bindingOf(asked) : await acceptanceOf(context, input, asked, notes);
  const path = input.user ? userPolicyPath(context) : placeOf(input.cwd);
  const before = existsSync(path) ? read(path) : "";
  const changed = changePolicy(before, change);
  if ("problem" in changed)
    throw bad("bad-change", `${path}: ${changed.problem.replace(/\.$/, "")}.`, "Nothing was written.");
  await refuseUnheard(context, input, path, changed.text);
  write(path, changed.text);
  return { action: "change", path, problems: [], environments: [], says: sentenceOf(change), notes };
}

const bad = (code: string, message: string, next: string): OperationError =>
  new OperationError("usage", code, message, next);

/** The folder's own file, or one that is to be made where the repository begins, as the editor makes it. */
function placeOf(cwd: string): string {
  return findConfiguration(cwd) ?? join(repositoryOf(cwd) ?? cwd, CONFIGURATION_NAME);
}

function bindingOf({ package: name, index }: Extract<AskedPolicyChange, { kind: "bind" }>): PolicyChange {
  checkName(name.replaceAll("*", "x"), name);
  const url = /^(?:https?|file):/i.test(index) ? URL.parse(index) : null;
  if (!url) {
    const next = "Give an address with https, http or file; index-bindings of .thoth.yaml takes names.";
    throw bad("bad-index", `${index} is no address of an index.`, next);
  }
  if (url.username !== "" || url.password !== "") {
    const next = "Put the login into netrc or a keyring, and give the address without it.";
    throw bad(
      "login-in-policy",
      "The address has a login in it, which everybody who has the file could use.",
      next,
    );
  }
  return { kind: "bind", package: name, index };
}

function checkName(name: string, written = name): void {
  if (/^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/.test(name)) return;
  throw bad(
    "bad-name",
    `${written} is not the name of a package.`,
    "Write it as the index does, without a version.",
  );
}

async function acceptanceOf(
  context: OperationContext,
  { cwd }: ConfigInput,
  asked: Extract<AskedPolicyChange, { kind: "accept" }>,
  notes: string[],
): Promise<PolicyChange> {
  const { digest, reason, evidence } = asked;
  checkName(asked.package);
  const name = normalizeName(asked.package);
  if (reason.trim() === "") throw bad("no-reason", "An acceptance has a reason.", "Give it: --reason TEXT.");
  if (digest !== undefined && asked.version !== undefined)
    throw bad(
      "version-and-digest",
      "An acceptance is of a version or of a digest, not of both.",
      "Leave one out.",
    );
  if (digest !== undefined && !/^sha(?:256|384|512):[0-9a-f]+$/.test(digest))
    throw bad("bad-digest", `${digest} is no digest.`, "Write it like sha256:…, in lower case.");
  const version = digest === undefined ? (asked.version ?? (await pinnedHere(cwd, name))) : undefined;
  if (version !== undefined && !parseVersion(version))
    throw bad("bad-version", `${version} is no version.`, "Write one version, like 2.2.3.");
  const known = await advisoriesOf(context, name);
  const isAdvisory = isAdvisoryId(asked.finding, known);
  const advisory = isAdvisory ? lookUp(asked, version, known, notes, context.now()) : undefined;
  if (!isAdvisory) checkRule(asked.finding);
  const until = asked.until ?? new Date(context.now() + DAYS_ACCEPTED * DAY).toISOString().slice(0, 10);
  checkUntil(until, asked.finding, isAdvisory, advisory?.fixedIn ?? [], context.now());
  const acceptance: Acceptance = {
    ...(isAdvisory ? { advisory: asked.finding } : { rule: asked.finding }),
    package: asked.package,
    ...(version === undefined ? {} : { version }),
    ...(digest === undefined ? {} : { digest }),
    reason: reason.trim(),
    until,
    ...(evidence === undefined ? {} : { evidence }),
  };
  return { kind: "accept", acceptance };
}

/** The one version that the folder's manifests pin. */
async function pinnedHere(cwd: string, name: string): Promise<string> {
  const versions = new Set<string>();
  try {
    const { roots } = await new Loader(cwd).roots(["."]);
    for (const { manifest } of roots.flatMap(({ tree }) => filesOf(tree))) {
      for (const entry of manifest.entries) {
        if (entry.kind !== "requirement" || entry.normalizedName !== name) continue;
        versions.add(pinnedVersion(entry) ?? "");
      }
    }
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
  }
  versions.delete("");
  const [only, ...more] = versions;
  if (only !== undefined && more.length === 0) return only;
  const why =
    only === undefined
      ? `No manifest here pins ${name}: of which version is this accepted?`
      : `The manifests here pin ${name} to ${[...versions].join(" and ")}: of which is this accepted?`;
  throw bad("no-version", why, "Give it: --version VERSION, or --digest DIGEST.");
}

async function advisoriesOf(context: OperationContext, name: string) {
  return (await context.knowledge()).advisories.read([name])?.get(name);
}

type Known = Awaited<ReturnType<typeof advisoriesOf>>;

/** Public ids have a prefix and then a number, or GHSA's three groups; one that is stored may look as it likes. */
function isAdvisoryId(id: string, known: Known): boolean {
  if (Object.hasOwn(ruleCatalogue, id)) return false;
  if (/^[a-z]+-\d[\w.:-]*$|^GHSA(?:-[0-9a-z]{4}){3}$/i.test(id)) return true;
  const wanted = id.toLowerCase();
  return (known?.records ?? []).some(({ id: own, aliases }) =>
    [own, ...(aliases ?? [])].some((one) => one.toLowerCase() === wanted),
  );
}

function lookUp(
  { finding, package: written }: { readonly finding: string; readonly package: string },
  version: string | undefined,
  known: Known,
  notes: string[],
  now: number,
) {
  if (!known || version === undefined) return undefined;
  const wanted = finding.toLowerCase();
  const found = matchAdvisories(known.records, version, now).find(({ id, aliases }) =>
    [id, ...aliases].some((one) => one.toLowerCase() === wanted),
  );
  if (!found) notes.push(`The stored advisories hold no ${finding} against ${written} ${version}.`);
  return found;
}

function checkRule(rule: string): void {
  const described = Object.hasOwn(ruleCatalogue, rule) ? describeRule(rule) : undefined;
  if (described?.provenance || rule === "known-vulnerability") return;
  if (described) {
    const next = `Silence it on its line, # thoth: ignore[${rule}], or give it another severity: --rule ${rule}=off.`;
    throw bad("not-acceptable", `${rule} is no rule that a policy accepts.`, next);
  }
  const rules = Object.entries(ruleCatalogue).flatMap(([name, one]) =>
    "provenance" in one && one.provenance ? [name] : [],
  );
  const next = `Name an advisory, such as GHSA-m2qf-hxjv-5gpq, or one of ${["known-vulnerability", ...rules].sort().join(", ")}.`;
  throw bad("unknown-finding", `${rule} is neither an advisory nor a rule.`, next);
}

function checkUntil(
  until: string,
  finding: string,
  isAdvisory: boolean,
  fixedIn: readonly string[],
  now: number,
): void {
  if (until === "fixed") {
    const [fix] = fixedIn;
    if (!isAdvisory)
      throw bad(
        "bad-until",
        `Nothing fixes ${finding}: until which day is it accepted?`,
        "Give a day, like 2027-01-31.",
      );
    if (fix !== undefined)
      throw bad(
        "fixed-already",
        `${finding} is fixed in ${fix}: until fixed would be over at once.`,
        `Raise to ${fix}, or give a day.`,
      );
    return;
  }
  const end = /^\d{4}-\d{2}-\d{2}$/.test(until) ? Date.parse(`${until}T23:59:59Z`) : Number.NaN;
  if (Number.isNaN(end) || !new Date(end).toISOString().startsWith(until))
    throw bad("bad-until", `${until} is no day.`, "Write one like 2027-01-31, or fixed.");
  if (end < now)
    throw bad("bad-until", `${until} is over: nothing would be accepted.`, "Give a day that is to come.");
}

/** What a policy above would not hear is not written: it would look accepted and never be. */
async function refuseUnheard(
  context: OperationContext,
  { cwd, user }: ConfigInput,
  path: string,
  text: string,
): Promise<void> {
  const { layers } = await policyLayers(context, cwd);
  const level = user ? "user" : "workspace";
  const { configuration } = readConfiguration(text);
  const from = user ? path : nameFrom(path);
  const own: PolicyLayer[] = configuration?.policy ? [{ level, from, policy: configuration.policy }] : [];
  const others = layers.filter((one) => one.level !== level);
  const known = new Set(mergePolicies(layers).unheard);
  const unheard = mergePolicies([...others, ...own]).unheard.find((one) => !known.has(one));
  if (unheard !== undefined)
    throw bad(
      "not-heard",
      `${unheard} It would not be heard.`,
      "Have it changed where it was said; nothing was written.",
    );
}

function sentenceOf(change: PolicyChange): string {
  if (change.kind === "bind") return `${change.package} comes from ${change.index} alone.`;
  const { advisory, rule, package: name, version, digest, until } = change.acceptance;
  const of = `${name} ${version ?? `with ${digest}`}`;
  return `${advisory ?? rule} of ${of} is accepted until ${until === "fixed" ? "it is fixed" : until}.`;
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new OperationError(
      "unreadable",
      "unreadable",
      `cannot read ${path}: ${codeOf(error)}.`,
      "Check its permissions.",
    );
  }
}

function write(path: string, text: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeWhole(path, text);
  } catch (error) {
    throw bad("output-not-writable", `cannot write ${path}: ${whyNotWritten(error)}.`, "Check the folder.");
  }
}

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? String(error);
