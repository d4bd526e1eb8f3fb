// A conflict told from each of the lines that take part in it: one sentence, its subject first.
import { normalizeName } from "../../../shared/src/packaging/name.ts";
import type { Demand, Explanation, Ground } from "../resolve/index.ts";

/** Longer than this, what else stands in the way is left to the explanation. */
const LONGEST = 160;

/** The sentence for a line: `tensorflow 2.15.0 needs numpy <2.0.0; line 2 asks for >=2.` */
export function tellFromLine(line: Demand, { grounds, causes }: Explanation): string {
  const name = nameOf(line);
  const others = causes.filter((cause) => cause !== line);
  const sentence =
    tellDemanded(line, name, grounds, others) ??
    tellHindered(line, name, grounds) ??
    tellBringing(line, name, grounds, others) ??
    `${said(line)} cannot be met${others.length > 0 ? ` together with ${list(others.map((other) => placeOf(other, line)))}` : ""}`;
  const notes = [...new Set(grounds.flatMap((ground) => ground.notes))].filter(
    (note) => !sentence.includes(note),
  );
  const more = notes.length > 0 ? `${sentence}; ${list(notes)}` : sentence;
  return `${more.length <= LONGEST ? more : sentence}.`;
}

/** The line asks for what another line, or what it brings in, does not agree with. */
function tellDemanded(
  line: Demand,
  name: string,
  grounds: readonly Ground[],
  others: readonly Demand[],
): string | undefined {
  const direct = grounds.find(({ about, demand }) => about === name && demand && demand !== line);
  if (direct?.demand) {
    return `${said(line)} cannot be met: ${placeOf(direct.demand, line)} asks for ${clausesOf(direct.demand) || "any release"}`;
  }
  const asked = grounds.find(({ about, asker }) => about === name && asker !== undefined && asker !== name);
  if (asked === undefined) return undefined;
  const origin = originOf(asked, grounds, others);
  const where = origin ? ` (${origin.direct ? "" : "through "}${placeOf(origin.line, line)})` : "";
  return `${said(line)} cannot be met: ${asked.releases}${where} ${verb(asked.releases)} ${told(asked)}`;
}

/** A filter stands in the way of what the line itself asks for. */
function tellHindered(line: Demand, name: string, grounds: readonly Ground[]): string | undefined {
  const own = grounds.find(({ demand, about }) => demand === line && about === name);
  return own && own.notes.length > 0 ? `${said(line)} cannot be met: ${list(own.notes)}` : undefined;
}

/** What the line brings in does not agree with another line, or cannot be had. */
function tellBringing(
  line: Demand,
  name: string,
  grounds: readonly Ground[],
  others: readonly Demand[],
): string | undefined {
  for (const chain of chainsFrom(name, grounds)) {
    const first = chain[0]!;
    const last = chain.at(-1)!;
    const through = chain.length > 1 ? ` through ${last.releases}` : "";
    // Of many releases the line says best which are meant.
    const subject = isPlural(first.releases) ? said(line) : first.releases;
    const needs = `${subject} needs ${told(last)}${through}`;
    const against = grounds.find((ground) => ground.about === last.about && !chain.includes(ground));
    if (against?.demand && against.demand !== line) {
      return `${needs}; ${placeOf(against.demand, line)} asks for ${clausesOf(against.demand) || "any release"}`;
    }
    if (last.notes.length > 0) return `${needs}, but ${list(last.notes)}`;
    if (against?.releases !== undefined) {
      const origin = originOf(against, grounds, others);
      const where = origin ? ` (${origin.direct ? "" : "through "}${placeOf(origin.line, line)})` : "";
      return `${needs}; ${against.releases}${where} ${verb(against.releases)} ${told(against)}`;
    }
    const unusable = grounds.find(({ about, texts }) => about === undefined && texts.length > 0);
    if (unusable && grounds.length <= 3) return `${needs}, but ${unusable.texts[0]}`;
  }
  const unusable = grounds.find(({ about, texts }) => about === undefined && texts.length > 0);
  return unusable && others.length === 0 ? `${said(line)} cannot be met: ${unusable.texts[0]}` : undefined;
}

/** Ways from a project over who needs whom, shortest first; each ends at what somebody else speaks of too, or what is hindered. */
function* chainsFrom(name: string, grounds: readonly Ground[]): Generator<readonly Ground[]> {
  const seen = new Set([name]);
  let open: (readonly Ground[])[] = [[]];
  while (open.length > 0) {
    const next: (readonly Ground[])[] = [];
    for (const chain of open) {
      const at = chain.at(-1)?.about ?? name;
      for (const ground of grounds) {
        if (ground.asker !== at || ground.about === undefined || seen.has(ground.about)) continue;
        seen.add(ground.about);
        const longer = [...chain, ground];
        yield longer;
        next.push(longer);
      }
    }
    open = next;
  }
}

/** The line that brings in who asks. */
function originOf(
  { asker }: Ground,
  grounds: readonly Ground[],
  lines: readonly Demand[],
): { readonly line: Demand; readonly direct: boolean } | undefined {
  const own = lines.find((line) => nameOf(line) === asker);
  if (own) return { line: own, direct: true };
  for (const line of lines) {
    for (const chain of chainsFrom(nameOf(line), grounds)) {
      if (chain.at(-1)?.about === asker) return { line, direct: false };
    }
  }
  return undefined;
}

function isPlural(releases: string | undefined): boolean {
  return releases !== undefined && /^all releases| to |, | and /.test(releases);
}

function verb(releases: string | undefined): string {
  return isPlural(releases) ? "need" : "needs";
}

function nameOf({ requirement }: Demand): string {
  return normalizeName(requirement.name.text);
}

/** `numpy >=2`, without a marker. */
function said(line: Demand): string {
  const clauses = clausesOf(line);
  return clauses === "" ? line.requirement.name.text : `${line.requirement.name.text} ${clauses}`;
}

function clausesOf({ requirement }: Demand): string {
  return requirement.specifier.written;
}

function told({ texts, about }: Ground): string {
  const [first, ...more] = texts;
  if (first === undefined || first === "") return about ?? "";
  return more.length === 0 ? first : `${first} or ${more.length === 1 ? more[0] : `${more.length} others`}`;
}

/** `line 2`, with its file where that is another one. */
function placeOf({ place }: Demand, from: Demand): string {
  if (place === undefined) return "another requirement";
  return place.path === from.place?.path ? `line ${place.line}` : `${place.path} line ${place.line}`;
}

function list(words: readonly string[]): string {
  return words.length < 2 ? (words[0] ?? "") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}
