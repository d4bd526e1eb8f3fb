// Answers that may be an error which a person is to be told: values, never exceptions.

/** What was wrong with a text, where, and what was expected there. Offsets are UTF-16 into the text handed in. */
export interface ParseError {
  readonly code: string;
  readonly message: string;
  readonly offset: number;
  readonly length: number;
  readonly expected?: string;
}

/** A value, or the error that stands in its place. */
export type Result<T, E = ParseError> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: E };

/** Wraps a value as a good result. */
export function success<T>(value: T): { readonly ok: true; readonly value: T } {
  return { ok: true, value };
}

/** Wraps an error as a bad result. */
export function failure<E>(error: E): { readonly ok: false; readonly error: E } {
  return { ok: false, error };
}
