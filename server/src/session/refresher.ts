// Asks the client to look again: once per cause, however many pieces the cause has.

export interface RefreshHost {
  /** Milliseconds. */
  now(): number;
  schedule(milliseconds: number, callback: () => void): () => void;
  refresh(): void;
}

/** Milliseconds: what comes together is told together. */
const soon = 20;
/** Milliseconds between two of what streams: the first of it is told soon, the rest now and then. */
const whileStreaming = 1000;

export class Refresher {
  readonly #host: RefreshHost;
  #stop: (() => void) | undefined;
  #isSoon = false;
  #last = Number.NEGATIVE_INFINITY;

  constructor(host: RefreshHost) {
    this.#host = host;
  }

  /** Answers changed. `settled`: nothing more is to come of this cause. */
  mark(settled: boolean): void {
    const rest = this.#last + whileStreaming - this.#host.now();
    const isSoon = settled || rest <= soon;
    if (this.#stop && (this.#isSoon || !isSoon)) return;
    this.#stop?.();
    this.#isSoon = isSoon;
    this.#stop = this.#host.schedule(isSoon ? soon : rest, () => {
      this.#stop = undefined;
      this.#last = this.#host.now();
      this.#host.refresh();
    });
  }
}
