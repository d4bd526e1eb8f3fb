// How grave an advisory is, from its CVSS vectors. A vector counts only when it is whole: the calculator scores half of one as 0.
import type { AdvisorySeverity } from "../../../shared/src/advisory/index.ts";

export interface Rating {
  readonly severity: AdvisorySeverity;
  /** CVSS base score. */
  readonly score?: number;
}

export const UNKNOWN: Rating = { severity: "unknown" };

interface VectorForm {
  readonly prefix: string;
  /** Base metrics in the order of their standard, each with the values it may have. */
  readonly base: Metrics;
  /** Threat, temporal, environmental and supplemental metrics: they move no base score, and a false one tells a broken vector. */
  readonly others: Metrics;
}

type Metrics = ReadonlyMap<string, ReadonlySet<string>>;

/** `AV:N,A C:L,H` as metrics with their values. */
const metrics = (text: string): Metrics =>
  new Map(
    text.split(" ").map((one) => {
      const [name = "", values = ""] = one.split(":");
      return [name, new Set(values.split(","))];
    }),
  );

const V3_BASE = metrics("AV:N,A,L,P AC:L,H PR:N,L,H UI:N,R S:U,C C:N,L,H I:N,L,H A:N,L,H");
const V3_OTHERS = metrics(
  "E:X,U,P,F,H RL:X,O,T,W,U RC:X,U,R,C CR:X,L,M,H IR:X,L,M,H AR:X,L,M,H MAV:X,N,A,L,P MAC:X,L,H " +
    "MPR:X,N,L,H MUI:X,N,R MS:X,U,C MC:X,N,L,H MI:X,N,L,H MA:X,N,L,H",
);

const FORMS: readonly VectorForm[] = [
  { prefix: "CVSS:3.0/", base: V3_BASE, others: V3_OTHERS },
  { prefix: "CVSS:3.1/", base: V3_BASE, others: V3_OTHERS },
  {
    prefix: "CVSS:4.0/",
    base: metrics(
      "AV:N,A,L,P AC:L,H AT:N,P PR:N,L,H UI:N,P,A VC:H,L,N VI:H,L,N VA:H,L,N SC:H,L,N SI:H,L,N SA:H,L,N",
    ),
    others: metrics(
      "E:X,A,P,U CR:X,H,M,L IR:X,H,M,L AR:X,H,M,L MAV:X,N,A,L,P MAC:X,L,H MAT:X,N,P MPR:X,N,L,H MUI:X,N,P,A " +
        "MVC:X,H,L,N MVI:X,H,L,N MVA:X,H,L,N MSC:X,H,L,N MSI:X,S,H,L,N MSA:X,S,H,L,N S:X,N,P AU:X,N,Y R:X,A,U,I " +
        "V:X,D,C RE:X,L,M,H U:X,Clear,Green,Amber,Red",
    ),
  },
  // CVSS 2 has no prefix of its own.
  {
    prefix: "",
    base: metrics("AV:L,A,N AC:H,M,L Au:M,S,N C:N,P,C I:N,P,C A:N,P,C"),
    others: metrics(
      "E:ND,U,POC,F,H RL:ND,OF,TF,W,U RC:ND,UC,UR,C CDP:ND,N,L,LM,MH,H TD:ND,N,L,M,H CR:ND,L,M,H IR:ND,L,M,H AR:ND,L,M,H",
    ),
  },
];

/** The base vector of a whole one, in the order of the standard; undefined of one that is broken or lacks a base metric. */
export function baseVectorOf(vector: string): string | undefined {
  const text = vector.trim().replace(/^\((.*)\)$/, "$1");
  if (text.length > 400) return undefined;
  const form = FORMS.find(({ prefix }) => text.startsWith(prefix))!;
  const given = new Map<string, string>();
  for (const part of text.slice(form.prefix.length).split("/")) {
    const [key = "", value = "", ...more] = part.split(":");
    const values = form.base.get(key) ?? form.others.get(key);
    if (!values?.has(value) || more.length > 0 || given.has(key)) return undefined;
    given.set(key, value);
  }
  const keys = [...form.base.keys()];
  if (!keys.every((key) => given.has(key))) return undefined;
  return form.prefix + keys.map((key) => `${key}:${given.get(key)}`).join("/");
}

/** Rates vectors. Loads the calculator, so it is made only where advisories are read in. */
export async function createRater(): Promise<(vectors: readonly string[]) => Rating> {
  const { fromVector } = (await import("ae-cvss-calculator")).default;
  const known = new Map<string, Rating>();
  const rate = (vector: string): Rating => {
    const base = baseVectorOf(vector);
    if (base === undefined) return UNKNOWN;
    const cvss = fromVector(base);
    if (!cvss?.isBaseFullyDefined()) return UNKNOWN;
    // The calculator knows a negative zero.
    const score = cvss.calculateScores().overall + 0;
    return Number.isFinite(score) ? { severity: severityOf(score, base.startsWith("AV:")), score } : UNKNOWN;
  };
  return (vectors) => {
    const ratings = vectors.map((vector) => {
      let rating = known.get(vector);
      if (!rating) {
        rating = rate(vector);
        if (known.size < 50_000) known.set(vector, rating);
      }
      return rating;
    });
    const rated = ratings.filter(({ score }) => score !== undefined);
    return rated.sort((a, b) => b.score! - a.score!)[0] ?? UNKNOWN;
  };
}

/** The qualitative rating of a base score: the scale of CVSS 3 and 4, or NVD's for CVSS 2, which has no critical. */
function severityOf(score: number, isV2: boolean): AdvisorySeverity {
  if (score >= 9 && !isV2) return "critical";
  if (score >= 7) return "high";
  if (score >= 4) return "medium";
  return score > 0 || isV2 ? "low" : "none";
}

/** What a database rates in a word of its own, where it gives no vector. */
export function ratingOfWord(word: unknown): Rating {
  const text = typeof word === "string" ? word.toLowerCase() : "";
  if (text === "moderate") return { severity: "medium" };
  return text === "low" || text === "medium" || text === "high" || text === "critical"
    ? { severity: text }
    : UNKNOWN;
}
