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
  readonly base: Readonly<Record<string, string>>;
  readonly others: ReadonlySet<string>;
}

const words = (text: string): ReadonlySet<string> => new Set(text.split(" "));
const V3_BASE = { AV: "NALP", AC: "LH", PR: "NLH", UI: "NR", S: "UC", C: "NLH", I: "NLH", A: "NLH" };
const V3_OTHERS = words("E RL RC CR IR AR MAV MAC MPR MUI MS MC MI MA");

const FORMS: readonly VectorForm[] = [
  { prefix: "CVSS:3.0/", base: V3_BASE, others: V3_OTHERS },
  { prefix: "CVSS:3.1/", base: V3_BASE, others: V3_OTHERS },
  {
    prefix: "CVSS:4.0/",
    base: {
      AV: "NALP",
      AC: "LH",
      AT: "NP",
      PR: "NLH",
      UI: "NPA",
      VC: "HLN",
      VI: "HLN",
      VA: "HLN",
      SC: "HLN",
      SI: "HLN",
      SA: "HLN",
    },
    others: words("E CR IR AR MAV MAC MAT MPR MUI MVC MVI MVA MSC MSI MSA S AU R V RE U"),
  },
  // CVSS 2 has no prefix of its own.
  {
    prefix: "",
    base: { AV: "LAN", AC: "HML", Au: "MSN", C: "NPC", I: "NPC", A: "NPC" },
    others: words("E RL RC CDP TD CR IR AR"),
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
    const isKnown = Object.hasOwn(form.base, key) ? form.base[key]!.includes(value) : form.others.has(key);
    if (!isKnown || value === "" || more.length > 0 || given.has(key)) return undefined;
    if (Object.hasOwn(form.base, key) && value.length !== 1) return undefined;
    given.set(key, value);
  }
  const keys = Object.keys(form.base);
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
    const score = cvss.calculateScores().overall;
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
