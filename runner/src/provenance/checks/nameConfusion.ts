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
  /** In the order of the list: of two that a name could be meant for, the first is told. */
  readonly names: ReadonlySet<string>;
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
  const lookAlikes = new Map<string, string>();
  const words = new Map<string, string>();
  for (const [at, name] of names.entries()) {
    if (name.length < SHORTEST) continue;
    lookAlikes.set(skeletons[at]!, name);
    if (name.includes("-")) words.set(sortWords(name), name);
  }
  return { names: new Set(names), lookAlikes, words };
}

function sortWords(name: string): string {
  return name.split("-").sort().join("-");
}

/** Which slip of one character makes the one name of the other. */
function slipBetween(established: string, given: string): string | undefined {
  let at = 0;
  while (at < given.length && established[at] === given[at]) at++;
  switch (given.length - established.length) {
    case 0:
      return isSwapped(established, given, at) ? "two characters are swapped" : undefined;
    case 1:
      return isRepeated(established, given, at) ? "a character is repeated" : undefined;
    case -1:
      return isOmitted(established, given, at) ? "a character is left out" : undefined;
    default:
      return undefined;
  }
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
const TWIN = new RegExp(`[${Object.keys(TWINS).join("")}]`, "g");

/** The name as it looks: one letter for each that looks the same. */
export function skeletonOf(name: string): string {
  return name
    .normalize("NFKC")
    .toLowerCase()
    .replace(TWIN, (character) => TWINS[character]!)
    .replaceAll("rn", "m")
    .replaceAll("vv", "w");
}

/** Which established name this one could be taken for; undefined for established names and for names that are merely similar. */
export function findSlip(name: string): Slip | undefined {
  const given = normalizeName(name);
  const { names, lookAlikes, words } = lists();
  if (given.length < SHORTEST || names.has(given)) return undefined;
  for (const established of names) {
    if (established.length < SHORTEST) continue;
    const how = slipBetween(established, given);
    if (how !== undefined) return { established, how };
  }
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
  return lists().names.has(normalizeName(name));
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
