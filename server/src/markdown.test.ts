// Strangers' text in markdown: what it may and may not become.
import assert from "node:assert/strict";
import fc from "fast-check";
import { code, link, plain, webAddress, withoutMarkdown } from "./markdown.ts";

describe("markdown of strangers' text", () => {
  it("keeps versions and names readable", () => assert.equal(plain("flask-cors 2.2.3"), "flask-cors 2.2.3"));
  it("says the same without markdown as what went in, runs of spaces aside", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[!-;=-~]([ -;=-~]*[!-;=-~])?$/), (text) => {
        assert.equal(withoutMarkdown(plain(text, 10_000)), text.replace(/ {2,}/g, " "));
      }),
    );
  });
  it("links to http and https without credentials, to nothing else", () => {
    assert.equal(link("Project", "https://x.test/a_b"), "[Project](https://x.test/a%5Fb)");
    for (const address of [
      "command:evil",
      "javascript:1",
      "file:///etc/passwd",
      "https://u:p@x.test/",
      "https://x.test/\u202e",
      "//x.test",
    ]) {
      assert.equal(webAddress(address), undefined, address);
    }
  });
  it("never lets an address close its link", () => {
    fc.assert(
      fc.property(fc.webUrl({ withFragments: true, withQueryParameters: true }), fc.string(), (url, more) => {
        const safe = webAddress(url + more);
        assert.ok(safe === undefined || !/[()<>\s]/.test(safe));
      }),
    );
  });
  it("keeps code in its quotes", () => assert.equal(code("a`b\u001b[31m\n"), "`a'b`"));
});
