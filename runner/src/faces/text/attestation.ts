// The text form of `attestation`: one artifact a block, its verdict first, then who signed what and when.
import type {
  AttestationOutput,
  AttestationVerdictOutput,
} from "../../../../shared/src/protocol/attestation.ts";
import type { Answer } from "../../../../shared/src/protocol/operation.ts";
import { escapeControls, type Terminal } from "../terminal.ts";
import { count } from "./words.ts";

const WORDS = {
  passed: "verified",
  failed: "refused",
  "not-checked": "not checked",
  absent: "not attested",
} as const;
const COLOURS = { passed: "green", failed: "red", "not-checked": "yellow", absent: "yellow" } as const;

export function attestationText(
  { result }: Answer<AttestationOutput>,
  terminal: Terminal,
  { verbose }: { readonly verbose: boolean },
): string {
  const { artifacts, trust } = result;
  const lines = artifacts.flatMap(({ path, state, attestations }) => [
    `${terminal.style("bold", escapeControls(path.replace(/^.*[\\/]/, "")))}: ${terminal.style(COLOURS[state], WORDS[state])}`,
    ...attestations.flatMap((one) => verdictLines(one, verbose)),
  ]);
  const states = (["passed", "failed", "not-checked", "absent"] as const)
    .map((state) => [artifacts.filter((one) => one.state === state).length, WORDS[state]] as const)
    .filter(([number]) => number > 0)
    .map(([number, word]) => `${number} ${word}`);
  const isOpen = artifacts.some(({ attestations }) =>
    attestations.some(({ expectedBy }) => expectedBy === "nothing"),
  );
  const warning = isOpen ? " Valid is not trusted: look at who signed." : "";
  const verdict = `${count(artifacts.length, "artifact")}: ${states.join(", ")}.${warning}`;
  return `${[...lines, "", verdict, escapeControls(trust.message)].join("\n")}\n`;
}

function verdictLines(verdict: AttestationVerdictOutput, verbose: boolean): string[] {
  const { file, message, detail, identity, predicateType } = verdict;
  const lines = [`  ${escapeControls(file.replace(/^.*[\\/]/, ""))}: ${escapeControls(message)}`];
  const say = (what: string, text: string | undefined): void => {
    if (text !== undefined) lines.push(`    ${what.padEnd(9)} ${escapeControls(text)}`);
  };
  if (identity) {
    const { signedAt, commit, issuer, san } = identity;
    say("signer", san);
    if (signedAt !== undefined) say("signed", new Date(signedAt).toISOString().replace(/\.\d+Z$/, "Z"));
    say("commit", commit);
    if (verbose) {
      say("issuer", issuer);
      say("repo id", identity.repositoryId);
      say("owner id", identity.ownerId);
      say("run", identity.run);
      say("says", predicateType);
    }
  }
  if (verbose) say("because", detail);
  return lines;
}
