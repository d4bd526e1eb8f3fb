// Bytes to text and back, as pip decodes.
import assert from "node:assert/strict";
import { decodeManifest, encodeManifest } from "./decode.ts";

const bytes = (...parts: (string | readonly number[])[]) =>
  Uint8Array.from(
    parts.flatMap((part) => (typeof part === "string" ? [...new TextEncoder().encode(part)] : [...part])),
  );

describe("decoding a manifest", () => {
  const rows: readonly (readonly [string, Uint8Array, string, string])[] = [
    ["plain UTF-8", bytes("é\n"), "é\n", "utf-8"],
    ["a UTF-8 mark", bytes([0xef, 0xbb, 0xbf], "é"), "é", "utf-8"],
    [
      "UTF-16, little end first",
      bytes([0xff, 0xfe, 0x61, 0, 0x3d, 0xd8, 0, 0xde]),
      "a\u{1F600}",
      "utf-16-le",
    ],
    ["UTF-16, big end first", bytes([0xfe, 0xff, 0, 0x61]), "a", "utf-16-be"],
    ["UTF-32, little end first", bytes([0xff, 0xfe, 0, 0, 0, 0xf6, 1, 0]), "\u{1F600}", "utf-32-le"],
    ["UTF-32, big end first", bytes([0, 0, 0xfe, 0xff, 0, 1, 0xf6, 0]), "\u{1F600}", "utf-32-be"],
    [
      "a PEP 263 comment",
      bytes("# -*- coding: cp1252 -*-\n", [0x80]),
      "# -*- coding: cp1252 -*-\n€",
      "cp1252",
    ],
    ["one in the second line", bytes("x\n#coding=latin-1\n", [0x80]), "x\n#coding=latin-1\n\x80", "latin-1"],
    ["ASCII that is", bytes("# coding: ascii\nx"), "# coding: ascii\nx", "ascii"],
    ["koi8-r", bytes("# coding: koi8-r\n", [0xc1]), "# coding: koi8-r\nа", "koi8-r"],
  ];
  for (const [what, given, text, encoding] of rows) {
    it(`reads ${what} and writes it back`, () => {
      const decoded = decodeManifest(given);
      assert.deepEqual(
        [decoded.text, decoded.encoding, decoded.lossless, decoded.problem],
        [text, encoding, true, undefined],
      );
      assert.deepEqual(encodeManifest(decoded.text, decoded), given);
    });
  }

  it("does not look for an encoding in the third line, nor behind other text", () => {
    assert.equal(decodeManifest(bytes("x\ny\n# coding: latin-1\n")).encoding, "utf-8");
    assert.equal(decodeManifest(bytes("x # coding: latin-1\n")).encoding, "utf-8");
  });

  it("falls back on the locale's encoding", () => {
    assert.equal(decodeManifest(bytes([0x80]), { locale: "CP1252" }).text, "€");
  });

  it("says what cannot be read, and reads the rest", () => {
    const broken = decodeManifest(bytes("a", [0xff], "b"));
    assert.deepEqual(
      [broken.text, broken.lossless, broken.problem?.code],
      ["a\ufffdb", false, "undecodable"],
    );
    assert.equal(decodeManifest(bytes("# coding: no-such\n")).problem?.code, "unknown-encoding");
    assert.equal(decodeManifest(bytes("# coding: ascii\n", [0xff])).problem?.code, "undecodable");
    assert.equal(decodeManifest(bytes("# coding: utf-8\n", [0xff])).problem?.code, "undecodable");
    assert.equal(decodeManifest(bytes([0xff, 0xfe, 0, 0, 0, 0xd8, 0, 0, 1])).lossless, false);
    assert.equal(decodeManifest(bytes([0xef, 0xbb, 0xbf, 0xff])).problem?.code, "undecodable");
  });

  it("does not write what an encoding cannot say", () => {
    assert.equal(encodeManifest("é", decodeManifest(bytes("# coding: ascii\n"))), undefined);
    assert.equal(encodeManifest("€", decodeManifest(bytes("# coding: latin-1\n"))), undefined);
    assert.equal(encodeManifest("日", decodeManifest(bytes("# coding: cp1252\n"))), undefined);
    assert.equal(encodeManifest("\ud800", decodeManifest(bytes("x"))), undefined);
  });
});
