// Asks the client to look again: once per cause, however many pieces the cause has.

export interface RefreshHost {
  schedule(milliseconds: number, callback: () => void): () => void;
  refresh(): void;
}

/** Milliseconds: what settles together is told together; what streams is told now and then. */
const whenSettled = 20;
const whileStreaming = 1000;

export class Refresher {
  readonly #host: RefreshHost;
  #stop: (() => void) | undefined;
  #isSettled = false;

  constructor(host: RefreshHost) {
    this.#host = host;
  }

  /** Answers changed. `settled`: nothing more is to come of this cause. */
  mark(settled: boolean): void {
    if (this.#stop && (this.#isSettled || !settled)) return;
    this.#stop?.();
    this.#isSettled = settled;
    this.#stop = this.#host.schedule(settled ? whenSettled : whileStreaming, () => {
      this.#stop = undefined;
      this.#host.refresh();
    });
  }
}
