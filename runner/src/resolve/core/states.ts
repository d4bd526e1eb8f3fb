// Sets of the states that a package can be in: not selected, or selected at one of its versions, as one bit each.
//
// With "not selected" as a state of its own, a term of PubGrub, positive or negative, is one set, and every operation on
// terms is one on bits. Sets of one package always have the same length, and no bit beyond the last version is set.

/**
 * A set of states: bit 0 is "not selected", bit n + 1 is the version of index n. Never changed once made. Words are signed integers of 32
 * bits in a plain array: most sets have one to three words, and a typed array takes several times as long to make as that.
 */
export type States = number[];

/** How many words a set of a package with that many versions takes. */
export function wordsFor(versions: number): number {
  return (versions >>> 5) + 1;
}

/** No state. */
export function noStates(versions: number): States {
  const states: States = [];
  for (let word = wordsFor(versions); word > 0; word--) states.push(0);
  return states;
}

/** Every state, "not selected" included. */
export function allStates(versions: number): States {
  const states: States = [];
  for (let word = wordsFor(versions); word > 0; word--) states.push(-1);
  const last = versions & 31;
  if (last !== 31) states[states.length - 1] = ~(-1 << (last + 1));
  return states;
}

/** That version alone. */
export function oneVersion(versions: number, version: number): States {
  const states = noStates(versions);
  addVersion(states, version);
  return states;
}

/** Puts a version into a set that is still being made. */
export function addVersion(states: States, version: number): void {
  const bit = version + 1;
  states[bit >>> 5]! |= 1 << (bit & 31);
}

export function hasVersion(states: States, version: number): boolean {
  const bit = version + 1;
  return (states[bit >>> 5]! & (1 << (bit & 31))) !== 0;
}

/** Whether the package may be left out. */
export function admitsAbsence(states: States): boolean {
  return (states[0]! & 1) !== 0;
}

export function intersection(a: States, b: States): States {
  const { length } = a;
  const states: States = [];
  for (let word = 0; word < length; word++) states.push(a[word]! & b[word]!);
  return states;
}

export function union(a: States, b: States): States {
  const { length } = a;
  const states: States = [];
  for (let word = 0; word < length; word++) states.push(a[word]! | b[word]!);
  return states;
}

/** Every state that is not in the set; `all` is `allStates` of the package. */
export function complement(states: States, all: States): States {
  const { length } = states;
  const rest: States = [];
  for (let word = 0; word < length; word++) rest.push(all[word]! & ~states[word]!);
  return rest;
}

export function isEmpty(states: States): boolean {
  for (let word = 0; word < states.length; word++) if (states[word] !== 0) return false;
  return true;
}

export function isSubset(part: States, whole: States): boolean {
  for (let word = 0; word < part.length; word++) if ((part[word]! & ~whole[word]!) !== 0) return false;
  return true;
}

export function isDisjoint(a: States, b: States): boolean {
  for (let word = 0; word < a.length; word++) if ((a[word]! & b[word]!) !== 0) return false;
  return true;
}

export function areEqual(a: States, b: States): boolean {
  for (let word = 0; word < a.length; word++) if (a[word] !== b[word]) return false;
  return true;
}

/** How many versions the set holds. */
export function countVersions(states: States): number {
  let count = -(states[0]! & 1);
  for (let word = 0; word < states.length; word++) {
    let bits = states[word]!;
    bits -= (bits >>> 1) & 0x55555555;
    bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
    count += Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
  }
  return count;
}

/** The versions in the set, lowest index first. */
export function* versionsIn(states: States): Generator<number> {
  for (let word = 0; word < states.length; word++) {
    let bits = states[word]!;
    if (word === 0) bits &= ~1;
    while (bits !== 0) {
      const lowest = bits & -bits;
      yield word * 32 + 31 - Math.clz32(lowest) - 1;
      bits ^= lowest;
    }
  }
}

/** The version of the highest index in the set, -1 if there is none. */
export function highestVersion(states: States): number {
  for (let word = states.length - 1; word >= 0; word--) {
    const bits = word === 0 ? states[0]! & ~1 : states[word]!;
    if (bits !== 0) return word * 32 + 31 - Math.clz32(bits) - 1;
  }
  return -1;
}

/** The version of the lowest index in the set, -1 if there is none. */
export function lowestVersion(states: States): number {
  for (const version of versionsIn(states)) return version;
  return -1;
}
