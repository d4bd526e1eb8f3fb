// A cancellation token that whoever made it can cancel.
import type { CancellationToken } from "vscode-jsonrpc";

/** A token, and what cancels it. */
export function tokenSource(): { token: CancellationToken; cancel: () => void } {
  const listeners = new Set<(event: unknown) => void>();
  let cancelled = false;
  return {
    token: {
      get isCancellationRequested() {
        return cancelled;
      },
      onCancellationRequested: (listener: (event: unknown) => unknown) => {
        if (cancelled) listener(undefined);
        else listeners.add(listener);
        return { dispose: () => listeners.delete(listener) };
      },
    },
    cancel: () => {
      if (cancelled) return;
      cancelled = true;
      for (const listener of listeners) listener(undefined);
      listeners.clear();
    },
  };
}
