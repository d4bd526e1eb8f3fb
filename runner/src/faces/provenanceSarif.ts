// SARIF 2.1.0 (OASIS) of a provenance run: findings with a fingerprint of their own; what was not checked keeps alerts open.
import { createHash } from "node:crypto";
import type { Answer } from "../../../shared/src/protocol/operation.ts";
import type { ProvenanceCheck, ProvenanceOutput } from "../../../shared/src/protocol/provenance.ts";
import { describeRule } from "../../../shared/src/rules/catalogue.ts";
import { location, ruleDescriptor, SARIF_LEVELS, sarifLog } from "./sarif.ts";

interface Placed {
  readonly path: string;
  readonly range: { start: { line: number; character: number }; end: { line: number; character: number } };
  readonly package?: string;
  readonly version?: string | undefined;
  readonly check: ProvenanceCheck;
}

const START = { start: { line: 0, character: 0 }, end: { line: 0, character: 0 } };

/** The log of one run as SARIF text. */
export function provenanceSarif({ result, notChecked }: Answer<ProvenanceOutput>, version: string): string {
  const placed = placedChecks(result);
  const told = placed.filter(({ check }) => check.state === "failed" && check.severity && !check.inherited);
  const used = [...new Set(told.map(({ check }) => check.rule))].sort();
  const seen = new Map<string, number>();
  return sarifLog({
    version,
    rules: used.map((rule) => ({
      ...ruleDescriptor(rule),
      properties: { aliases: describeRule(rule)?.aliases ?? [] },
    })),
    results: told.map((one) => tellResult(one, used.indexOf(one.check.rule), seen)),
    notChecked,
    properties: { requests: result.requests },
  });
}

function placedChecks({ files, packages }: ProvenanceOutput): Placed[] {
  const path = files[0]?.path ?? "";
  return [
    ...files.flatMap((file) =>
      file.checks.map((check) => ({ path: file.path, range: check.range ?? START, check })),
    ),
    ...packages.flatMap((one) =>
      one.checks.flatMap((check) => {
        const [place] = one.places;
        return [
          {
            path: place?.path ?? path,
            range: place?.range ?? START,
            package: one.name,
            version: one.version,
            check,
          },
        ];
      }),
    ),
  ];
}

function tellResult(one: Placed, ruleIndex: number, seen: Map<string, number>) {
  const { check, path, range } = one;
  // A version that moves keeps its alert: the fault is of the package in this file.
  const same = [check.rule, path, one.package ?? check.message, ...(check.labels ?? [])].join("\n");
  const nth = seen.get(same) ?? 0;
  seen.set(same, nth + 1);
  const evidence = check.evidence.map(({ source, says, time, freshness }) => ({
    source,
    freshness,
    ...(says ? { says } : {}),
    ...(time ? { time } : {}),
  }));
  return {
    ruleId: check.rule,
    ruleIndex,
    level: SARIF_LEVELS[check.severity!],
    message: { text: check.next ? `${check.message} ${check.next}` : check.message },
    locations: [location(path, range)],
    partialFingerprints: {
      "thothProvenance/v1": createHash("sha256").update(`${same}\n${nth}`).digest("hex"),
    },
    properties: {
      ...(one.package ? { package: one.package } : {}),
      ...(one.version ? { version: one.version } : {}),
      ...(check.artifact ? { artifact: check.artifact } : {}),
      ...(check.aliases ? { aliases: check.aliases } : {}),
      evidence,
    },
    // What a person has accepted stays an alert that is closed, with the reason.
    ...(check.accepted
      ? { suppressions: [{ kind: "external", status: "accepted", justification: check.accepted.reason }] }
      : {}),
  };
}
