// How ages are said.
import assert from "node:assert/strict";
import { sayAge } from "./words.ts";

describe("saying an age", () => {
  const now = Date.parse("2026-11-22T12:00:00Z");
  const hour = 3_600_000;

  it("rounds down to one unit, and says the day of what is ahead of the clock", () => {
    for (const [hours, said] of [
      [0, "just now"],
      [0.5, "30 minutes ago"],
      [25, "1 day ago"],
      [24 * 800, "2 years ago"],
      // Clocks differ a little.
      [-5, "just now"],
      [-24 * 40, "2027-01-01"],
    ] as const) {
      assert.equal(sayAge(now - hours * hour, now), said);
    }
  });
});
