// What the checks of provenance say of the advisories that they rest on: none, none of these, old, ahead of the clock.
import assert from "node:assert/strict";
import type { ProjectAdvisories } from "../../../shared/src/advisory/index.ts";
import type { SubjectView } from "../provenance/index.ts";
import { KnownAdvisories } from "./provenanceAdvisories.ts";

const NOW = Date.parse("2026-11-22T12:00:00Z");
const DAY = 86_400_000;

describe("the advisories behind the checks of provenance", () => {
  const known = (days: number) => {
    const own: ProjectAdvisories = { records: [], source: "all.zip", asOf: NOW - days * DAY };
    return new KnownAdvisories(new Map([["demo", own]]), NOW);
  };
  const view = {
    subject: { name: "other", written: "other", from: "index" },
    version: "1.0",
    indexes: [],
  } as unknown as SubjectView;

  it("say whether none are stored, or none of these packages, which is not the same", () => {
    const none = new KnownAdvisories(undefined, NOW);
    assert.match(none.basis.says, /^none stored; /);
    assert.match(none.vulnerabilities(view).message, /no advisories are stored/);
    const others = new KnownAdvisories(new Map(), NOW);
    assert.match(others.basis.says, /^no service was asked for any of these packages; /);
    for (const one of [others, known(1)]) {
      const { state, message } = one.vulnerabilities(view);
      assert.equal(state, "not-checked");
      assert.match(message, /no service was asked for its advisories/);
    }
  });

  it("say that they are old, or ahead of the clock", () => {
    assert.equal(known(6).basis.says, "all.zip");
    assert.equal(known(8).basis.says, "all.zip, older than a week");
    assert.equal(known(-400).basis.says, "all.zip, ahead of this machine's clock");
  });
});
