// Cut-offs as uv's --exclude-newer takes them, counted from a clock that is handed in.
import assert from "node:assert/strict";
import { readCutOff } from "./cutOff.ts";

const NOW = Date.parse("2026-11-22T12:00:00Z");

function at(text: string): string {
  const read = readCutOff(text, NOW);
  return "time" in read ? new Date(read.time).toISOString() : read.fault;
}

describe("a cut-off", () => {
  it("that is a date takes in the whole of that day", () => {
    assert.equal(at("2026-01-31"), "2026-02-01T00:00:00.000Z");
    assert.equal(at("2026-02-30"), "2026-02-30 is not in the calendar");
  });

  it("that is a moment is that moment, in UTC where no offset is given", () => {
    assert.equal(at("2026-01-31T12:30:00Z"), "2026-01-31T12:30:00.000Z");
    assert.equal(at("2026-01-31T12:30:00+02:00"), "2026-01-31T10:30:00.000Z");
    assert.equal(at("2026-01-31T12:30:00"), "2026-01-31T12:30:00.000Z");
    assert.equal(at("2026-01-31T99:00:00Z"), "2026-01-31T99:00:00Z is no moment");
  });

  it("that is a span counts back from now", () => {
    for (const text of [
      "3 days",
      "3d",
      "72 hours",
      "P3D",
      "PT72H",
      "p3d",
      "3 days ago",
      "2 days 24h",
      "2 days, 24 hours",
    ]) {
      assert.equal(at(text), "2026-11-19T12:00:00.000Z", text);
    }
    assert.equal(at("1 week"), "2026-11-15T12:00:00.000Z");
    assert.equal(at("P1W"), "2026-11-15T12:00:00.000Z");
    assert.equal(at("P1DT12H30M"), "2026-11-20T23:30:00.000Z");
  });

  it("in months or years is refused, since they have no one length", () => {
    assert.equal(at("2 months"), "2 months counts in months, which have no one length: write days");
    assert.equal(at("P1Y"), "P1Y counts in months or years, which have no one length: write days");
  });

  it("that is none of these says what would be one", () => {
    for (const text of ["", "yesterday", "3", "3 days,", "3 dayz of rain"])
      assert.match(at(text), /neither|no unit/, text);
    assert.equal(at("P"), "P is no ISO 8601 duration");
    assert.equal(at("3 parsecs"), "3 parsecs counts in parsecs, which is no unit of time");
  });
});
