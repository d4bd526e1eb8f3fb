// What `check` and `provenance` put into a bill of materials, each from its own answer.
import type { BillAdvisory } from "../../../shared/src/protocol/bill.ts";
import type { CheckOutput } from "../../../shared/src/protocol/check.ts";
import type { Answer } from "../../../shared/src/protocol/operation.ts";
import type { PackageProvenance, ProvenanceOutput } from "../../../shared/src/protocol/provenance.ts";
import type { Bill, ListedPackage } from "./cyclonedx.ts";

/** The packages of a check, with its findings. */
export function billOfCheck({ result, notChecked }: Answer<CheckOutput>): Bill {
  const findings = result.files.flatMap((file) => file.findings);
  return {
    madeBy: "thoth check",
    paths: result.files.map(({ path }) => path),
    packages: (result.bill ?? []).map((one) => ({
      ...one,
      properties: findings
        .filter((finding) => finding.package === one.name)
        .map(({ rule, severity, message }) => [`finding:${rule}`, `${severity}: ${message}`]),
    })),
    notChecked,
    properties: result.checked === undefined ? [] : [["checked", result.checked]],
  };
}

/** The packages of a provenance run, with every check. */
export function billOfProvenance({ result, notChecked }: Answer<ProvenanceOutput>): Bill {
  return {
    madeBy: "thoth provenance",
    paths: result.files.map(({ path }) => path),
    packages: result.packages.map(listed),
    notChecked,
    properties: result.basis.map(({ what, time, says }) => [
      `basis:${what.replace(/\s+/g, "-")}`,
      time ? `${says} (${time})` : says,
    ]),
  };
}

function listed(one: PackageProvenance): ListedPackage {
  const { name, version, assumed, indexes, dependsOn, signer, checks } = one;
  const advisories = new Map<string, BillAdvisory>(
    checks.flatMap((check) => (check.advisories ?? []).map((advisory) => [advisory.id, advisory])),
  );
  return {
    name,
    ...(version === undefined ? {} : { version }),
    ...(assumed ? { assumed } : {}),
    from: "index",
    indexes,
    artifacts: one.artifacts.flatMap(({ filename, index, digests }) =>
      index === undefined ? [] : [{ filename, url: index, digests }],
    ),
    ...(dependsOn ? { dependsOn } : {}),
    advisories: [...advisories.values()],
    properties: [
      ...checks.map(
        ({ rule, state, artifact, message }) =>
          [`check:${rule}`, `${state}${artifact ? ` ${artifact}` : ""}: ${message}`] as const,
      ),
      ...(signer
        ? ([
            ["signed-by", signer.commit ? `${signer.name} at ${signer.commit}` : signer.name],
            ["signer-expected-by", signer.expectedBy],
          ] as const)
        : []),
    ],
  };
}
