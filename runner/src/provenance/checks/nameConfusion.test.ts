// Which names are told to be slips of established ones, and, which counts as much, which are not.
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import fc from "fast-check";
import { ESTABLISHED_NAMES } from "../data/establishedNames.ts";
import { findSlip } from "./nameConfusion.ts";

describe("name confusion", () => {
  it("tells each slip by its kind", () => {
    const slips: Readonly<Record<string, readonly [string, RegExp]>> = {
      reqeusts: ["requests", /swapped/],
      requestss: ["requests", /repeated/],
      reqests: ["requests", /left out/],
      Urlib3: ["urllib3", /left out/],
      crypt0graphy: ["cryptography", /look alike/],
      "dateutil-python": ["python-dateutil", /words are swapped/],
      scikitlearn: ["scikit-learn", /left out/],
    };
    for (const [name, [established, how]] of Object.entries(slips)) {
      const slip = findSlip(name);
      assert.equal(slip?.established, established, name);
      assert.match(slip?.how ?? "", how);
    }
  });

  it("tells a slip at every place of a name, its ends too", () => {
    const name = "cryptography";
    for (let at = 0; at < name.length; at++) {
      const [before, after] = [name.slice(0, at), name.slice(at + 1)];
      const slips: Readonly<Record<string, RegExp>> = {
        ...(at + 1 < name.length ? { [`${before}${after[0]}${name[at]}${after.slice(1)}`]: /swapped/ } : {}),
        [`${before}${name[at]}${name[at]}${after}`]: /repeated/,
        [`${before}${after}`]: /left out/,
      };
      for (const [slipped, how] of Object.entries(slips)) {
        assert.equal(findSlip(slipped)?.established, name, slipped);
        assert.match(findSlip(slipped)?.how ?? "", how, slipped);
      }
      assert.equal(findSlip(`${before}x${after}`), undefined, "another letter is another name");
    }
  });

  it("reads letters of other alphabets, accents, and what is not seen, as a person would", () => {
    const seen = [
      "reque\u0455ts",
      "r\u00e9quests",
      "re\u200bquests",
      "flask\u2011cors",
      "\uff4eumpy",
      "dj\u03b1ngo",
    ];
    assert.deepEqual(
      seen.map((name) => findSlip(name)?.established),
      ["requests", "requests", "requests", "flask-cors", "numpy", "django"],
    );
  });

  it("says nothing of names that are merely near, longer, shorter or of the same family", () => {
    for (const name of [
      "requests2",
      "requests-mock-extra",
      "flask-own",
      "numpi",
      "boto",
      "urllib",
      "psycopg",
      "click-log",
      "django-x",
      "pytest-me",
      "h1",
      "six2",
      "colourama",
      "my-requests",
    ]) {
      assert.equal(findSlip(name), undefined, name);
    }
  });

  it("says nothing of any established name", () => {
    for (const name of ESTABLISHED_NAMES.names.split(/\s+/).filter(Boolean))
      assert.equal(findSlip(name), undefined, name);
  });

  it("says where its list is from, under which licence and of when", () => {
    assert.match(ESTABLISHED_NAMES.date, /^\d{4}-\d{2}-\d{2}$/);
    assert.ok(ESTABLISHED_NAMES.source.length > 20 && ESTABLISHED_NAMES.licence.length > 0);
  });

  it("answers for any text", () => {
    fc.assert(fc.property(fc.string({ maxLength: 80 }), (text) => void findSlip(text)));
  });

  it("gives no finding for the names of the real index", function () {
    const folder = new URL("../../../../../shared/real-index/simple/", import.meta.url);
    if (!existsSync(folder)) {
      console.log("      skipped: ../shared/real-index is not here");
      return this.skip();
    }
    for (const file of readdirSync(folder)) {
      const name = file.replace(/\.json\.gz$/, "");
      assert.equal(findSlip(name), undefined, name);
    }
  });
});
