// Markers that ask for the variant of the wheel that they stand in (draft PEP 825, "Evaluating variant markers").
import { isVariantVariable, type Marker, type MarkerComparison, tryEvaluateMarker } from "./marker.ts";

/** What a wheel is of: nothing, of a wheel without a variant. */
export interface WheelVariant {
  readonly label: string;
  /** `namespace :: feature :: value`: those of the variant that the environment has. */
  readonly properties: readonly string[];
}

export const NO_VARIANT: WheelVariant = { label: "", properties: [] };

/** Whether a marker asks for the variant of its wheel. */
export function asksForVariant(marker: Marker): boolean {
  if (marker.kind === "constant") return false;
  if (marker.kind !== "comparison") return marker.operands.some(asksForVariant);
  return [marker.left, marker.right].some((side) => side.kind === "variable" && isVariantVariable(side.name));
}

/**
 * The marker with the answers of one wheel in place of what it asks of its variant: what is left holds for environments alone, as
 * every other marker does. A constant only where nothing else is left.
 */
export function settleVariant(marker: Marker, wheel: WheelVariant): Marker {
  if (marker.kind === "constant") return marker;
  if (marker.kind === "comparison") {
    if (!asksForVariant(marker)) return marker;
    return { kind: "constant", value: isMet(marker, wheel), span: marker.span };
  }
  const decides = marker.kind === "or";
  const operands: Marker[] = [];
  for (const operand of marker.operands) {
    const settled = settleVariant(operand, wheel);
    if (settled.kind !== "constant") operands.push(settled);
    else if (settled.value === decides) return { ...settled, span: marker.span };
  }
  const [only, ...more] = operands;
  if (only === undefined) return { kind: "constant", value: !decides, span: marker.span };
  return more.length === 0 ? only : { ...marker, operands };
}

/** A comparison without meaning counts as false. */
function isMet(comparison: MarkerComparison, { label, properties }: WheelVariant): boolean {
  const parts = properties.map((property) => property.split(" :: "));
  const result = tryEvaluateMarker(comparison, {
    variant_label: label,
    variant_namespaces: parts.map(([namespace]) => namespace!),
    variant_features: parts.map(([namespace, feature]) => `${namespace} :: ${feature}`),
    variant_properties: properties,
  });
  return result.ok && result.value;
}
