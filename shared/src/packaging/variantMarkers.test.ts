// Markers of draft PEP 825: each answered by one wheel, and what is left of them.
import assert from "node:assert/strict";
import { markerToString } from "./marker.ts";
import { readRequirement } from "./requirement.ts";
import { NO_VARIANT, settleVariant, type WheelVariant } from "./variantMarkers.ts";

const WHEEL = {
  label: "cu12",
  properties: ["nvidia :: cuda :: 12", "nvidia :: arch :: 90", "x86_64 :: level :: v3"],
};

function settled(marker: string, wheel: WheelVariant = WHEEL): string | boolean {
  const read = readRequirement(`a; ${marker}`, 0, true);
  assert.ok(read.ok, marker);
  const left = settleVariant(read.value.marker!, wheel);
  return left.kind === "constant" ? left.value : markerToString(left);
}

describe("a marker that asks for the variant of its wheel", () => {
  const rows: readonly (readonly [marker: string, ofVariant: string | boolean, ofNone: string | boolean])[] =
    [
      ['variant_label == "cu12"', true, false],
      ['variant_label != "cu12"', false, true],
      ['variant_label == ""', false, true],
      ['"nvidia" in variant_namespaces', true, false],
      ['"amd" not in variant_namespaces', true, true],
      ['"nvidia::cuda" in variant_features', true, false],
      ['"nvidia :: cuda ::12" in variant_properties', true, false],
      ['"nvidia :: cuda :: 13" in variant_properties', false, false],
      // Only membership can be asked of a set.
      ['variant_namespaces == "nvidia"', false, false],
      ['"nvidia" in variant_namespaces and python_version > "3"', 'python_version > "3"', false],
      ['"nvidia" in variant_namespaces or os_name == "nt"', true, 'os_name == "nt"'],
      ['os_name == "nt"', 'os_name == "nt"', 'os_name == "nt"'],
    ];
  for (const [marker, ofVariant, ofNone] of rows) {
    it(marker, () => {
      assert.equal(settled(marker), ofVariant);
      assert.equal(settled(marker, NO_VARIANT), ofNone);
    });
  }

  it("stands in the metadata of a wheel alone", () => {
    assert.equal(readRequirement('a; variant_label == "cu12"').ok, false);
  });
});
