// Check 2: may packages come from this index, and can anybody on the way change what comes?
import { bindingOf, indexKey, type MergedPolicy } from "../../../../shared/src/policy/index.ts";
import type { IndexLocation, IndexSettings, ProjectPage } from "../../index/index.ts";
import {
  type CheckDraft,
  type EvidenceDraft,
  type IndexView,
  pageEvidence,
  type SubjectView,
} from "../model.ts";
import { admittedViews, boundViews, isHeldTo } from "../view.ts";
import { holdsLogin, isThisMachine, labelOf } from "./addresses.ts";
import { checkDirectReference, checkLockedAddresses } from "./directPolicy.ts";

const RULE = "index-policy";

/** What is wrong with an index, in the order of its weight. */
interface Fault {
  readonly message: string;
  readonly next: string;
  readonly severity?: "error" | "warning" | "information";
  readonly alias?: string;
  readonly isForbidden?: boolean;
  readonly says: string;
}

/** How an index is asked, as far as the manifest and pip's configuration say. */
export interface IndexUse {
  readonly location: IndexLocation;
  readonly label: string;
  /** As written in the manifest, logins included: only looked at, never shown. */
  readonly written?: string | undefined;
  readonly verifiesCertificate: boolean;
  readonly hasLogin: boolean;
}

/** How each index of the settings is used. `written` are the addresses in the manifest's own text. */
export function usesOf(settings: IndexSettings, written: readonly string[]): IndexUse[] {
  return [...settings.indexes, ...settings.findLinks].map((location) => {
    const url = URL.parse(location.url);
    const isTrusted = url !== null && isTrustedHost(url, settings.trustedHosts);
    return {
      location,
      label: labelOf(location),
      written: written.find((text) => indexKey(text) === indexKey(location.url)),
      verifiesCertificate: !isTrusted,
      hasLogin: url !== null && settings.secrets.authorization(url) !== undefined,
    };
  });
}

function isTrustedHost(url: URL, hosts: readonly string[]): boolean {
  return hosts.some((entry) => {
    const [, host = "", port] = /^(?:\w+:\/\/)?(\[[^\]]*\]|[^:/]*)(?::(\d+))?/.exec(entry) ?? [];
    if (host.toLowerCase() !== url.hostname.toLowerCase()) return false;
    return port === undefined || port === (url.port || (url.protocol === "https:" ? "443" : "80"));
  });
}

/** One result per index: what is wrong with it, or that nothing is. */
export function checkIndexUse(use: IndexUse, policy: MergedPolicy): CheckDraft[] {
  const faults = faultsOf(use, policy);
  const evidence = (says?: string): EvidenceDraft[] => [
    { source: use.location.origin.where, freshness: "fresh", says: says ?? use.label },
  ];
  if (faults.length === 0)
    return [{ rule: RULE, state: "passed", message: `${use.label} may be used.`, evidence: evidence() }];
  return faults.map((fault) => ({
    rule: RULE,
    state: "failed",
    message: fault.message,
    next: fault.next,
    ...(fault.severity ? { severity: fault.severity } : {}),
    ...(fault.alias ? { aliases: [fault.alias] } : {}),
    ...(fault.alias === "INSECURE-SOURCE" ? { labels: ["insecure"] } : {}),
    ...(fault.isForbidden ? { isForbidden: true } : {}),
    evidence: evidence(fault.says),
  }));
}

function faultsOf(use: IndexUse, policy: MergedPolicy): Fault[] {
  const { location, label } = use;
  const url = URL.parse(location.url);
  const faults: Fault[] = [];
  if (!url) return faults;
  if (policy.indexes && !policy.indexes.urls.includes(indexKey(location.url))) {
    faults.push({
      message: `${label} is none of the indexes that ${policy.indexes.from} allows.`,
      next: "Remove it, or have it allowed.",
      severity: "error",
      isForbidden: true,
      alias: "SOURCE-NOT-WHITELISTED",
      says: `allowed: ${policy.indexes.urls.map((allowed) => labelOf({ url: allowed })).join(", ") || "none"}`,
    });
  }
  if (url.protocol === "http:" && !isThisMachine(url)) {
    faults.push({
      message: `${label} is plain http: anybody on the way can change what comes.`,
      next: "Use https.",
      alias: "INSECURE-SOURCE",
      says: "http",
    });
  }
  if (!use.verifiesCertificate && url.protocol !== "http:" && !isThisMachine(url)) {
    faults.push({
      message: `${label} is not asked for a valid certificate (trusted-host, or verify_ssl = false).`,
      next: "Remove the option, or set pip's cert option to the authority that signed it.",
      alias: "INSECURE-SOURCE",
      says: "certificate not looked at",
    });
  }
  if (use.written !== undefined && holdsLogin(use.written)) {
    faults.push({
      message: `${label} is written with its login, which everybody who has the file can use.`,
      next: "Put the login into netrc, a keyring or a variable.",
      says: "a login in the address",
    });
  }
  if (location.kind === "find-links" && url.protocol !== "file:") {
    faults.push({
      message: `${label} is a page of loose files, which any installer takes as if they were of an index.`,
      next: "Use an index, or hold the files to digests.",
      severity: "information",
      says: "find-links",
    });
  }
  return faults;
}

/** What the pages and the policy say of one package's index. What is the index's own fault is told once, with the index. */
export function checkIndexPolicy(
  view: SubjectView,
  uses: readonly IndexUse[],
  policy: MergedPolicy,
): CheckDraft[] {
  const { subject } = view;
  if (subject.from !== "index") return checkDirectReference(view, policy);
  const results: CheckDraft[] = [
    ...checkLockedAddresses(view),
    ...admittedViews(view).flatMap((one) => checkBinding(view, one, policy)),
  ];
  for (const bound of boundViews(view)) {
    const use = uses.find(({ location }) => location.url === bound.location.url);
    if (use)
      results.push(
        ...checkIndexUse(use, policy)
          .filter(({ state }) => state === "failed")
          .map((one) => ({ ...one, inherited: true })),
      );
    const { answer } = bound;
    if (answer.state === "page") results.push(...checkPage(view, bound, answer.page, use));
    else if (answer.state === "failed" && answer.failure.code === "redirect-refused") {
      results.push({
        rule: RULE,
        state: "failed",
        message: `${bound.label} leads from https to plain http for ${subject.written}.`,
        next: "Use the https address of the index.",
        aliases: ["INSECURE-SOURCE"],
        evidence: [pageEvidence(bound)],
      });
    }
  }
  if (results.length > 0) return results;
  const bound = boundViews(view);
  const silent = bound.filter(({ answer }) => answer.state === "failed" || answer.state === "unasked");
  if (bound.length === 0 || silent.length === bound.length) {
    return [
      {
        rule: RULE,
        state: "not-checked",
        message: `The pages of ${subject.written} could not be looked at; what its index is allows it.`,
        evidence: silent.map((one) => pageEvidence(one)),
      },
    ];
  }
  return [
    {
      rule: RULE,
      state: "passed",
      message: `${subject.written} comes from ${bound.map(({ label }) => label).join(" or ")}, which may be used.`,
      evidence: bound.map((one) => pageEvidence(one)),
    },
  ];
}

function checkBinding(view: SubjectView, admitted: IndexView, policy: MergedPolicy): CheckDraft[] {
  const binding = bindingOf(policy.bindings, view.subject.name);
  if (!binding || indexKey(binding.url) === indexKey(admitted.location.url)) return [];
  if (isHeldTo(view, binding.url)) return [];
  return [
    {
      rule: RULE,
      state: "failed",
      severity: "error",
      isForbidden: true,
      message: `${view.subject.written} may come from ${admitted.label}; ${binding.from} binds it to ${labelOf(binding)}.`,
      next: "Name that index for it in the manifest, or give its line the hashes of the files there: pip then takes no other.",
      aliases: ["SOURCE-NOT-WHITELISTED"],
      labels: ["binding"],
      evidence: [
        { source: binding.from, freshness: "fresh", says: `${binding.pattern}: ${labelOf(binding)}` },
      ],
    },
  ];
}

function checkPage(
  view: SubjectView,
  bound: IndexView,
  page: ProjectPage,
  use: IndexUse | undefined,
): CheckDraft[] {
  const results: CheckDraft[] = [];
  const index = URL.parse(bound.location.url);
  const add = (message: string, next: string, severity: Fault["severity"], says: string, alias?: string) =>
    results.push({
      rule: RULE,
      state: "failed",
      message,
      next,
      ...(severity ? { severity } : {}),
      ...(alias ? { aliases: [alias] } : {}),
      evidence: [pageEvidence(bound, says)],
    });
  const answered = page.answeredBy === undefined ? null : URL.parse(page.answeredBy);
  if (answered) {
    add(
      `${bound.label} hands the page of ${view.subject.written} over to ${answered.host}.`,
      "Name the index that answers.",
      "information",
      `redirected to ${answered.origin}`,
    );
  }
  const files = view.selected.length > 0 ? view.selected : view.located;
  for (const { file, view: from } of files) {
    if (from !== bound) continue;
    const url = URL.parse(file.url);
    if (!url || !index || url.protocol !== "http:" || isThisMachine(url)) continue;
    const isHeld = Object.keys(file.hashes).length > 0 && view.subject.digests.length > 0;
    if (use?.hasLogin && url.hostname === index.hostname && index.protocol === "https:") {
      add(
        `${file.filename} is on plain http at the index's host: pip would send the login over it.`,
        "Do not use the index before it is mended.",
        "warning",
        "a login would be sent in the clear",
        "INSECURE-SOURCE",
      );
    } else if (index.protocol === "https:") {
      add(
        `${file.filename} is on plain http although ${bound.label} is not.`,
        isHeld ? "Tell the keepers of the index; the digest still holds it." : "Hold it to a digest.",
        isHeld ? "information" : "warning",
        `at ${url.origin}`,
        "INSECURE-SOURCE",
      );
    }
  }
  const loose = files.find(({ file, view: from }) => {
    const origin = URL.parse(file.url)?.origin;
    return (
      from === bound &&
      index?.protocol !== "file:" &&
      origin !== undefined &&
      origin !== index?.origin &&
      Object.keys(file.hashes).length === 0 &&
      view.subject.digests.length === 0
    );
  });
  if (loose) {
    add(
      `${loose.file.filename} is on another origin than ${bound.label}, and no digest holds it.`,
      "Hold it to a digest.",
      "information",
      `at ${URL.parse(loose.file.url)?.origin}`,
    );
  }
  return results;
}
