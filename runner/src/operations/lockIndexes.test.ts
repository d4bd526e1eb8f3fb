// Addresses of indexes as a lock names them: what may be a secret is left out, and a variable is none.
import assert from "node:assert/strict";
import { withoutCredentials } from "./lockIndexes.ts";

const ADDRESSES: readonly (readonly [written: string, named: string])[] = [
  ["https://example.org/simple", "https://example.org/simple"],
  ["https://user:s3cret@example.org/simple", "https://example.org/simple"],
  ["https://${USER}:${TOKEN}@example.org/simple", "https://${USER}:${TOKEN}@example.org/simple"],
  ["https://example.org/simple/?token=s3cret", "https://example.org/simple/"],
  ["https://example.org/simple/?token=${TOKEN}", "https://example.org/simple/?token=${TOKEN}"],
  ["https://example.org/simple/?${TOKEN}", "https://example.org/simple/?${TOKEN}"],
  ["https://example.org/simple/?a=${TOKEN}&b=s3cret", "https://example.org/simple/"],
  ["https://example.org/simple/?a=${TOKEN}s3cret", "https://example.org/simple/"],
  ["https://user:s3cret@example.org/links?token=s3cret#part", "https://example.org/links#part"],
  ["./wheels?", "./wheels?"],
];

describe("the address of an index in a lock", () => {
  for (const [written, named] of ADDRESSES)
    it(`of ${written} is ${named}`, () => assert.equal(withoutCredentials(written), named));
});
