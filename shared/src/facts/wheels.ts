// Wheels of one release whose metadata disagree, as plain data and in words.

/** Wheels of one release that do not ask for the same: what is said of the release holds for one of them alone. */
export interface WheelDisagreement {
  /** PEP 503 form. */
  readonly name: string;
  readonly version: string;
  /** The file whose metadata was used. */
  readonly file: string;
  readonly others: readonly OtherWheel[];
}

/** What the metadata of another wheel says against the one that was used. */
export interface OtherWheel {
  readonly file: string;
  /** Requirements that it has and the used one has not. */
  readonly adds: readonly string[];
  readonly lacks: readonly string[];
  /** Its Requires-Python where that differs; empty where it has none. */
  readonly requiresPython?: string | undefined;
}

/** One disagreement as a sentence. */
export function sayDisagreement({ name, version, file, others }: WheelDisagreement): string {
  const [first, ...more] = others;
  const also = more.length > 0 ? `, and ${more.length} more` : "";
  return `the wheels of ${name} ${version} disagree: ${file} was read, and ${first!.file} ${sayOther(first!)}${also}.`;
}

/** `also needs colours >=2; does not need numbers; has Requires-Python >=3.9`. */
export function sayOther({ adds, lacks, requiresPython }: OtherWheel): string {
  const parts = [
    ...(adds.length > 0 ? [`also needs ${adds.join(", ")}`] : []),
    ...(lacks.length > 0 ? [`does not need ${lacks.join(", ")}`] : []),
    ...(requiresPython === undefined
      ? []
      : [`has ${requiresPython === "" ? "no" : ""} Requires-Python ${requiresPython}`]),
  ];
  return parts.map((part) => part.replace("  ", " ").trim()).join("; ");
}
