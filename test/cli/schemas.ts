// The published schemas of the forms that others read: SARIF 2.1.0 and CycloneDX 1.6, from the packages that bring them.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { ValidateFunction } from "ajv";

const require = createRequire(import.meta.url);

function compile(schema: object, others: readonly object[] = [], draft4 = false): ValidateFunction<unknown> {
  const { default: Ajv } = draft4
    ? (require("ajv-draft-04") as { default: typeof import("ajv").default })
    : (require("ajv") as { default: typeof import("ajv").default });
  const { default: formats } = require("ajv-formats") as { default: typeof import("ajv-formats").default };
  const ajv = new Ajv({ strict: false, allErrors: true, unicodeRegExp: false });
  formats(ajv as never);
  if (!draft4) (require("ajv-formats-draft2019") as (ajv: unknown) => void)(ajv);
  // That package takes no scheme with a plus in it, as in git+https (RFC 3986, section 3.1, has it).
  ajv.addFormat(
    "iri-reference",
    (text: string) => /^\S*$/.test(text) && URL.canParse(text, "https://e.example/"),
  );
  for (const other of others) ajv.addSchema(other);
  return ajv.compile(schema) as ValidateFunction<unknown>;
}

function readSchema(path: string): object {
  return JSON.parse(readFileSync(require.resolve(path), "utf8")) as object;
}

function checkWith(schema: () => ValidateFunction<unknown>): (document: unknown) => void {
  let compiled: ValidateFunction<unknown> | undefined;
  return (document) => {
    compiled ??= schema();
    const isValid: boolean = compiled(document);
    assert.ok(isValid, JSON.stringify(compiled.errors?.slice(0, 3), null, 1));
  };
}

/** Asserts that a document is SARIF. */
export const assertSarif = checkWith(() =>
  compile(readSchema("@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json"), [], true),
);

/** Asserts that a document is CycloneDX 1.6. */
export const assertCyclonedx = checkWith(() => {
  const library = join(
    dirname(require.resolve("@cyclonedx/cyclonedx-library/package.json")),
    "res",
    "schema",
  );
  return compile(
    readSchema(join(library, "bom-1.6.SNAPSHOT.schema.json")),
    // They are named by their files' names, and call themselves otherwise.
    ["spdx", "jsf-0.82"].map((name) => ({
      ...readSchema(join(library, `${name}.SNAPSHOT.schema.json`)),
      $id: `http://cyclonedx.org/schema/${name}.SNAPSHOT.schema.json`,
    })),
  );
});
