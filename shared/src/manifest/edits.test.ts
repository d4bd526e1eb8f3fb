// Edits: minimal, in the person's style, idempotent, or refused with a reason.
import assert from "node:assert/strict";
import fc from "fast-check";
import { tomlForTests } from "../../../test/support/toml.ts";
import {
  applyEdits,
  type EditPlan,
  planHashes,
  planIgnore,
  planPin,
  planRemoveEntry,
  planRename,
  planRepair,
  planRepairOperator,
  planReplaceClause,
  planSpecifier,
} from "./edits.ts";
import type { Manifest, ManifestEntry, RequirementEntry } from "./model.ts";
import { readPipfile } from "./pipfile.ts";
import { readPipfileLock } from "./pipfileLock.ts";
import { readRequirements } from "./requirements.ts";
import type { TomlParser } from "./toml.ts";

type Plan = (manifest: Manifest, entry: RequirementEntry) => EditPlan;

let toml: TomlParser;
before(async () => {
  toml = await tomlForTests();
});

function isRequirement(entry: ManifestEntry): entry is RequirementEntry {
  return entry.kind === "requirement" || entry.kind === "constraint";
}

function read(text: string): Manifest {
  return /^\s*\[(?!\w+\]==)/m.test(text)
    ? readPipfile(text, toml)
    : readRequirements(text, { kind: "requirements" });
}

function entryOf(manifest: Manifest, at = 0): RequirementEntry {
  return manifest.entries.filter(isRequirement)[at]!;
}

/** Applies a plan to the first entry, and again to what comes out: the second time nothing may change. */
function edited(text: string, plan: Plan, once = false): string {
  const manifest = read(text);
  const made = plan(manifest, entryOf(manifest));
  assert.ok(made.ok, made.ok ? "" : made.error.message);
  const after = applyEdits(text, made.value);
  if (!once) {
    const again = read(after);
    const second = plan(again, entryOf(again));
    assert.ok(second.ok);
    assert.equal(applyEdits(after, second.value), after);
  }
  return after;
}

function refused(text: string, plan: Plan): string {
  const manifest = read(text);
  const made = plan(manifest, entryOf(manifest));
  assert.ok(!made.ok);
  assert.match(made.error.message, /^\S.*\.$/);
  return made.error.code;
}

const pin =
  (version: string, hashes?: readonly string[]): Plan =>
  (manifest, entry) =>
    planPin(manifest, entry, version, hashes);

describe("pinning", () => {
  const rows: readonly (readonly [string, string])[] = [
    ["flask", "flask==3.1.3"],
    ["flask>=2,<3", "flask==3.1.3"],
    ["flask >= 2, < 3  # web", "flask == 3.1.3  # web"],
    [
      "Flask[async] ; python_version < '3.12'\r\nnext\r\n",
      "Flask[async]==3.1.3 ; python_version < '3.12'\r\nnext\r\n",
    ],
    ["flask (>2)", "flask (==3.1.3)"],
    ["flask[]", "flask[]==3.1.3"],
    ["flask===2.0", "flask===3.1.3"],
    ["flask==3.1.3", "flask==3.1.3"],
    ["\ufeffflask>=1", "\ufeffflask==3.1.3"],
    ["flask \\\n  >=1 \\\n  # c\n", "flask \\\n  ==3.1.3 \\\n  # c\n"],
    ['[packages]\nflask = "*"\n', '[packages]\nflask = "==3.1.3"\n'],
    ["[packages]\nflask = '>=1'\n", "[packages]\nflask = '==3.1.3'\n"],
    [
      '[packages]\nflask = {version = "2.0", extras = ["a"]} # c\n',
      '[packages]\nflask = {version = "==3.1.3", extras = ["a"]} # c\n',
    ],
    [
      '[packages]\nflask = { extras = ["a"] }\n',
      '[packages]\nflask = { version = "==3.1.3", extras = ["a"] }\n',
    ],
    ["[packages]\nflask = {}\n", '[packages]\nflask = {version = "==3.1.3"}\n'],
    ['[packages.flask]\nextras = ["a"]\n', '[packages.flask]\nversion = "==3.1.3"\nextras = ["a"]\n'],
    ["[packages.flask]", '[packages.flask]\nversion = "==3.1.3"\n'],
    ['[packages.flask]\r\nversion = "*"\r\n', '[packages.flask]\r\nversion = "==3.1.3"\r\n'],
    ['[packages]\nflask.extras = ["a"]\n', '[packages]\nflask.version = "==3.1.3"\nflask.extras = ["a"]\n'],
  ];
  for (const [before, after] of rows) {
    it(`makes ${JSON.stringify(after)} of ${JSON.stringify(before)}`, () => {
      assert.equal(edited(before, pin("3.1.3")), after);
    });
  }

  it("is refused with the reason where a version cannot be chosen", () => {
    assert.equal(refused("flask @ https://h/x.zip", pin("1.0")), "direct-reference");
    assert.equal(refused("./flask", pin("1.0")), "direct-reference");
    assert.equal(refused("flask = 1", pin("1.0")), "not-understood");
    assert.equal(refused("flask", pin("not a version")), "invalid-version");
    assert.equal(refused("flask==1 --hash=sha256:aa", pin("1.0")), "hashes-needed");
    assert.equal(refused('[packages]\nflask = {git = "https://h/r"}\n', pin("1.0")), "direct-reference");
  });

  it("is refused in a lock", () => {
    const text = '{"_meta": {}, "default": {"flask": {"version": "==1.0"}}, "develop": {}}';
    const manifest = readPipfileLock(text);
    const plan = planPin(manifest, entryOf(manifest), "2.0");
    assert.equal(plan.ok ? "" : plan.error.code, "lock-file");
  });

  it("carries the hashes along, one in each line as they stood", () => {
    const before =
      "flask==1.0 \\\r\n    --hash=sha256:aa \\\r\n    --hash=sha256:bb\r\n    # via x\r\nnext==1\r\n";
    const after =
      "flask==2.0 \\\r\n    --hash=sha256:cc \\\r\n    --hash=sha256:dd \\\r\n    --hash=sha256:ee\r\n    # via x\r\nnext==1\r\n";
    assert.equal(edited(before, pin("2.0", ["sha256:dd", "sha256:cc", "sha256:ee"])), after);
  });
});

describe("specifiers and clauses", () => {
  it("are replaced in the style of the line", () => {
    assert.equal(
      edited("a >= 1, < 2", (m, e) => planSpecifier(m, e, ">=1.5,<3")),
      "a >= 1.5, < 3",
    );
    assert.equal(
      edited("a  >=1 ; os_name=='nt'", (m, e) => planSpecifier(m, e, "")),
      "a ; os_name=='nt'",
    );
    assert.equal(
      edited("a", (m, e) => planSpecifier(m, e, "")),
      "a",
    );
    assert.equal(
      edited('[packages]\na = ">=1"\n', (m, e) => planSpecifier(m, e, "")),
      '[packages]\na = "*"\n',
    );
    assert.equal(
      edited("[packages]\na = {editable = false}\n", (m, e) => planSpecifier(m, e, "")),
      "[packages]\na = {editable = false}\n",
    );
  });

  it("are refused where they would break the line", () => {
    assert.equal(
      refused("a>=1", (m, e) => planSpecifier(m, e, ">=1 # x")),
      "invalid-specifier",
    );
    assert.equal(
      refused("a>=1", (m, e) => planSpecifier(m, e, "nonsense")),
      "invalid-specifier",
    );
    assert.equal(
      refused("a==1 --hash=sha256:aa", (m, e) => planSpecifier(m, e, "==2")),
      "hashes-needed",
    );
  });

  it("lose or change one clause and keep the others", () => {
    const clause =
      (at: number, text: string): Plan =>
      (m, e) =>
        planReplaceClause(m, e, e.specifier.clauses[at]!, text);
    assert.equal(edited("a >=1, <2, !=1.5", clause(1, "<3"), true), "a >=1, <3, !=1.5");
    assert.equal(edited("a >=1, <2, !=1.5", clause(1, ""), true), "a >=1, !=1.5");
    assert.equal(edited("a >=1, <2", clause(0, ""), true), "a <2");
    assert.equal(edited("a >= 1", clause(0, ">=2"), true), "a >= 2");
    assert.equal(edited("a>=1", clause(0, ""), true), "a");
    assert.equal(refused("a>=1,<2", clause(0, "zzz")), "invalid-specifier");
    assert.equal(refused("a>=1,<2 --hash=sha256:aa", clause(0, ">2")), "hashes-needed");
    const stranger = {
      operator: "==",
      version: "1",
      span: { start: 90, end: 93 },
      versionSpan: { start: 92, end: 93 },
    } as const;
    assert.equal(
      refused("a>=1", (m, e) => planReplaceClause(m, e, stranger, "")),
      "not-understood",
    );
  });
});

describe("renaming", () => {
  it("writes the name alone anew", () => {
    const rename =
      (name: string): Plan =>
      (m, e) =>
        planRename(m, e, name);
    assert.equal(edited("sklearn[x]>=1 # c", rename("scikit-learn")), "scikit-learn[x]>=1 # c");
    assert.equal(edited('[packages]\na = "*"\n', rename("b.c")), '[packages]\n"b.c" = "*"\n');
    assert.equal(edited('[packages]\n"a" = "*"\n', rename("b.c")), '[packages]\n"b.c" = "*"\n');
    assert.equal(refused("./a", rename("b")), "no-name");
    assert.equal(refused("a", rename("b c")), "invalid-name");
    assert.equal(refused("a = 1", rename("b")), "not-understood");
  });
});

describe("removing", () => {
  const rows: readonly (readonly [string, string])[] = [
    ["a==1\nb\n", "b\n"],
    ["a==1  # c\r\nb\r\n", "b\r\n"],
    ["  a \\\n  --hash=sha256:aa \\\n  --hash=sha256:bb\n    # via\n    #   x\nb\n", "b\n"],
    ["a", ""],
    ['[packages]\na = "*" # c\nb = "*"\n', '[packages]\nb = "*"\n'],
    ['[packages.a]\nversion = "*"\n[dev-packages]\nb = "*"\n', '[dev-packages]\nb = "*"\n'],
  ];
  for (const [before, after] of rows) {
    it(`makes ${JSON.stringify(after)} of ${JSON.stringify(before)}`, () => {
      assert.equal(edited(before, planRemoveEntry, true), after);
    });
  }

  it("is refused where others share the line", () => {
    assert.equal(refused('packages = {a = "*", b = "*"}\n[requires]\n', planRemoveEntry), "not-alone");
    assert.equal(refused("a = 1", planRemoveEntry), "not-understood");
  });
});

describe("hashes", () => {
  const hashes =
    (...list: string[]): Plan =>
    (m, e) =>
      planHashes(m, e, list);

  it("are added as pip-compile writes them", () => {
    const after = "a==1 \\\r\n    --hash=sha256:aa \\\r\n    --hash=sha256:bb # c\r\n";
    assert.equal(edited("a==1 # c\r\n", hashes("sha256:bb", "sha256:aa")), after);
  });

  it("keep their order where it was no sorted one", () => {
    assert.equal(
      edited("a --hash=sha256:cc --hash=sha256:aa", hashes("sha256:aa", "sha256:bb", "sha256:cc")),
      "a --hash=sha256:cc --hash=sha256:aa --hash=sha256:bb",
    );
    assert.equal(
      edited("a --hash=sha256:aa", hashes("sha256:aa", "sha256:bb")),
      "a --hash=sha256:aa --hash=sha256:bb",
    );
    assert.equal(
      edited("a \\\n --hash sha256:aa", hashes("sha256:bb", "sha256:cc")),
      "a \\\n --hash sha256:bb \\\n --hash sha256:cc",
    );
  });

  it("are replaced within a Pipfile's list", () => {
    const before = '[packages]\na = {version = "==1", hashes = ["sha256:aa"]}\n';
    assert.equal(
      edited(before, hashes("sha256:bb", "sha256:cc")),
      '[packages]\na = {version = "==1", hashes = ["sha256:bb", "sha256:cc"]}\n',
    );
  });

  it("are refused where they cannot be written", () => {
    assert.equal(refused("a", hashes()), "invalid-hash");
    assert.equal(refused("a", hashes("md5:aa")), "invalid-hash");
    assert.equal(refused("-e git+https://h/r#egg=a", hashes("sha256:aa")), "direct-reference");
    assert.equal(refused('[packages]\na = "*"\n', hashes("sha256:aa")), "not-understood");
    assert.equal(
      refused("a --hash=sha256:aa -C x=y --hash=sha256:bb", hashes("sha256:cc")),
      "not-understood",
    );
    assert.equal(refused("a '--hash=sha256:aa'", hashes("sha256:cc")), "not-understood");
  });
});

describe("silencing", () => {
  const ignore: Plan = (m, e) => planIgnore(m, e, "yanked-release");
  const rows: readonly (readonly [string, string])[] = [
    ["a==1\n", "a==1  # thoth: ignore[yanked-release]\n"],
    ["a==1 # why\n", "a==1 # why  # thoth: ignore[yanked-release]\n"],
    ["a # thoth: ignore[x]\n", "a # thoth: ignore[x, yanked-release]\n"],
    ["a # thoth: ignore[x,y]\n", "a # thoth: ignore[x,y,yanked-release]\n"],
    ["a # thoth: ignore\n", "a # thoth: ignore\n"],
    ["a \\\n  --hash=sha256:aa\nb\n", "a \\\n  --hash=sha256:aa  # thoth: ignore[yanked-release]\nb\n"],
    ['[packages]\na = "*"\n', '[packages]\na = "*"  # thoth: ignore[yanked-release]\n'],
    ['[packages.a]\nversion = "*"\n', '[packages.a]  # thoth: ignore[yanked-release]\nversion = "*"\n'],
  ];
  for (const [before, after] of rows) {
    it(`makes ${JSON.stringify(after)} of ${JSON.stringify(before)}`, () => {
      assert.equal(edited(before, ignore), after);
      const silenced = entryOf(read(after)).ignores!;
      assert.ok(silenced.length === 0 || silenced.includes("yanked-release"));
    });
  }

  it("is refused where it cannot stand", () => {
    assert.equal(
      refused("a", (m, e) => planIgnore(m, e, "no rule")),
      "invalid-rule",
    );
    assert.equal(refused("a # c \\\nmore\n", ignore), "not-understood");
    assert.equal(refused('packages = {a = "*", b = "*"}\n[requires]\n', ignore), "not-alone");
  });
});

describe("repairs", () => {
  const rows: readonly (readonly [string, string, string])[] = [
    ["flask = 1.0 # c", "flask == 1.0 # c", "Replace = with =="],
    ["flask=>1.0", "flask>=1.0", "Replace => with >="],
    ["flask ~> 1.0", "flask ~= 1.0", "Replace ~> with ~="],
    ["flask>=1 <2", "flask>=1, <2", "Put a comma between the clauses"],
    ["flask 1.0", "flask==1.0", "Write flask==1.0"],
    ["flask[a] 1.0", "flask[a]==1.0", "Write flask[a]==1.0"],
    ["flask>=1.0.*", "flask>=1.0", "Write flask>=1.0"],
    ['"flask==1.0"', "flask==1.0", "Write flask==1.0"],
    ["flask=1 ; os_name == 'nt'", "flask==1 ; os_name == 'nt'", "Replace = with =="],
    ['[packages]\nflask = "=>1.0"\n', '[packages]\nflask = ">=1.0"\n', "Replace => with >="],
  ];
  for (const [before, after, title] of rows) {
    it(`makes ${JSON.stringify(after)} of ${JSON.stringify(before)}`, () => {
      const manifest = read(before);
      const plan = planRepair(manifest, manifest.errors[0]!);
      assert.equal(plan && applyEdits(before, plan.edits), after);
      assert.equal(plan?.title, title);
      assert.deepEqual(read(after).errors, []);
      assert.equal(edited(before, planRepairOperator), after);
    });
  }

  it("are not offered where more than one reading is left, or none", () => {
    for (const text of [
      "flask bar",
      "flask==\u0024{X} 1",
      "-e flask = 1",
      "./x y = 1",
      "foo --unknown",
      "flask[",
      "[packages]\na = 1\n",
    ]) {
      const manifest = read(text);
      for (const error of manifest.errors) assert.equal(planRepair(manifest, error), undefined, text);
    }
    const manifest = read("-r x y\n--unknown\n");
    for (const error of manifest.errors) assert.equal(planRepair(manifest, error), undefined);
    assert.equal(refused("flask bar", planRepairOperator), "not-understood");
  });
});

describe("applying edits", () => {
  it("throws where edits overlap or lie outside", () => {
    const edit = (start: number, end: number) => ({ span: { start, end }, newText: "x" });
    assert.throws(() => applyEdits("abc", [edit(0, 2), edit(1, 3)]), RangeError);
    assert.throws(() => applyEdits("abc", [edit(0, 9)]), RangeError);
    assert.equal(applyEdits("abc", [edit(2, 3), edit(0, 1)]), "xbx");
  });
});

describe("every edit of generated lines", () => {
  const word = fc.constantFrom("flask", "Flask_x", "a.b-c", "zope.interface");
  const space = fc.constantFrom("", " ", "  ");
  const line = fc
    .tuple(
      word,
      fc.constantFrom("", "[a]", "[a, b]", " [x]"),
      space,
      fc.constantFrom("", ">=1", "== 1.0", ">=1,<2", "~=1.4, !=1.5", "===1"),
      fc.constantFrom("", ";os_name=='nt'", " ; python_version < '3'"),
      fc.constantFrom("", "  # c", " # thoth: ignore[x]"),
    )
    .map((parts) => parts.join(""));
  const file = fc.tuple(fc.array(line, { minLength: 1, maxLength: 4 }), fc.constantFrom("\n", "\r\n", "\r"));

  it("gives the wanted specifier, everything else as it was, and nothing the second time", () => {
    fc.assert(
      fc.property(file, fc.nat(3), ([lines, end], pick) => {
        const text = lines.join(end);
        const manifest = readRequirements(text, { kind: "requirements" });
        const at = pick % lines.length;
        const entry = entryOf(manifest, at);
        const plan = planPin(manifest, entry, "9.9");
        assert.ok(plan.ok);
        const after = readRequirements(applyEdits(text, plan.value), { kind: "requirements" });
        const changed = entryOf(after, at);
        assert.deepEqual(
          changed.specifier.clauses.map((clause) => clause.version),
          ["9.9"],
        );
        assert.deepEqual(
          changed.extras.map((extra) => extra.text),
          entry.extras.map((extra) => extra.text),
        );
        assert.equal(changed.name!.text, entry.name!.text);
        assert.equal(changed.comment?.text, entry.comment?.text);
        assert.equal(changed.marker === undefined, entry.marker === undefined);
        assert.deepEqual(after.errors, []);
        const others = (each: Manifest) => each.text.split(end).filter((_, number) => number !== at);
        assert.deepEqual(others(after), others(manifest));
        const again = planPin(after, changed, "9.9");
        assert.deepEqual(again.ok && again.value, []);
      }),
      { numRuns: 500 },
    );
  });

  it("silences, and removing takes that entry and no other", () => {
    fc.assert(
      fc.property(file, fc.nat(3), ([lines, end], pick) => {
        const text = lines.join(end);
        const manifest = readRequirements(text, { kind: "requirements" });
        const at = pick % lines.length;
        const silence = planIgnore(manifest, entryOf(manifest, at), "some-rule");
        assert.ok(silence.ok);
        const silenced = readRequirements(applyEdits(text, silence.value), { kind: "requirements" });
        assert.ok(entryOf(silenced, at).ignores!.includes("some-rule"));
        const removal = planRemoveEntry(manifest, entryOf(manifest, at));
        assert.ok(removal.ok);
        const left = readRequirements(applyEdits(text, removal.value), { kind: "requirements" });
        const names = (each: Manifest) => each.entries.filter(isRequirement).map((entry) => entry.name!.text);
        assert.deepEqual(
          names(left),
          names(manifest).filter((_, number) => number !== at),
        );
      }),
      { numRuns: 300 },
    );
  });
});
