// Check 10: is the name one slip away from an established one? Slips are named; there is no distance and no prefix in it.
import { normalizeName } from "../../../../shared/src/packaging/name.ts";
import { matchesName } from "../../../../shared/src/policy/index.ts";
import { ESTABLISHED_NAMES } from "../data/establishedNames.ts";
import type { CheckContext, CheckDraft, Subject, SubjectView } from "../model.ts";
import { isPublicIndex } from "../privacy.ts";

const RULE = "name-confusion";
/** In shorter names nearly everything is one slip away from something. */
const SHORTEST = 4;

export interface Slip {
  readonly established: string;
  /** `two characters are swapped`, … */
  readonly how: string;
}

interface Lists {
  readonly names: readonly string[];
  readonly places: ReadonlyMap<string, number>;
  /** The places of the names of the same weight. */
  readonly byWeight: ReadonlyMap<number, readonly number[]>;
  readonly lookAlikes: ReadonlyMap<string, string>;
  readonly words: ReadonlyMap<string, string>;
}

let made: Lists | undefined;

/** Made once. What slips make of each name is not among them: a hundred thousand names, for the few that one manifest asks about. */
function lists(): Lists {
  made ??= makeLists(ESTABLISHED_NAMES.names.trim());
  return made;
}

function makeLists(text: string): Lists {
  const names = text.split(/\s+/);
  // Of all of them at once: white space looks like nothing else.
  const skeletons = skeletonOf(text).split(/\s+/);
  const places = new Map<string, number>();
  const byWeight = new Map<number, number[]>();
  const lookAlikes = new Map<string, string>();
  const words = new Map<string, string>();
  for (const [place, name] of names.entries()) {
    places.set(name, place);
    if (name.length < SHORTEST) continue;
    const weight = weightOf(name);
    const same = byWeight.get(weight);
    if (same) same.push(place);
    else byWeight.set(weight, [place]);
    lookAlikes.set(skeletons[place]!, name);
    if (name.includes("-")) words.set(sortWords(name), name);
  }
  return { names, places, byWeight, lookAlikes, words };
}

function sortWords(name: string): string {
  return name.split("-").sort().join("-");
}

/**
 * One number of the characters of a name, whatever their order: a slip leaves it as it is, or moves it by one character, so that it
 * tells the few names that can be meant. Squares, as sums of the codes themselves are the same for too many.
 */
function weightOf(text: string): number {
  let weight = 0;
  for (let at = 0; at < text.length; at++) weight += text.charCodeAt(at) ** 2;
  return weight;
}

/** The first of the established names that is one slip of a character away. */
function nearest(given: string, { names, byWeight }: Lists): Slip | undefined {
  let first = names.length;
  let how: string | undefined;
  const look = (weight: number): void => {
    for (const place of byWeight.get(weight) ?? []) {
      const slip = place < first ? slipBetween(names[place]!, given) : undefined;
      if (slip === undefined) continue;
      first = place;
      how = slip;
    }
  };
  const weight = weightOf(given);
  look(weight);
  for (let at = 0; at < given.length; at++) look(weight - given.charCodeAt(at) ** 2);
  for (const letter of LETTER_WEIGHTS) look(weight + letter);
  return how === undefined ? undefined : { established: names[first]!, how };
}

/** Which slip of one character makes the one name of the other. */
function slipBetween(established: string, given: string): string | undefined {
  const more = given.length - established.length;
  if (Math.abs(more) > 1) return undefined;
  let at = 0;
  while (at < given.length && established[at] === given[at]) at++;
  if (more === 0) return isSwapped(established, given, at) ? "two characters are swapped" : undefined;
  if (more > 0) return isRepeated(established, given, at) ? "a character is repeated" : undefined;
  return isOmitted(established, given, at) ? "a character is left out" : undefined;
}

function isSwapped(established: string, given: string, at: number): boolean {
  const [a, b] = [established[at] ?? "", established[at + 1] ?? ""];
  return (
    isLetter(a) &&
    isLetter(b) &&
    a === given[at + 1] &&
    b === given[at] &&
    established.slice(at + 2) === given.slice(at + 2)
  );
}

function isRepeated(established: string, given: string, at: number): boolean {
  const character = given[at]!;
  // A doubled digit is another number.
  return isLetter(character) && character === given[at - 1] && established.slice(at) === given.slice(at + 1);
}

function isOmitted(established: string, given: string, at: number): boolean {
  // Of short names, each letter left out makes a word of its own.
  if (established.length < 6) return false;
  // Without its digit a name is another of the family: `boto` and `boto3`.
  return !/\d/.test(established[at]!) && established.slice(at + 1) === given.slice(at);
}

function* withSwapped(name: string): Iterable<string> {
  for (let at = 0; at + 1 < name.length; at++) {
    const [a, b] = [name[at]!, name[at + 1]!];
    if (a === b || !isLetter(a) || !isLetter(b)) continue;
    yield name.slice(0, at) + b + a + name.slice(at + 2);
  }
}

const LETTERS = "abcdefghijklmnopqrstuvwxyz-";
const LETTER_WEIGHTS = Array.from(LETTERS, weightOf);
const isLetter = (character: string): boolean => character >= "a" && character <= "z";

/** Of each letter, what is read as it: digits, and letters of other alphabets (Unicode TS 39, as far as names of packages go). */
const READ_AS: Readonly<Record<string, string>> = {
  a: "\u0430\u03b1\u0251",
  b: "\u042c\u044c",
  c: "\u0441\u03f2\u1d04",
  d: "\u0501",
  e: "\u0435\u212e",
  g: "\u0261\u0581",
  h: "\u04bb\u0570",
  j: "\u0458\u03f3",
  k: "\u043a\u03ba\u1d0b",
  l: "1i\u0456\u0131\u03b9\u04cf\u01c0|",
  m: "\u043c",
  n: "\u0578\u057c",
  o: "0\u043e\u03bf\u0585",
  p: "\u0440\u03c1",
  q: "\u051b\u0563",
  r: "\u0433\u1d26",
  s: "5\u0455\ua731",
  t: "\u0442\u03c4",
  u: "\u03c5\u057d\u028b",
  v: "\u03bd\u0475\u1d20",
  w: "\u051d\u0461\u1d21",
  x: "\u0445\u03c7",
  y: "\u0443\u03b3\u04af",
  z: "\u1d22",
};
const TWINS = new Map(
  Object.entries(READ_AS).flatMap(([letter, twins]) => [...twins].map((twin) => [twin, letter] as const)),
);
const TWIN = new RegExp(`[${[...TWINS.keys()].join("")}]`, "g");

/** The name as it looks: one letter for each that looks the same, without what is not seen. */
export function skeletonOf(name: string): string {
  return name
    .normalize("NFKD")
    .replace(/[\p{M}\p{Cf}]/gu, "")
    .replace(/\p{Pd}/gu, "-")
    .toLowerCase()
    .replace(TWIN, (character) => TWINS.get(character)!)
    .replaceAll("rn", "m")
    .replaceAll("vv", "w");
}

/** Which established name this one could be taken for; undefined for established names and for names that are merely similar. */
export function findSlip(name: string): Slip | undefined {
  const given = normalizeName(name);
  const all = lists();
  const { places, lookAlikes, words } = all;
  if (given.length < SHORTEST || places.has(given)) return undefined;
  const slip = nearest(given, all);
  if (slip) return slip;
  const alike = lookAlikes.get(skeletonOf(given));
  if (alike !== undefined) return { established: alike, how: "it has characters that look alike" };
  const swapped = given.includes("-") ? words.get(sortWords(given)) : undefined;
  return swapped === undefined ? undefined : { established: swapped, how: "its words are swapped" };
}

/** Names of which this one could be a slip, each with the slip: the other way round from `findSlip`, for names that are on no list. */
export function* possiblyMeant(name: string): Iterable<readonly [name: string, how: string]> {
  const given = normalizeName(name);
  if (given.length < SHORTEST) return;
  for (const meant of withSwapped(given)) yield [meant, "two characters are swapped"];
  for (let at = 1; at < given.length; at++) {
    if (given[at] !== given[at - 1] || !isLetter(given[at]!)) continue;
    yield [given.slice(0, at) + given.slice(at + 1), "a character is repeated"];
  }
  if (given.length >= 5) {
    for (let at = 0; at <= given.length; at++) {
      for (const letter of LETTERS) {
        yield [given.slice(0, at) + letter + given.slice(at), "a character is left out"];
      }
    }
  }
  const parts = given.split("-");
  if (parts.length === 2) yield [`${parts[1]}-${parts[0]}`, "its words are swapped"];
}

/** Whether the name is an established one. */
export function isEstablished(name: string): boolean {
  return lists().places.has(normalizeName(name));
}

/** What lies on this machine, what the policy names as own, and what it binds to an index that not everybody may use. */
function isOwn({ name, from }: Subject, { ownNames, policy }: CheckContext): boolean {
  const { bindings, fixed, layers } = policy;
  const isHeard = (origin: string): boolean =>
    !fixed.has(RULE) || layers.some(({ level, from: file }) => level !== "workspace" && file === origin);
  return (
    from === "path" ||
    ownNames.has(name) ||
    policy.ownNames.some((pattern) => matchesName(pattern, name)) ||
    bindings.some(
      (one) =>
        // To bind everything to one index says nothing of a name.
        /[^*]/.test(one.pattern) &&
        isHeard(one.from) &&
        !isPublicIndex(one.url) &&
        matchesName(one.pattern, name),
    )
  );
}

/** What can be said of the subject's name. */
export function checkNameConfusion({ subject }: SubjectView, context: CheckContext): CheckDraft[] {
  const evidence = [
    {
      source: `Thoth's list of established names of ${ESTABLISHED_NAMES.date}`,
      time: Date.parse(ESTABLISHED_NAMES.date),
      freshness: "fresh" as const,
    },
  ];
  if (isOwn(subject, context)) {
    return [{ rule: RULE, state: "passed", message: `${subject.written} is a name of your own.`, evidence }];
  }
  const slip = findSlip(subject.written);
  if (slip) {
    return [
      {
        rule: RULE,
        state: "failed",
        message: `${subject.written} is one slip away from ${slip.established}: ${slip.how}.`,
        next: `Write ${slip.established}, or name ${subject.written} in the policy's own-names.`,
        evidence: [{ ...evidence[0]!, says: slip.established }],
      },
    ];
  }
  const what = isEstablished(subject.name) ? "an established name" : "no slip of an established name";
  return [{ rule: RULE, state: "passed", message: `${subject.written} is ${what}.`, evidence }];
}
