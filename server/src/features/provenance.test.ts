// What the editor says of provenance: the line in the hover, and at most one diagnostic for a package.
import assert from "node:assert/strict";
import type { Diagnostic } from "vscode-languageserver";
import type { PackageProvenance, ProvenanceCheck } from "../../../shared/src/facts/provenance.ts";
import type { StackConflict } from "../../../shared/src/facts/stack.ts";
import { allAbilities } from "../model.ts";
import { codeActions } from "./codeActions.ts";
import { summaryOf } from "./codeLens.ts";
import { diagnostics } from "./diagnostics.ts";
import { hover } from "./hover.ts";
import { now, project, resolved, rootUri, viewOf } from "./testing.ts";

const HASH = `--hash=sha256:${"a".repeat(64)}`;
const abilities = { codeDescription: false, relatedInformation: false, diagnosticTags: [] } as never;

function check(
  rule: string,
  state: ProvenanceCheck["state"],
  more: Partial<ProvenanceCheck> = {},
): ProvenanceCheck {
  return { rule, state, message: `${rule} of flask.`, evidence: [], ...more };
}

function flask(checks: readonly ProvenanceCheck[], more: Partial<PackageProvenance> = {}): PackageProvenance {
  return {
    name: "flask",
    version: "2.2.3",
    indexes: ["https://index.test/simple/"],
    places: [],
    artifacts: [],
    dependsOn: [],
    checks: [...checks],
    ...more,
  };
}

function view(one: PackageProvenance, line = `flask==2.2.3 ${HASH}`) {
  const provenance = { packages: [one], files: [], basis: [], checked: now - 5 * 60_000 };
  return viewOf(`${line}\n`, { projects: [project("flask", ["2.2.3"])], snapshot: { provenance } });
}

const said = (one: PackageProvenance): string => hover(view(one), 1)?.markdown ?? "";
const told = (one: PackageProvenance, line?: string): string[] =>
  diagnostics(view(one, line), abilities, () => undefined).map(({ code, severity }) => `${severity} ${code}`);

describe("provenance in the editor", () => {
  const signer = {
    kind: "GitHub",
    name: "pallets/flask, publish.yaml",
    commit: "0123456789abcdef",
    time: "2026-11-20T10:00:00.000Z",
    checked: new Date(now).toISOString(),
  };

  it("says who built it, from which commit, when, expected by what, and when that was checked", () => {
    const line = said(
      flask([check("attestation", "passed")], { signer: { ...signer, expectedBy: "policy" } }),
    );
    assert.match(
      line,
      /From pallets\/flask, publish\\?\.yaml, attested at `0123456789` on 2026-11-20, as the policy expects · checked 5 minutes ago/,
    );
  });

  it("does not call attested what nothing expects, and says that none was published", () => {
    const line = said(
      flask([check("attestation", "passed")], { signer: { ...signer, expectedBy: "nothing" } }),
    );
    assert.match(line, /Signed by pallets\/flask, .*; nothing expects it/);
    assert.doesNotMatch(line, /attested/);
    assert.match(
      said(flask([check("attestation", "absent")])),
      /No attestation was published · checked 5 minutes ago/,
    );
    assert.match(
      said(flask([check("attestation", "absent", { labels: ["not-listed"] })])),
      /Its index lists no attestation · checked 5 minutes ago/,
    );
  });

  it("says what could not be checked and why, and leaves out what nobody asked for", () => {
    const line = said(
      flask([
        check("artifact-digest", "not-checked", { message: "flask 2.2.3: offline." }),
        check("archive-truth", "not-checked", { unasked: true }),
      ]),
    );
    assert.match(line, /Not checked: artifact-digest: offline/);
    assert.doesNotMatch(line, /archive-truth/);
  });

  it("does not say again that it is unknown who published what its index lists no attestation of", () => {
    const line = said(
      flask([
        check("attestation", "absent", { labels: ["not-listed"] }),
        check("publisher-continuity", "not-checked", {
          message: "it is not known whether its files are attested.",
        }),
        check("cool-down", "not-checked", { message: "its index does not tell when it was uploaded." }),
      ]),
    );
    assert.match(line, /Not checked: cool-down: its index does not tell when it was uploaded$/);
  });

  it("does not say twice that a source distribution is built", () => {
    const sdist = project("flask", [{ version: "2.2.3", artifact: "sdist" }]);
    const words = (checks: readonly ProvenanceCheck[]): string => {
      const provenance = { packages: [flask(checks)], files: [], basis: [], checked: now };
      const shown = viewOf(`flask==2.2.3 ${HASH}\n`, { projects: [sdist], snapshot: { provenance } });
      return hover(shown, 1)?.markdown ?? "";
    };
    assert.match(words([]), /Source distribution only: it is built here/);
    const told = check("runs-code-at-install", "failed", {
      severity: "information",
      message: "flask 2.2.3 has no wheel: installing it runs its build.",
    });
    assert.doesNotMatch(words([told]), /Source distribution only/);
    assert.match(words([told]), /has no wheel: installing it runs its build/);
  });

  it("names the checks that one reason stops, counts the others, and leaves it to the lens that no advisories are stored", () => {
    const line = said(
      flask([
        check("known-bad", "not-checked", {
          message: "Reports of malicious packages: none are stored; thoth knowledge update advisories.",
        }),
        check("artifact-digest", "not-checked", { message: "flask 2.2.3: offline." }),
        check("yanked-release", "not-checked", { message: "flask: offline." }),
        check("cool-down", "not-checked", { message: "flask 2.2.3: its index tells no upload time." }),
      ]),
    );
    assert.match(line, /Not checked: artifact-digest, yanked-release and 1 more: offline/);
    assert.doesNotMatch(line, /known-bad|advisories/);
  });

  it("shows one diagnostic for a package, the gravest, and none for what was accepted or is the index's", () => {
    const failed = (rule: string, severity: ProvenanceCheck["severity"], more = {}) =>
      check(rule, "failed", { severity, ...more });
    assert.deepEqual(
      told(
        flask([
          failed("cool-down", "information"),
          failed("publisher-continuity", "warning"),
          failed("artifact-digest", "error"),
          failed("index-policy", "error", { inherited: true }),
        ]),
      ),
      ["1 artifact-digest"],
    );
    const accepted = { reason: "known", from: ".thoth.yaml" };
    assert.deepEqual(told(flask([failed("artifact-digest", "error", { accepted })])), []);
    assert.deepEqual(told(flask([check("attestation", "absent")])), []);
  });

  it("does not say again, as the resolver does, that nothing can be installed of what no index has a file of", () => {
    const text = `flask==2.2.3 ${HASH}\n`;
    const one = flask([check("artifact-digest", "failed", { severity: "error" })]);
    const conflict: StackConflict = {
      kinds: ["hashes"],
      steps: [],
      causes: [
        {
          uri: rootUri,
          span: { start: 0, end: text.trimEnd().length },
          requirement: "flask==2.2.3",
          name: "flask",
          message:
            "flask ==2.2.3 cannot be met: no file of flask 2.2.3 has one of the hashes that are listed.",
        },
      ],
      relaxations: [],
      searching: false,
    };
    const snapshot = (packages: readonly PackageProvenance[]) => ({
      stack: resolved(text, { state: "conflict", conflict }),
      provenance: { packages, files: [], basis: [], checked: now },
    });
    const codes = (packages: readonly PackageProvenance[]) =>
      diagnostics(
        viewOf(text, { projects: [project("flask", ["2.2.3"])], snapshot: snapshot(packages) }),
        abilities,
        () => undefined,
      ).map(({ code }) => code);
    assert.deepEqual(codes([]), ["conflicting-requirements"]);
    assert.deepEqual(codes([one]), ["artifact-digest"]);
  });

  it("cannot be silenced by a comment where it is an error, and can where it is less", () => {
    const line = (rule: string): string => `flask==2.2.3 ${HASH}  # thoth: ignore[${rule}]`;
    const failed = (rule: string, severity: "error" | "warning") =>
      flask([check(rule, "failed", { severity })]);
    assert.deepEqual(told(failed("artifact-digest", "error"), line("artifact-digest")), [
      "1 artifact-digest",
    ]);
    assert.deepEqual(told(failed("publisher-continuity", "warning"), line("publisher-continuity")), []);
  });

  it("tells of a line that no digest holds only what is grave", () => {
    const checks = [
      check("cool-down", "failed", { severity: "information" }),
      check("name-confusion", "failed", { severity: "warning" }),
    ];
    assert.deepEqual(told(flask(checks), "flask==2.2.3"), ["2 name-confusion"]);
  });
});

describe("the lens and provenance", () => {
  const lens = (snapshot: object): string =>
    summaryOf(viewOf(`flask==2.2.3 ${HASH}\n`, { projects: [known], snapshot }));
  const advisories = { records: [], source: "osv.dev", asOf: now };
  const known = { ...project("flask", ["2.2.3"]), advisories };
  const provenance = { packages: [flask([])], files: [], basis: [], checked: now };

  it("is checking until it is known where the packages come from, and never says before that nothing is wrong", () => {
    assert.equal(lens({ tracing: true }), "1 package · checking");
    assert.equal(lens({ provenance }), "1 package · no finding");
  });

  it("counts what could not be checked", () => {
    const failure = "The runner is missing.";
    assert.equal(lens({ provenance: { ...provenance, packages: [], failure } }), "1 package · 1 not checked");
    const open = (more: Partial<ProvenanceCheck>) => ({
      ...provenance,
      packages: [flask([check("attestation", "not-checked", more)])],
    });
    assert.equal(lens({ provenance: open({ required: true }) }), "1 package · 1 not checked");
    assert.equal(lens({ provenance: open({}) }), "1 package · no finding");
  });
});

describe("quick fixes of provenance", () => {
  const text = `flask==2.2.3 ${HASH}\n`;
  const request = {
    range: { start: { line: 0, character: 1 }, end: { line: 0, character: 1 } },
    diagnostics: [],
  };
  const tools = { digest: () => "" };
  const actions = (ours: boolean, diagnostics: readonly Diagnostic[] = []) => {
    const evidence = [
      { source: "a", freshness: "fresh" as const },
      { source: "b", freshness: "fresh" as const },
    ];
    const checks = [
      check("artifact-on-several-indexes", "failed", { severity: "warning", evidence }),
      check("index-policy", "failed", { severity: "error", required: true }),
    ];
    const packages = [flask(checks)];
    const snapshot = { provenance: { packages, files: [], basis: [], checked: now } };
    const shown = viewOf(text, { projects: [project("flask", ["2.2.3"])], snapshot });
    return codeActions(shown, { ...request, diagnostics }, { ...allAbilities, ours }, tools);
  };

  it("offer to accept with a reason and a day, and to bind to an index; not to accept what a policy forbids", () => {
    const titles = actions(true).flatMap(({ title, command }) =>
      command?.command === "thoth.changePolicy" ? [title] : [],
    );
    assert.deepEqual(titles.sort(), [
      "Accept artifact-on-several-indexes of flask 2.2.3…",
      "Bind flask to index.test/simple",
    ]);
  });

  it("offer each once, and to bind to no place that has no file of the package", () => {
    const evidence = [
      { source: "a", freshness: "fresh" as const },
      { source: "b", freshness: "fresh" as const },
    ];
    const severity = "warning" as const;
    const checks = [
      check("artifact-digest", "failed", { severity, evidence }),
      check("artifact-on-several-indexes", "failed", { severity, evidence }),
    ];
    const indexes = ["https://index.test/simple/", "file:///wheels"];
    const packages = [flask(checks, { indexes })];
    const shown = viewOf(text, {
      projects: [project("flask", ["2.2.3"], { indexes })],
      snapshot: { provenance: { packages, files: [], basis: [], checked: now } },
    });
    const titles = codeActions(shown, request, { ...allAbilities, ours: true }, tools).flatMap(
      ({ title, command }) => (command?.command === "thoth.changePolicy" ? [title] : []),
    );
    assert.deepEqual(titles, [
      "Bind flask to index.test/simple",
      "Accept artifact-digest of flask 2.2.3…",
      "Accept artifact-on-several-indexes of flask 2.2.3…",
    ]);
  });

  it("silence comes last and answers no diagnostic, which an editor would put first; what no comment silences is not offered", () => {
    const given = [{ data: { rule: "artifact-on-several-indexes" } }, { data: { rule: "index-policy" } }];
    const start = { line: 0, character: 0 };
    const diagnostics = given.map((one) => ({ ...one, message: "", range: { start, end: start } }));
    const offered = actions(true, diagnostics);
    assert.equal(offered.at(-1)?.title, "Keep 2.2.3 and silence artifact-on-several-indexes");
    assert.equal(offered.at(-1)?.diagnostics, undefined);
    assert.ok(!offered.some(({ title }) => /silence index-policy/.test(title)));
  });

  it("are offered where our own commands are there to carry them out", () => {
    assert.ok(!actions(false).some(({ command }) => command?.command === "thoth.changePolicy"));
  });
});
