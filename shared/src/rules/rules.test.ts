import assert from "node:assert/strict";
import { tomlForTests } from "../../../test/support/toml.ts";
import { applyEdits } from "../manifest/edits.ts";
import { readPipfile } from "../manifest/pipfile.ts";
import { readPipfileLock } from "../manifest/pipfileLock.ts";
import { readPylock } from "../manifest/pylock.ts";
import type { ManifestTree } from "../manifest/treeModel.ts";
import { describeRequirement, findingsOf, wantedProjects } from "./index.ts";
import { fixesTold, inputOf, placedOn, project, told, treeOf } from "./testing/universe.ts";

const flask = project("flask", {
  "2.2.3": {},
  "2.2.5": { yanked: "broken wheel" },
  "2.3.3": {},
  "3.1.3": {},
  "4.0rc1": {},
});
const numpy = project("numpy", {
  "1.26.4": {},
  "2.3.5": {},
  "2.4.0": { obstacle: "python", requiresPython: ">=3.11" },
});
const tensorflow = project("tensorflow", {
  "2.15.0": { requires: ["numpy<2.0.0,>=1.23.5"] },
  "2.18.0": { requires: ["numpy<2.4,>=1.26"] },
});
const pandas = project("pandas", {
  "2.3.3": {},
  "3.0.1": { obstacle: "python", requiresPython: ">=3.11" },
});

describe("findings from the text alone", () => {
  it("tell clauses that exclude each other", () => {
    assert.deepEqual(told(inputOf("numpy>=2,<1.26\n", [numpy])), [
      "1 contradictory-specifier: No release of numpy matches >=2,<1.26: the two clauses exclude each other.",
    ]);
  });

  it("tell a package that is required twice, unless the markers exclude each other", () => {
    assert.deepEqual(told(inputOf("flask==3.1.3\nFlask==3.1.3\n", [flask])), [
      "2 duplicate-requirement: Flask is required twice: line 1 too.",
    ]);
    const apart = "flask==3.1.3; sys_platform == 'linux'\nflask==2.3.3; sys_platform == 'win32'\n";
    assert.deepEqual(told(inputOf(apart, [flask])), []);
  });

  it("tell requirements that hash mode refuses", () => {
    const digest = "a".repeat(64);
    const text = `flask==3.1.3 --hash=sha256:${digest}\nnumpy==2.3.5\npandas>=2 --hash=sha256:${digest}\n`;
    const rules = told(inputOf(text, [flask, numpy, pandas]));
    assert.ok(
      rules.includes(
        "2 missing-hash: numpy has no hash, and 2 other requirements have hashes: pip refuses the file.",
      ),
    );
    assert.ok(
      rules.includes(
        "3 unpinned-under-hashes: pandas has hashes and is not pinned with ==: pip refuses the file.",
      ),
    );
  });

  it("tell indexes over http, but not on this machine", () => {
    const text =
      "--index-url http://packages.example.com/simple\n--extra-index-url http://127.0.0.1:3141/simple\n";
    assert.deepEqual(told(inputOf(text, [])), [
      "1 insecure-source: --index-url is asked over http, which anyone on the way can change. Use https.",
    ]);
  });

  it("are silenced by a comment that names the rule, and counted", () => {
    const input = inputOf("flask==2.2.5  # thoth: ignore[yanked-release]\n", [flask]);
    assert.deepEqual(told(input), []);
    assert.equal(findingsOf(input).silenced, 1);
  });
});

describe("a Pipfile with its lock", () => {
  const source =
    '[[source]]\nname = "main"\nurl = "https://packages.example.com/simple"\nverify_ssl = true\n\n';
  const packages = '[packages]\nflask = "*"\n';
  const lockOf = (digest: string) =>
    JSON.stringify({
      _meta: { hash: { sha256: digest } },
      default: { flask: { version: "==2.2.5" } },
      develop: {},
    });

  async function tree(digest: string, pipfile = source + packages): Promise<ManifestTree> {
    const manifest = readPipfile(pipfile, await tomlForTests());
    const lock = readPipfileLock(lockOf(digest || manifest.pipfileHashes![0]!));
    return {
      root: "file:///w/Pipfile",
      files: [{ uri: "file:///w/Pipfile", manifest, as: "requirements" }],
      faults: [],
      companion: { uri: "file:///w/Pipfile.lock", manifest: lock, as: "requirements" },
    };
  }

  it("is told when the lock was made from another Pipfile, and only then", async () => {
    const input = inputOf("", [flask]);
    assert.deepEqual(told({ ...input, tree: await tree("0".repeat(64)) }), [
      "7 lock-out-of-date: Pipfile.lock was made from another Pipfile. Run pipenv lock.",
    ]);
    assert.deepEqual(told({ ...input, tree: await tree("") }), []);
  });

  it("is not told so where pip's configuration of whoever locked it counts", async () => {
    assert.deepEqual(told({ ...inputOf("", [flask]), tree: await tree("0".repeat(64), packages) }), []);
  });

  it("offers the locked release, unless something speaks against it", async () => {
    const input = { ...inputOf("", [flask]), tree: await tree("", packages) };
    assert.deepEqual(fixesTold(input, "flask"), [
      'Pin to 3.1.3 (newest compatible) → [packages]\nflask = "==3.1.3"\n',
      "Pin to 2.2.5 (locked) ✗ 2.2.5 is yanked.",
    ]);
  });
});

describe("findings from facts", () => {
  it("tell nothing of a yanked pin that the policy accepts, at that version alone and up to its day", () => {
    const input = inputOf("flask==2.2.5\n", [flask]);
    const toldUnder = (version: string, until: string) => {
      const acceptance = { rule: "yanked-release", package: "Flask", version, reason: "ours", until };
      const { findings, accepted } = findingsOf({
        ...input,
        snapshot: { ...input.snapshot, acceptances: [{ acceptance, from: ".thoth.yaml" }] },
      });
      return [findings.length, accepted];
    };
    assert.deepEqual(toldUnder("2.2.5", "2099-01-31"), [0, 1], "counted, and not told");
    assert.deepEqual(toldUnder("2.2.3", "2099-01-31"), [1, 0]);
    assert.deepEqual(toldUnder("2.2.5", "2020-01-31"), [1, 0]);
  });

  it("tell a yanked pin with its reason and the newest compatible release", () => {
    assert.deepEqual(told(inputOf("flask==2.2.5\n", [flask])), [
      '1 yanked-release: flask 2.2.5 is yanked: "broken wheel". Newest compatible release: 3.1.3.',
    ]);
  });

  it("tell a release that needs another Python", () => {
    assert.deepEqual(told(inputOf("pandas==3.0.1\n", [pandas])), [
      "1 python-incompatible: pandas 3.0.1 needs Python 3.11 or newer; this environment has 3.10. Newest compatible: 2.3.3.",
    ]);
  });

  it("tell what a pinned release needs and another line excludes, on the pinned line, linked to the other", () => {
    const input = inputOf({ "requirements.txt": "tensorflow==2.15.0\n", "requirements.in": "\nnumpy>=2\n" }, [
      tensorflow,
      numpy,
    ]);
    assert.deepEqual(told(input), [
      "1 conflicting-requirements: tensorflow 2.15.0 needs numpy <2.0.0,>=1.23.5; requirements.in line 2 asks for >=2.",
    ]);
    const [finding] = findingsOf(input).findings;
    assert.equal(finding?.related[0]?.uri, "file:///w/requirements.in");
    assert.equal(finding?.related[0]?.range.start.line, 1);
  });

  it("tell two lines that have no release in common", () => {
    const files = { "requirements.txt": "numpy>=2\n", "constraints.txt": "numpy<2\n" };
    assert.deepEqual(told(inputOf(files, [numpy])), [
      "1 conflicting-requirements: numpy >=2 and <2 (constraints.txt line 1) have no release in common.",
    ]);
  });

  it("tell an unknown project and a specifier that nothing matches", () => {
    const absent = project("flaks", {}, { state: "absent" });
    assert.deepEqual(told(inputOf("flaks\nflask==99\n", [absent, flask])), [
      "1 unknown-project: flaks is not on packages.example.com.",
      "2 no-matching-release: No release of flask matches ==99. Newest compatible: 3.1.3.",
    ]);
  });

  it("offer the name that was meant, unless hashes stand beside the mistyped one", () => {
    const meant = [{ name: "flask", how: "two characters are swapped" }];
    const absent = project("flaks", {}, { state: "absent", meant });
    const [finding] = findingsOf(inputOf("flaks[async]==1\n", [absent])).findings;
    assert.equal(finding?.message, "flaks is not on packages.example.com. One slip away: flask.");
    assert.deepEqual(
      finding?.fixes.map(({ kind, preferred, edits }) => [kind, preferred, edits[0]?.edits]),
      [["repair-name", true, [{ span: { start: 0, end: 5 }, newText: "flask" }]]],
    );
    const hashed = findingsOf(inputOf(`flaks==1 --hash=sha256:${"a".repeat(64)}\n`, [absent])).findings;
    assert.deepEqual(hashed.find(({ rule }) => rule === "unknown-project")?.fixes, []);
  });

  it("name the indexes that do not have a project, up to three", () => {
    const indexes = ["https://pypi.org/simple", "https://one.example/simple", "file:///opt/wheels"];
    const absentFrom = (places: string[]) => project("flaks", {}, { state: "absent", indexes: places });
    assert.deepEqual(told(inputOf("flaks\n", [absentFrom(indexes)])).slice(0, 1), [
      "1 unknown-project: flaks is not on pypi.org, one.example or file:///opt/wheels.",
    ]);
    const four = [...indexes, "https://two.example/simple"];
    assert.deepEqual(told(inputOf("flaks\n", [absentFrom(four)])).slice(0, 1), [
      "1 unknown-project: flaks is not on any of the 4 indexes.",
    ]);
    assert.deepEqual(told(inputOf("flaks\n", [absentFrom([])])).slice(0, 1), [
      "1 unknown-project: flaks is not on any index: none is asked.",
    ]);
  });

  it("never read a refused index as an unknown project", () => {
    const refused = project(
      "flask",
      {},
      {
        state: "failed",
        freshness: "failed",
        trouble: {
          code: "unauthorized",
          index: "https://packages.example.com",
          message: "Not checked: packages.example.com answered 401.",
          next: "Sign in, or remove the index.",
        },
      },
    );
    const input = inputOf("flask==1\n", [refused]);
    assert.deepEqual(told(input), [
      "1 index-refused: Not checked: packages.example.com answered 401. Sign in, or remove the index.",
    ]);
    assert.deepEqual(
      findingsOf(input).notChecked.map((item) => item.what),
      ["flask"],
    );
  });

  it("say nothing of a line that does not apply here", () => {
    assert.deepEqual(told(inputOf("pandas==3.0.1; sys_platform == 'win32'\n", [pandas])), []);
  });

  it("list what was not checked when nothing is known", () => {
    const { findings, notChecked } = findingsOf(inputOf("flask==1\n", []));
    assert.deepEqual(findings, []);
    assert.deepEqual(notChecked, [{ what: "flask", reason: "nothing was asked" }]);
  });

  it("tame what a stranger wrote", () => {
    const hostile = project("evil", { "1.0": { yanked: "\u001b[31mred\u202e \nnext" } });
    const [line] = told(inputOf("evil==1.0\n", [hostile]));
    assert.ok(line?.includes('"[31mred next"'), line);
  });
});

describe("fixes of a line", () => {
  it("pin to the newest compatible release and keep extras, marker, comment and spacing", () => {
    const text = "flask[async] == 2.2.3 ; python_version >= '3.8'  # web\n";
    assert.deepEqual(fixesTold(inputOf(text, [flask]), "flask"), [
      "Pin to 3.1.3 (newest compatible) → flask[async] == 3.1.3 ; python_version >= '3.8'  # web\n",
    ]);
  });

  it("replace a yanked pin by the nearest release first", () => {
    assert.deepEqual(fixesTold(inputOf("flask==2.2.5\n", [flask]), "flask"), [
      "Replace the yanked 2.2.5 with 2.3.3 (newest 2.x) → flask==2.3.3\n",
      "Pin to 3.1.3 (newest compatible) → flask==3.1.3\n",
    ]);
  });

  it("raise within and beyond a range", () => {
    assert.deepEqual(fixesTold(inputOf("flask>=2,<3\n", [flask]), "flask"), [
      "Pin to 3.1.3 (newest compatible) → flask==3.1.3\n",
      "Pin to 2.3.3 (newest within >=2,<3) → flask==2.3.3\n",
      "Raise to >=2,<4 (admits 3.1.3) → flask>=2,<4\n",
    ]);
  });

  it("meet every constraint that reaches the line", () => {
    const files = { "requirements.txt": "flask==2.2.3\n", "constraints.txt": "flask<3\n" };
    assert.deepEqual(fixesTold(inputOf(files, [flask]), "flask"), [
      "Pin to 2.3.3 (newest compatible) → flask==2.3.3\n",
    ]);
  });

  it("never pin against what another pinned release needs", () => {
    const input = inputOf("tensorflow==2.15.0\nnumpy==1.26.4\n", [tensorflow, numpy]);
    assert.deepEqual(fixesTold(input, "numpy"), []);
  });

  it("show a newer release that contradicts another line, disabled with its reason", () => {
    const input = inputOf("tensorflow==2.15.0\nnumpy<2\n", [
      project("tensorflow", { "2.15.0": { requires: ["numpy<2"] }, "2.19.0": { requires: ["numpy>=2"] } }),
      numpy,
    ]);
    assert.deepEqual(fixesTold(input, "tensorflow"), [
      "Pin to 2.19.0 (newest) ✗ 2.19.0 needs numpy >=2; line 2 asks for <2.",
    ]);
  });

  it("pin what is installed only where it is on the index and suits", () => {
    const input = inputOf("flask\n", [flask]);
    const environment = {
      ...input.snapshot.environment!,
      installed: [{ name: "Flask", normalizedName: "flask", version: "2.2.5" }],
    };
    const fixes = fixesTold({ ...input, snapshot: { ...input.snapshot, environment } }, "flask");
    assert.ok(fixes.includes("Pin to 2.2.5 (installed) ✗ 2.2.5 is yanked."), fixes.join("\n"));
  });

  it("take the hashes of the new release along", () => {
    const [old, next] = ["a".repeat(64), "b".repeat(64)];
    const hashed = project("flask", { "2.2.3": { sha256: old }, "3.1.3": { sha256: next } });
    const fixes = fixesTold(inputOf(`flask==2.2.3 \\\n    --hash=sha256:${old}\n`, [hashed]), "flask");
    assert.deepEqual(fixes, [
      `Pin to 3.1.3 (newest compatible) → flask==3.1.3 \\\n    --hash=sha256:${next}\n`,
    ]);
  });

  it("add to a line that lacks its hashes those of every file of its release, from the index that it comes from alone", () => {
    const [a, b, c, d] = ["a", "b", "c", "d"].map((digit) => digit.repeat(64)) as [
      string,
      string,
      string,
      string,
    ];
    const file = (filename: string, sha256: string, index: number) => ({
      filename,
      hashes: { sha256 },
      suits: true,
      index,
    });
    const click = project("click", { "8.1": { sha256: d } });
    const plain = project("flask", { "3.1.3": {} });
    const artifacts = [
      file("flask-3.1.3-py3-none-any.whl", b, 0),
      file("flask-3.1.3.tar.gz", a, 0),
      file("flask-3.1.3-py3-none-any.whl", c, 1),
    ];
    const flask = { ...plain, details: { "3.1.3": { ...plain.details["3.1.3"]!, artifacts } } };
    const text = `flask==3.1.3  # web\nclick==8.1 --hash=sha256:${d}\n`;
    const input = inputOf(text, [flask, click]);
    const [finding] = findingsOf(input).findings.filter(({ rule }) => rule === "missing-hash");
    const [fix] = finding?.fixes ?? [];
    assert.equal(fix?.title, "Add the hashes of flask 3.1.3 (2 files)");
    assert.equal(
      applyEdits(text, fix!.edits[0]!.edits),
      `flask==3.1.3 \\\n    --hash=sha256:${a} \\\n    --hash=sha256:${b}  # web\nclick==8.1 --hash=sha256:${d}\n`,
    );
    assert.ok(
      fixesTold(input, "flask").some((told) => told.startsWith("Add the hashes of flask 3.1.3 (2 files)")),
    );
    const bare = { ...artifacts[1]!, hashes: {} };
    const unknown = {
      ...plain,
      details: { "3.1.3": { ...plain.details["3.1.3"]!, artifacts: [artifacts[0]!, bare] } },
    };
    const [left] = findingsOf(inputOf(text, [unknown, click])).findings.filter(
      (one) => one.rule === "missing-hash",
    );
    assert.deepEqual(left?.fixes, [], "a file that no hash is known of would be refused");
  });

  it("refresh hash lines that are not those of the pinned release", () => {
    const [old, next] = ["a".repeat(64), "b".repeat(64)];
    const hashed = project("flask", { "3.1.3": { sha256: next } });
    const fixes = fixesTold(inputOf(`flask==3.1.3 \\\n    --hash=sha256:${old}\n`, [hashed]), "flask");
    assert.deepEqual(fixes, [
      `Refresh the hashes of flask 3.1.3 (1 file) → flask==3.1.3 \\\n    --hash=sha256:${next}\n`,
    ]);
  });
});

describe("the view of a line", () => {
  it("gives the verdict in its first sentence", () => {
    const input = inputOf("flask==2.2.3\n", [flask]);
    const view = describeRequirement(input, placedOn(input, "flask"));
    assert.equal(view.verdict, "flask 2.2.3 suits this environment; 3.1.3 is newer and outside ==2.2.3");
    assert.equal(view.newestCompatible?.version, "3.1.3");
  });

  it("says that it is still checking, and that nothing was asked", () => {
    const pending = inputOf("flask==2.2.3\n", [], { pending: true });
    assert.equal(describeRequirement(pending, placedOn(pending, "flask")).verdict, "flask: checking");
    const unasked = inputOf("flask==2.2.3\n", [], {
      unasked: { code: "untrusted", message: "the workspace is not trusted" },
    });
    assert.equal(
      describeRequirement(unasked, placedOn(unasked, "flask")).verdict,
      "flask was not checked: the workspace is not trusted",
    );
  });

  it("counts what a range admits", () => {
    const input = inputOf("flask>=2,<3\n", [flask]);
    assert.deepEqual(describeRequirement(input, placedOn(input, "flask")).admitted, {
      count: 3,
      total: 5,
      oldest: "2.2.3",
      newest: "2.3.3",
    });
  });
});

describe("what is wanted to be known", () => {
  it("names each project once with its pins and ranges", () => {
    const tree = treeOf("flask==2.2.3\nnumpy>=2 ; sys_platform == 'linux'\nnumpy<3\n./local\n");
    assert.deepEqual(wantedProjects(tree), [
      { name: "flask", versions: ["2.2.3"], specifiers: [] },
      { name: "numpy", versions: [], specifiers: [">=2", "<3"] },
    ]);
  });

  it("names the index that a pylock has for a package, which alone is asked for it", async () => {
    const text = `lock-version = "1.0"\ncreated-by = "tests"\n[[packages]]\nname = "acme"\nversion = "1.0"\nindex = "https://packages.example.com/simple"\n[[packages]]\nname = "flask"\nversion = "3.1.3"\n`;
    const manifest = readPylock(text, await tomlForTests());
    const tree: ManifestTree = {
      ...treeOf(""),
      files: [{ ...treeOf("").files[0]!, uri: "file:///pylock.toml", manifest }],
    };
    assert.deepEqual(
      wantedProjects(tree).map(({ name, source }) => [name, source]),
      [
        ["acme", "https://packages.example.com/simple"],
        ["flask", undefined],
      ],
    );
  });

  it("asks for the detail of what a fix would pin", () => {
    const input = inputOf("flask==2.2.3\n", [flask]);
    const [wanted] = wantedProjects(input.tree, input.snapshot);
    assert.deepEqual(wanted?.versions, ["2.2.3", "3.1.3"]);
  });
});
