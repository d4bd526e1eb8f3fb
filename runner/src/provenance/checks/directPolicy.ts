// Check 2 of what comes from an address of its own: a direct reference, and the files that a lock names by address (PEP 751).
import { bindingOf, indexKey, type MergedPolicy } from "../../../../shared/src/policy/index.ts";
import type { CheckDraft, EvidenceDraft, Subject, SubjectView } from "../model.ts";
import { holdsLogin, isThisMachine, labelOf } from "./addresses.ts";

const RULE = "index-policy";
/** Connections that anybody on the way can change. */
const OPEN = /^(?:http|static-http|git|svn|ftp):$/;
/** `git@example.com:team/project.git`, which is ssh. */
const SCP_LIKE = /^[\w.-]+@[\w.-]+:(?!\/\/)/;

type Fault = Omit<CheckDraft, "rule" | "state" | "evidence">;

/** A direct reference has no index: its address is held against the policy, and its connection is looked at. */
export function checkDirectReference({ subject }: SubjectView, policy: MergedPolicy): CheckDraft[] {
  const address = (subject.address ?? "").replace(/^(?:git|hg|svn|bzr)\+/i, "");
  const url = URL.parse(address);
  const evidence: EvidenceDraft[] = [
    {
      source: "the text",
      freshness: "fresh",
      says: url?.host || (SCP_LIKE.test(address) ? "ssh" : "a path"),
    },
  ];
  const faults =
    url && url.protocol !== "file:"
      ? [...forbidden(subject, url, policy), ...loose(subject, address, url)]
      : [];
  if (faults.length > 0) return faults.map((fault) => ({ rule: RULE, state: "failed", ...fault, evidence }));
  const isFar = SCP_LIKE.test(address) || (url !== null && url.protocol !== "file:");
  return [
    {
      rule: RULE,
      state: isFar ? "passed" : "not-applicable",
      message: isFar
        ? `${subject.written} comes over a safe connection.`
        : `${subject.written} is on this machine.`,
      evidence,
    },
  ];
}

/** What the policy says of where the package is to come from: addresses below one that it names are of that. */
function forbidden({ name, written }: Subject, url: URL, { indexes, bindings }: MergedPolicy): Fault[] {
  const key = indexKey(url.href);
  const isBelow = (allowed: string): boolean =>
    key === indexKey(allowed) || key.startsWith(`${indexKey(allowed)}/`);
  const binding = bindingOf(bindings, name);
  const common = { severity: "error", isForbidden: true, aliases: ["SOURCE-NOT-WHITELISTED"] } as const;
  if (binding && !isBelow(binding.url)) {
    return [
      {
        ...common,
        message: `${written} comes from ${url.host}; ${binding.from} binds it to ${labelOf(binding)}.`,
        next: "Take it from that index.",
        labels: ["binding"],
      },
    ];
  }
  if (!binding && indexes && !indexes.urls.some(isBelow)) {
    return [
      {
        ...common,
        message: `${written} comes from ${url.host}, which is none of the addresses that ${indexes.from} allows.`,
        next: "Take it from an index that is allowed, or have its address allowed.",
      },
    ];
  }
  return [];
}

/** What is wrong with the connection, and with the address as it is written. */
function loose(subject: Subject, address: string, url: URL): Fault[] {
  const { written, digests } = subject;
  const faults: Fault[] = [];
  if (OPEN.test(url.protocol) && !isThisMachine(url)) {
    const isHeld = digests.length > 0;
    faults.push({
      message: `${written} comes over a connection that anybody on the way can change${isHeld ? "; its digest holds it" : ""}.`,
      next: "Use https.",
      ...(isHeld ? { severity: "information" as const } : {}),
      aliases: ["INSECURE-SOURCE"],
    });
  }
  if (holdsLogin(address)) {
    faults.push({
      message: `The address of ${written} is written with its login.`,
      next: "Put the login into netrc, a keyring or a variable.",
    });
  }
  return faults;
}

/** The addresses at which a lock says its files are, whatever its index says. */
export function checkLockedAddresses({ subject }: SubjectView): CheckDraft[] {
  return subject.lockedFiles.flatMap(({ filename, url: address = "", digests }) => {
    const url = URL.parse(address);
    if (!url) return [];
    const evidence: EvidenceDraft[] = [{ source: "the text", freshness: "fresh", says: url.host }];
    return loose({ ...subject, written: filename, digests }, address, url).map((fault) => ({
      rule: RULE,
      state: "failed" as const,
      artifact: filename,
      ...fault,
      evidence,
    }));
  });
}
