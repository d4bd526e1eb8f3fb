// When a client is asked to look again, with time in the test's own hands.
import assert from "node:assert/strict";
import { Refresher } from "./refresher.ts";

function refresherWith() {
  const timers = new Set<{ at: number; callback: () => void }>();
  const refreshes: number[] = [];
  let time = 1_000_000;
  const start = time;
  const refresher = new Refresher({
    now: () => time,
    schedule(milliseconds, callback) {
      const timer = { at: time + milliseconds, callback };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    refresh: () => void refreshes.push(time - start),
  });
  const pass = (milliseconds: number): void => {
    for (const end = time + milliseconds; time < end; time++)
      for (const timer of [...timers]) if (timer.at <= time && timers.delete(timer)) timer.callback();
  };
  return { refresher, refreshes, pass };
}

describe("asking the client to look again", () => {
  it("happens soon for the first of what streams, and then once a second", () => {
    const { refresher, refreshes, pass } = refresherWith();
    for (let piece = 0; piece < 30; piece++) {
      refresher.mark(false);
      pass(100);
    }
    assert.deepEqual(refreshes, [20, 1020, 2020]);
  });

  it("happens soon once an answer is whole, in place of what was to come later", () => {
    const { refresher, refreshes, pass } = refresherWith();
    refresher.mark(false);
    pass(100);
    refresher.mark(false);
    pass(100);
    refresher.mark(true);
    refresher.mark(true);
    pass(3000);
    assert.deepEqual(refreshes, [20, 220]);
  });
});
