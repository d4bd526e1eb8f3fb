// How deep a JSON text nests, told without going into it: what walks the parsed value goes as deep, and may run out of stack.

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPENING: ReadonlySet<number> = new Set([0x5b, 0x7b]);
const CLOSING: ReadonlySet<number> = new Set([0x5d, 0x7d]);

/** Whether lists and objects of `json`, which is valid JSON, lie more than `limit` deep in one another. */
export function nestsDeeperThan(json: string, limit: number): boolean {
  let depth = 0;
  let isInText = false;
  for (let at = 0; at < json.length; at++) {
    const unit = json.charCodeAt(at);
    if (isInText) {
      if (unit === BACKSLASH) at++;
      else if (unit === QUOTE) isInText = false;
    } else if (unit === QUOTE) isInText = true;
    else if (OPENING.has(unit)) {
      if (++depth > limit) return true;
    } else if (CLOSING.has(unit)) depth--;
  }
  return false;
}
