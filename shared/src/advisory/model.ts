// Advisories as plain data: what is known against releases of one project, in a compact form that crosses the protocol.

/** From which severity on an advisory counts. */
export type AdvisoryThreshold = "low" | "medium" | "high" | "critical";

/** How grave, by CVSS; `unknown` where nothing says, or what says it is broken. It never falls below a threshold. */
export type AdvisorySeverity = "none" | "low" | "medium" | "high" | "critical" | "unknown";

/** One step of a range: from here on affected, or no longer (OSV, `affected[].ranges[].events`). */
export type RangeEvent = readonly [kind: "introduced" | "fixed" | "last_affected" | "limit", version: string];

/** What one record says of one project. */
export interface AdvisoryRecord {
  readonly id: string;
  /** Other names of the same thing. */
  readonly aliases?: readonly string[];
  /** One line, from a stranger: control characters are taken out where it is shown. */
  readonly summary?: string;
  readonly severity: AdvisorySeverity;
  /** The CVSS base score behind the severity. */
  readonly score?: number;
  /** The release itself is the attack, rather than has a fault. */
  readonly malicious?: true;
  /** Milliseconds since the epoch. */
  readonly modified?: number;
  readonly published?: number;
  /** From then on the record says nothing any more. */
  readonly withdrawn?: number;
  /** Of type ECOSYSTEM, events in the order of the record. */
  readonly ranges?: readonly (readonly RangeEvent[])[];
  /** Affected versions that no range covers, as written. */
  readonly versions?: readonly string[];
}

/** What is kept against one project, with its source and age. Empty `records`: looked for, nothing is known. */
export interface ProjectAdvisories {
  readonly records: readonly AdvisoryRecord[];
  /** Where the records come from, credentials removed. */
  readonly source: string;
  /** Milliseconds since the epoch: when the newest of the records was made. The data says nothing of what came later. */
  readonly asOf: number;
}

/** One thing known against one version: records of the same thing are one. */
export interface AdvisoryMatch {
  readonly id: string;
  /** Every other name, those of merged records included. */
  readonly aliases: readonly string[];
  readonly severity: AdvisorySeverity;
  readonly score?: number;
  readonly malicious: boolean;
  readonly summary?: string;
  /** Versions above the affected one at which it is fixed, lowest first. */
  readonly fixedIn: readonly string[];
}
