// Wheel variants (draft PEP 825): labels in file names, the file that says what they stand for, and which an environment takes.
import { readWheelFilename } from "./filename.ts";

/** Namespace, feature, values. Of an environment: from best to least. */
export type VariantProperties = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

/** `{name}-{version}-variants.json`, or `variant.json` of a wheel. */
export interface VariantsFile {
  readonly namespaces: readonly string[];
  /** Order that a package gives the features of a namespace; what is not in it follows in the environment's order. */
  readonly features: Readonly<Record<string, readonly string[]>>;
  readonly values: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
  readonly variants: Readonly<Record<string, VariantProperties>>;
}

/** The label of the variant without properties, which every environment takes. */
export const NULL_VARIANT = "null";

const LABEL = /^[0-9a-z_.]+$/;
const INTERPRETER = /^(?:py|cp|pp|ip|jy|graalpy|pyston)\d*$/i;

/**
 * Takes a wheel's name with a variant label apart: `numpy-2.3.2-cp313-cp313-linux_x86_64-x86_64_v3.whl`. Undefined of every other
 * name; six parts are a build tag's where the third begins with a digit.
 */
export function splitVariant(
  filename: string,
): { readonly plain: string; readonly label: string } | undefined {
  if (!filename.endsWith(".whl") || !hasSixParts(filename)) return undefined;
  const parts = filename.slice(0, -4).split("-");
  const hasBuild = /^\d/.test(parts[2] ?? "");
  if (parts.length !== (hasBuild ? 7 : 6)) return undefined;
  const label = parts.pop()!;
  const python = parts.at(-3) ?? "";
  if (!LABEL.test(label) || !python.split(".").every((tag) => INTERPRETER.test(tag))) return undefined;
  const plain = `${parts.join("-")}.whl`;
  return readWheelFilename(plain).ok ? { plain, label } : undefined;
}

/** Nearly every wheel has fewer, and pages list thousands of them: it is seen without taking the name apart. */
function hasSixParts(filename: string): boolean {
  let at = -1;
  for (let dashes = 0; dashes < 5; dashes++) {
    at = filename.indexOf("-", at + 1);
    if (at < 0) return false;
  }
  return true;
}

/** The name of the file beside a release's wheels, by a wheel of it. Undefined of a wheel that has no variant label. */
export function variantsFileName(filename: string): string | undefined {
  const split = splitVariant(filename);
  const [name, version] = split?.plain.split("-") ?? [];
  return name === undefined || version === undefined ? undefined : `${name}-${version}-variants.json`;
}

const SCHEMAS =
  /^https:\/\/(?:variants-schema\.wheelnext\.dev|packaging\.python\.org)\/(?:[\w./-]*\/)?v?(?:0\.0\.[23]|0\.1\.[01]|1\.0\.0)(?:\.json)?$/;

/** Reads the file. Undefined where it is none, or of a form that is not known: then its variants are not taken. */
export function readVariantsFile(text: string): VariantsFile | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isTable(value) || typeof value.$schema !== "string" || !SCHEMAS.test(value.$schema)) return undefined;
  const priorities = value["default-priorities"];
  if (!isTable(priorities) || !isTexts(priorities.namespace)) return undefined;
  const features = priorities.feature ?? {};
  const values = priorities.property ?? {};
  if (!isTable(features) || !Object.values(features).every(isTexts)) return undefined;
  if (!isTable(values) || !Object.values(values).every(isFeatures)) return undefined;
  const { variants } = value;
  if (!isTable(variants)) return undefined;
  for (const [label, properties] of Object.entries(variants)) {
    if (!LABEL.test(label) || !isTable(properties) || !Object.values(properties).every(isFeatures))
      return undefined;
  }
  return {
    namespaces: priorities.namespace,
    features: features as VariantsFile["features"],
    values: values as VariantsFile["values"],
    variants: variants as VariantsFile["variants"],
  };
}

type Table = Readonly<Record<string, unknown>>;
const isTable = (value: unknown): value is Table =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((one) => typeof one === "string");
const isFeatures = (value: unknown): boolean => isTable(value) && Object.values(value).every(isTexts);

type Key = readonly [namespace: number, feature: number, value: number];

/**
 * The labels that an environment takes, best first (draft PEP 825, "Variant ordering"). A variant fits where of each of its features
 * at least one value is among the environment's; the null variant always does, and is the last.
 */
export function orderVariants(file: VariantsFile, environment: VariantProperties): string[] {
  const order = new Order(file, environment);
  const fitting: { label: string; keys: readonly Key[] }[] = [];
  for (const [label, properties] of Object.entries({ ...file.variants, [NULL_VARIANT]: {} })) {
    const keys = order.keysOf(properties);
    if (keys) fitting.push({ label, keys });
  }
  fitting.sort((a, b) => compareKeys(a.keys, b.keys) || (a.label < b.label ? -1 : 1));
  return fitting.map(({ label }) => label);
}

/** The properties of a variant that an environment has, each as `namespace :: feature :: value` (draft PEP 825). */
export function propertiesOf(file: VariantsFile, label: string, environment: VariantProperties): string[] {
  return Object.entries(file.variants[label] ?? {}).flatMap(([namespace, features]) =>
    Object.entries(features).flatMap(([feature, values]) =>
      values
        .filter((value) => environment[namespace]?.[feature]?.includes(value))
        .map((value) => `${namespace} :: ${feature} :: ${value}`),
    ),
  );
}

class Order {
  readonly #file: VariantsFile;
  readonly #environment: VariantProperties;

  constructor(file: VariantsFile, environment: VariantProperties) {
    this.#file = file;
    this.#environment = environment;
  }

  /** One key per feature, best first; undefined where a feature fits in no value, or its namespace has no place in the order. */
  keysOf(properties: VariantProperties): Key[] | undefined {
    const keys: Key[] = [];
    for (const [namespace, features] of Object.entries(properties)) {
      const at = this.#file.namespaces.indexOf(namespace);
      if (at < 0) return undefined;
      for (const [feature, values] of Object.entries(features)) {
        const has = this.#environment[namespace]?.[feature] ?? [];
        const fitting = values.filter((value) => has.includes(value));
        if (fitting.length === 0) return undefined;
        const ranks = fitting.map((value) => this.#valueOrder(namespace, feature).indexOf(value));
        keys.push([at, this.#featureOrder(namespace).indexOf(feature), Math.min(...ranks)]);
      }
    }
    return keys.sort(compareKey);
  }

  #featureOrder(namespace: string): string[] {
    const own = Object.keys(this.#environment[namespace] ?? {});
    return [...new Set([...(this.#file.features[namespace] ?? []), ...own])];
  }

  #valueOrder(namespace: string, feature: string): string[] {
    const own = this.#environment[namespace]?.[feature] ?? [];
    return [...new Set([...(this.#file.values[namespace]?.[feature] ?? []), ...own])];
  }
}

function compareKey(a: Key, b: Key): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
}

/** The first difference decides; where one list ends first, the longer one asks for more and goes first. */
function compareKeys(a: readonly Key[], b: readonly Key[]): number {
  for (let at = 0; at < Math.min(a.length, b.length); at++) {
    const difference = compareKey(a[at]!, b[at]!);
    if (difference !== 0) return difference;
  }
  return b.length - a.length;
}
