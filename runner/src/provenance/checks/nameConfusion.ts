// Check 10: is the name one slip away from an established one? Slips are named; there is no distance and no prefix in it.
import { normalizeName } from "../../../../shared/src/packaging/name.ts";
import { matchesName } from "../../../../shared/src/policy/index.ts";
import { ESTABLISHED_NAMES } from "../data/establishedNames.ts";
import type { CheckContext, CheckDraft, SubjectView } from "../model.ts";

const RULE = "name-confusion";
/** In shorter names nearly everything is one slip away from something. */
const SHORTEST = 4;

export interface Slip {
  readonly established: string;
  /** `two characters are swapped`, … */
  readonly how: string;
}

interface Lists {
  readonly names: ReadonlySet<string>;
  /** What each slip makes of an established name, and of which. */
  readonly slips: ReadonlyMap<string, Slip>;
  readonly lookAlikes: ReadonlyMap<string, string>;
  readonly words: ReadonlyMap<string, string>;
}

let made: Lists | undefined;

function lists(): Lists {
  made ??= makeLists(ESTABLISHED_NAMES.names.split(/\s+/).filter(Boolean));
  return made;
}

function makeLists(names: readonly string[]): Lists {
  const all = new Set(names);
  const slips = new Map<string, Slip>();
  const lookAlikes = new Map<string, string>();
  const words = new Map<string, string>();
  const put = (slipped: string, established: string, how: string): void => {
    if (slipped.length >= SHORTEST && !slips.has(slipped)) slips.set(slipped, { established, how });
  };
  for (const name of names) {
    if (name.length < SHORTEST) continue;
    for (const slipped of withSwapped(name)) put(slipped, name, "two characters are swapped");
    for (const slipped of withRepeated(name)) put(slipped, name, "a character is repeated");
    for (const slipped of withOmitted(name)) put(slipped, name, "a character is left out");
    lookAlikes.set(skeletonOf(name), name);
    const parts = name.split("-");
    if (parts.length > 1) words.set([...parts].sort().join("-"), name);
  }
  return { names: all, slips, lookAlikes, words };
}

function* withSwapped(name: string): Iterable<string> {
  for (let at = 0; at + 1 < name.length; at++) {
    const [a, b] = [name[at]!, name[at + 1]!];
    if (a === b || !isLetter(a) || !isLetter(b)) continue;
    yield name.slice(0, at) + b + a + name.slice(at + 2);
  }
}

function* withRepeated(name: string): Iterable<string> {
  for (let at = 0; at < name.length; at++) {
    const character = name[at]!;
    // A doubled digit is another number.
    if (!isLetter(character)) continue;
    yield name.slice(0, at) + character + name.slice(at);
  }
}

function* withOmitted(name: string): Iterable<string> {
  // Of short names, each letter left out makes a word of its own.
  if (name.length < 6) return;
  for (let at = 0; at < name.length; at++) {
    // Without its digit a name is another of the family: `boto` and `boto3`.
    if (/\d/.test(name[at]!)) continue;
    yield name.slice(0, at) + name.slice(at + 1);
  }
}

const LETTERS = "abcdefghijklmnopqrstuvwxyz-";
const isLetter = (character: string): boolean => character >= "a" && character <= "z";

const TWINS: Readonly<Record<string, string>> = {
  "0": "o",
  "1": "l",
  i: "l",
  "5": "s",
  "\u0430": "a",
  "\u0435": "e",
  "\u043e": "o",
  "\u0440": "p",
  "\u0441": "c",
  "\u0443": "y",
  "\u0445": "x",
  "\u0456": "l",
  "\u03bf": "o",
};

/** The name as it looks: one letter for each that looks the same. */
export function skeletonOf(name: string): string {
  return [...name.normalize("NFKC").toLowerCase()]
    .map((character) => TWINS[character] ?? character)
    .join("")
    .replaceAll("rn", "m")
    .replaceAll("vv", "w");
}

/** Which established name this one could be taken for; undefined for established names and for names that are merely similar. */
export function findSlip(name: string): Slip | undefined {
  const given = normalizeName(name);
  const { names, slips, lookAlikes, words } = lists();
  if (names.has(given)) return undefined;
  const slip = slips.get(given);
  if (slip) return slip;
  if (given.length < SHORTEST) return undefined;
  const alike = lookAlikes.get(skeletonOf(given));
  if (alike !== undefined) return { established: alike, how: "it has characters that look alike" };
  const parts = given.split("-");
  const swapped = parts.length > 1 ? words.get([...parts].sort().join("-")) : undefined;
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
  return lists().names.has(normalizeName(name));
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
  const { ownNames, policy } = context;
  const isOwn =
    ownNames.has(subject.name) ||
    policy.ownNames.some((pattern) => matchesName(pattern, subject.name)) ||
    policy.bindings.some(({ pattern }) => matchesName(pattern, subject.name));
  if (isOwn) {
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
