import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { ruleCatalogue } from "./catalogue.ts";

const pages = new URL("../../../docs/rules/", import.meta.url);

describe("the catalogue of rules", () => {
  it("has one page for each rule, and no page besides", () => {
    const names = readdirSync(pages).filter((name) => name !== "README.md");
    assert.deepEqual(
      names.sort(),
      Object.keys(ruleCatalogue)
        .map((rule) => `${rule}.md`)
        .sort(),
    );
  });

  it("says each rule's own severity on its page", () => {
    for (const [rule, description] of Object.entries(ruleCatalogue)) {
      const [, line] = /Severity: ([^.]*)\./.exec(readFileSync(new URL(`${rule}.md`, pages), "utf8")) ?? [];
      assert.ok(line?.includes(description.severity), `${rule}: ${line}`);
    }
  });
});
