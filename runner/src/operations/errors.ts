// An operation that cannot be done: a sentence, a next step, and what it means for the exit status.

/** `usage` and `unreadable` end with exit status 2, `not-checked` with 3, `failed` with 1. */
export type OperationErrorKind = "usage" | "unreadable" | "not-checked" | "failed";

export class OperationError extends Error {
  override readonly name = "OperationError";
  readonly kind: OperationErrorKind;
  /** Kebab-case, stable. */
  readonly code: string;
  /** What now, in one sentence. */
  readonly next: string | undefined;

  constructor(kind: OperationErrorKind, code: string, message: string, next?: string) {
    super(message);
    this.kind = kind;
    this.code = code;
    this.next = next;
  }
}
