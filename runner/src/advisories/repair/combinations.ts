// Choices of some among many, smallest first where sizes are asked for in order.

/** Every choice of `size` among them, in order. */
export function* combinations<T>(from: readonly T[], size: number, start = 0): Generator<T[]> {
  if (size === 0) {
    yield [];
    return;
  }
  for (let at = start; at <= from.length - size; at++) {
    for (const rest of combinations(from, size - 1, at + 1)) yield [from[at]!, ...rest];
  }
}
