// `thoth check --format sarif` against the schema of SARIF 2.1.0 itself, and `--format junit` as XML.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { ValidateFunction } from "ajv";
import { Parser } from "htmlparser2";
import { buildWheel, type RunningIndex, startIndex } from "../support/index.ts";
import { makePlace, type Place } from "./thoth.ts";

const require = createRequire(import.meta.url);

/** OASIS's schema, as Microsoft's matcher ships it. It is of JSON Schema's fourth draft. */
function sarifSchema(): ValidateFunction<unknown> {
  const { default: Ajv } = require("ajv-draft-04") as { default: typeof import("ajv-draft-04").default };
  const { default: formats } = require("ajv-formats") as { default: typeof import("ajv-formats").default };
  const path = require.resolve("@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json");
  // One of its patterns is none where patterns are read by Unicode.
  const ajv = new Ajv({ strict: false, allErrors: true, unicodeRegExp: false });
  formats(ajv as never);
  return ajv.compile(JSON.parse(readFileSync(path, "utf8"))) as ValidateFunction<unknown>;
}

describe("reports for other programs", () => {
  const isValid = sarifSchema();
  let index: RunningIndex;
  let refusing: RunningIndex;
  let place: Place;

  before(async () => {
    index = await startIndex({
      modern: {
        files: [
          { artifact: buildWheel({ name: "modern", version: "2.0" }), requiresPython: ">=3.13" },
          { artifact: buildWheel({ name: "modern", version: "1.0" }), requiresPython: ">=3.8" },
        ],
      },
      alpha: [buildWheel({ name: "alpha", version: "1.0", requires: ["modern<2"] })],
    });
    refusing = await startIndex({}, { misbehave: (_request, response) => !!response.writeHead(500).end() });
  });
  beforeEach(() => {
    place = makePlace();
  });
  afterEach(() => place.remove());
  after(async () => {
    await index.close();
    await refusing.close();
  });

  const sarif = async (...args: string[]) => {
    const { stdout, status } = await place.run(["check", "-q", "--format", "sarif", ...args]);
    const log = JSON.parse(stdout);
    const valid: boolean = isValid(log);
    assert.ok(valid, JSON.stringify(isValid.errors?.slice(0, 5), null, 1));
    return { run: log.runs[0], status };
  };

  it("the schema refuses what is no SARIF", () => {
    assert.equal(isValid({ version: "2.1.0", runs: [{ tool: {} }] }), false);
  });

  it("several files with fixes, related places, silenced findings and odd names are valid SARIF", async () => {
    place.write("requirements.txt", "-r more.txt\nalpha==1.0\n\nfalsk==1 # thoth: ignore[unknown-project]\n");
    place.write("more.txt", "modern==2.0 # \u{1f40d} é\r\nmodern==2.0\r\n");
    place.write("requirements/naïve name #1.txt", "nonesuch==1 ;\n");
    const { run, status } = await sarif("--index-url", index.url);
    assert.equal(status, 1);
    const { driver } = run.tool;
    assert.equal(driver.version, driver.semanticVersion);
    assert.match(driver.version, /^\d+\.\d+\.\d+/);
    assert.equal(run.columnKind, "utf16CodeUnits");
    assert.equal(run.properties.silenced, 1);
    const files = new Set<string>();
    for (const result of run.results) {
      const rule = driver.rules[result.ruleIndex];
      assert.equal(rule.id, result.ruleId);
      assert.match(rule.helpUri, new RegExp(`/docs/rules/${rule.id}\\.md$`));
      const { artifactLocation, region } = result.locations[0].physicalLocation;
      assert.ok(region.startLine >= 1 && region.startColumn >= 1);
      files.add(artifactLocation.uri);
    }
    assert.ok(files.has("more.txt"));
    assert.ok(files.has("requirements/na%C3%AFve%20name%20%231.txt"), [...files].join());
    assert.ok(run.results.some((result: { relatedLocations?: unknown[] }) => result.relatedLocations));
    assert.ok(run.results.some((result: { fixes?: unknown[] }) => result.fixes));
    const prints = run.results.map((result: { partialFingerprints: object }) =>
      JSON.stringify(result.partialFingerprints),
    );
    assert.equal(new Set(prints).size, prints.length);
  });

  it("what was not checked is a notification, and a check without findings has no results", async () => {
    place.write("requirements.txt", "modern==1.0\n");
    const { run, status } = await sarif("--index-url", refusing.url);
    assert.equal(status, 3);
    assert.deepEqual(
      run.results.map((result: { ruleId: string }) => result.ruleId),
      ["index-refused"],
    );
    const [notification] = run.invocations[0].toolExecutionNotifications;
    assert.match(notification.message.text, /^Not checked: modern: .*500/);
    assert.equal(notification.descriptor.id, run.tool.driver.notifications[0].id);
    const fine = await sarif("--index-url", index.url);
    assert.equal(fine.status, 0);
    assert.deepEqual(fine.run.results, []);
    assert.deepEqual(
      fine.run.invocations[0].toolExecutionNotifications.map(
        ({ message }: { message: { text: string } }) => message.text,
      ),
      ["Not checked: advisories: none stored; thoth knowledge update advisories"],
    );
  });

  it("an index on the network and an included address are told without their logins", async () => {
    place.write("requirements.txt", "-r http://ada:s3cret@127.0.0.1:1/base.txt\n");
    const { run } = await sarif("--offline");
    assert.doesNotMatch(JSON.stringify(run), /s3cret/);
  });

  it("JUnit is well-formed XML whose suites add up, whatever a manifest says", async () => {
    place.write("requirements.txt", 'modern==2.0\n"<&>\u0001 ]]>\nnonesuch==1\n');
    const { stdout } = await place.run(["check", "-q", "--format", "junit", "--index-url", index.url]);
    const open: string[] = [];
    const counts = new Map<string, number>();
    let tests = 0;
    const parser = new Parser(
      {
        onopentag(name, attributes) {
          open.push(name);
          counts.set(name, (counts.get(name) ?? 0) + 1);
          if (name === "testsuite") tests += Number(attributes.tests);
          if (name === "testsuites") assert.equal(attributes.name, "thoth check");
        },
        onclosetag(name) {
          assert.equal(open.pop(), name);
        },
      },
      { xmlMode: true, decodeEntities: true },
    );
    parser.end(stdout);
    assert.deepEqual(open, []);
    assert.equal(tests, counts.get("testcase"));
    assert.ok((counts.get("failure") ?? 0) >= 3);
    assert.doesNotMatch(stdout.replaceAll("\n", ""), /[\u0000-\u001f]/);
    assert.doesNotMatch(stdout, /&(?!amp;|lt;|gt;|quot;|#\d+;)/);
  });
});
