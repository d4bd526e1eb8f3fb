// The provenance lines of a hover: who built it, from what, expected by what, checked when; and what could not be checked.
import type { PackageProvenance, ProvenanceCheck } from "../../../shared/src/facts/provenance.ts";
import type { RequirementEntry } from "../../../shared/src/manifest/model.ts";
import { provenanceOf } from "../../../shared/src/rules/index.ts";
import { sayAge } from "../../../shared/src/rules/words.ts";
import { say } from "../l10n.ts";
import { code, plain } from "../markdown.ts";
import type { View } from "../model.ts";

/** What there is to say of where the entry's package comes from; empty where nothing was asked. */
export function provenanceLines(view: View, entry: RequirementEntry): string[] {
  const { provenance, now } = view.snapshot;
  const one = provenanceOf(provenance, entry);
  if (!provenance) return [];
  if (!one) {
    return provenance.failure ? [say("Provenance not checked: {0}", plain(provenance.failure, 200))] : [];
  }
  const age = say("checked {0}", sayAge(provenance.checked, now));
  return [signerLine(one, age), notCheckedLine(one)].filter(Boolean);
}

/** "From pallets/flask, publish.yaml, attested" is said only of what somebody expected: valid is not trusted. */
function signerLine(one: PackageProvenance, age: string): string {
  const check = one.checks.find(({ rule }) => rule === "attestation");
  const { signer } = one;
  if (signer) {
    const commit = signer.commit ? ` ${say("at {0}", code(signer.commit.slice(0, 10)))}` : "";
    const built = signer.time ? ` ${say("on {0}", signer.time.slice(0, 10))}` : "";
    if (signer.expectedBy === "nothing") {
      return `${say("Signed by {0}", plain(signer.name))}${commit}${built}; ${say("nothing expects it")} · ${age}`;
    }
    const expected = say("as the {0} expects", signer.expectedBy);
    return `${say("From {0}, attested", plain(signer.name))}${commit}${built}, ${expected} · ${age}`;
  }
  if (check?.state !== "absent") return "";
  // An index that names none at all may only not know how to.
  const isListed = !check.labels?.includes("not-listed");
  return `${isListed ? say("No attestation was published") : say("Its index lists no attestation")} · ${age}`;
}

/**
 * What could not be checked is said, by what stands in the way: the checks that the first reason stops, and how many others. That
 * no advisories are stored is the same for every line, and the lens says it once; that an index lists no attestation is said above.
 */
function notCheckedLine(one: PackageProvenance): string {
  const open = one.checks
    .filter((check) => check.state === "not-checked" && !check.unasked && !isForWantOfAdvisories(check))
    .filter((check) => !isForWantOfAttestation(check, one))
    .sort((a, b) => Number(b.required ?? false) - Number(a.required ?? false));
  const [first] = open;
  if (first === undefined) return "";
  const reason = reasonOf(first, one);
  const rulesOf = (checks: readonly ProvenanceCheck[]) => [...new Set(checks.map(({ rule }) => rule))];
  const same = rulesOf(open.filter((check) => reasonOf(check, one) === reason));
  const others = rulesOf(open).length - same.length;
  const more = others > 0 ? ` ${say("and {0} more", others)}` : "";
  const why = plain(reason.replace(/\.$/, ""), 200);
  return say("Not checked: {0}: {1}", `${plain(same.join(", "))}${more}`, why);
}

function isForWantOfAttestation({ rule, required }: ProvenanceCheck, { checks }: PackageProvenance): boolean {
  const attestation = checks.find((check) => check.rule === "attestation");
  return rule === "publisher-continuity" && !required && attestation?.state === "absent";
}

function isForWantOfAdvisories({ rule, message }: ProvenanceCheck): boolean {
  return rule === "known-vulnerability" || message.includes("knowledge update advisories");
}

function reasonOf(check: ProvenanceCheck, one: PackageProvenance): string {
  const name = one.version === undefined ? one.name : `${one.name} ${one.version}`;
  const [head = "", ...rest] = check.message.split(": ");
  return rest.length > 0 &&
    head
      .toLowerCase()
      .replace(/[-_.]+/g, "-")
      .startsWith(name.split(" ")[0]!)
    ? rest.join(": ")
    : check.message;
}
