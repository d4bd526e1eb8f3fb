// Bounds how much happens at once, shares what is asked for twice, and lets every wait be cancelled.

/** What `signal` was aborted with, as an error to throw. */
export function abortError(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new DOMException("Cancelled", "AbortError");
}

/** What each signal's abortion ends, behind one listener: to listen anew for each of a thousand answers takes longer than they do. */
const waiting = new WeakMap<AbortSignal, Set<() => void>>();

function waitingFor(signal: AbortSignal): Set<() => void> {
  const known = waiting.get(signal);
  if (known) return known;
  const leaving = new Set<() => void>();
  waiting.set(signal, leaving);
  const leaveAll = (): void => {
    for (const leave of leaving) leave();
  };
  signal.addEventListener("abort", leaveAll, { once: true });
  return leaving;
}

/** Settles as `work` does, or rejects the moment `signal` is aborted, whatever `work` goes on with. */
export function orAbort<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  if (signal.aborted) {
    work.catch(() => {});
    return Promise.reject(abortError(signal));
  }
  const leaving = waitingFor(signal);
  return new Promise<T>((resolve, reject) => {
    const leave = (): void => reject(abortError(signal));
    leaving.add(leave);
    const done = (): void => void leaving.delete(leave);
    work.then(
      (value) => {
        done();
        resolve(value);
      },
      (error) => {
        done();
        reject(error);
      },
    );
  });
}

/** At most `limit` holders at once, first come first served. */
export class Slots {
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor(limit: number) {
    this.#free = limit;
  }

  /** Waits for a slot. Call what it returns, once, to give the slot back. */
  async take(signal?: AbortSignal): Promise<() => void> {
    if (signal?.aborted) throw abortError(signal);
    if (this.#free > 0) this.#free--;
    else await this.#wait(signal);
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free++;
    };
  }

  #wait(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const go = (): void => {
        signal?.removeEventListener("abort", leave);
        resolve();
      };
      const leave = (): void => {
        const at = this.#waiting.indexOf(go);
        if (at >= 0) this.#waiting.splice(at, 1);
        reject(abortError(signal as AbortSignal));
      };
      signal?.addEventListener("abort", leave, { once: true });
      this.#waiting.push(go);
    });
  }
}

interface Shared<T> {
  readonly result: Promise<T>;
  readonly controller: AbortController;
  callers: number;
}

/** One run per key at a time: who asks meanwhile gets the same answer. A run ends when all who asked have cancelled. */
export class InFlight<T> {
  readonly #running = new Map<string, Shared<T>>();

  run(key: string, start: (signal: AbortSignal) => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    if (signal?.aborted) return Promise.reject(abortError(signal));
    let shared = this.#running.get(key);
    if (!shared) {
      const controller = new AbortController();
      const result = start(controller.signal);
      const made: Shared<T> = { result, controller, callers: 0 };
      const forget = (): void => {
        if (this.#running.get(key) === made) this.#running.delete(key);
      };
      result.then(forget, forget);
      this.#running.set(key, made);
      shared = made;
    }
    const own = shared;
    own.callers++;
    const answer = orAbort(own.result, signal);
    if (!signal) return answer;
    return answer.catch((error: unknown) => {
      if (signal.aborted) {
        own.callers--;
        if (own.callers === 0) {
          if (this.#running.get(key) === own) this.#running.delete(key);
          own.controller.abort(abortError(signal));
        }
      }
      throw error;
    });
  }

  /** Ends every run. */
  abortAll(reason: Error): void {
    for (const { controller, result } of this.#running.values()) {
      result.catch(() => {});
      controller.abort(reason);
    }
    this.#running.clear();
  }
}
