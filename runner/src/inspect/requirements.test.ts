// What is gathered from manifests, as pip is handed it.
import assert from "node:assert/strict";
import { readPipfile } from "../../../shared/src/manifest/pipfile.ts";
import { readPylock } from "../../../shared/src/manifest/pylock.ts";
import { readPyproject } from "../../../shared/src/manifest/pyproject.ts";
import { readRequirements } from "../../../shared/src/manifest/requirements.ts";
import type { ManifestTree } from "../../../shared/src/manifest/treeModel.ts";
import { tomlForTests } from "../../../test/support/toml.ts";
import { gatherRequirements } from "./requirements.ts";

function treeOf(text: string, constraints?: string): ManifestTree {
  return {
    root: "file:///r.txt",
    files: [
      {
        uri: "file:///r.txt",
        manifest: readRequirements(text, { kind: "requirements" }),
        as: "requirements",
      },
      ...(constraints === undefined
        ? []
        : [
            {
              uri: "file:///c.txt",
              manifest: readRequirements(constraints, { kind: "constraints" }),
              as: "constraints" as const,
            },
          ]),
    ],
    faults: [],
  };
}
const gather = (text: string, constraints?: string) =>
  gatherRequirements(treeOf(text, constraints), (uri) => uri.replace("file:///", ""));

describe("gatherRequirements", () => {
  it("gives each requirement as one line with its place", () => {
    const { requirements } = gather(
      `# comment\nFlask[async] >=2, <4 ; python_version >= "3.8"  # why\nnumpy==1.26.4 \\\n    --hash=sha256:${"a".repeat(64)}\n`,
    );
    assert.deepEqual(requirements, [
      { text: `Flask[async]>=2, <4 ; python_version >= "3.8"`, name: "flask", path: "r.txt", line: 2 },
      { text: `numpy==1.26.4 --hash=sha256:${"a".repeat(64)}`, name: "numpy", path: "r.txt", line: 3 },
    ]);
  });

  it("keeps constraints apart, and takes the files' options", () => {
    const { requirements, constraints, indexes } = gather(
      "--index-url https://one.example/simple\n--extra-index-url https://two.example/simple\n-f ./wheels\n--pre\na\n",
      "b<2\n",
    );
    assert.deepEqual(
      requirements.map(({ text }) => text),
      ["a"],
    );
    assert.deepEqual(
      constraints.map(({ text }) => text),
      ["b<2"],
    );
    assert.deepEqual(indexes, {
      indexUrl: "https://one.example/simple",
      extraIndexUrls: ["https://two.example/simple"],
      findLinks: ["./wheels"],
      pre: true,
    });
  });

  it("says of each entry that would need a build why it stops the validation", () => {
    const { requirements } = gather(
      "-e .\n./project\ngit+https://example.com/a.git#egg=a\nb @ https://example.com/b-1.0.tar.gz\n",
    );
    assert.equal(requirements.length, 4);
    for (const one of requirements)
      assert.match(one.obstacle?.message ?? "", /builds? it|would have to be built/);
    assert.deepEqual(
      requirements.map(({ obstacle, path, line }) => [obstacle?.reason, path, line]),
      [
        ["editable", "r.txt", 1],
        ["needs-build", "r.txt", 2],
        ["vcs", "r.txt", 3],
        ["needs-build", "r.txt", 4],
      ],
    );
  });

  it("takes a wheel by its address", () => {
    const { requirements } = gather("b @ https://example.com/b-1.0-py3-none-any.whl\n");
    assert.equal(requirements[0]?.text, "b @ https://example.com/b-1.0-py3-none-any.whl");
    assert.equal(requirements[0]?.obstacle, undefined);
  });

  it("lets a line that cannot be read stop the validation, and says where", () => {
    const { requirements } = gather("a\nflask=2.0\n");
    assert.match(
      requirements.find(({ line }) => line === 2)?.obstacle?.message ?? "",
      /flask is not understood/,
    );
  });

  it("leaves ${VAR} for pip to expand", () => {
    const { indexes } = gather("--index-url https://${USER}:${TOKEN}@example.com/simple\na\n");
    assert.equal(indexes.indexUrl, "https://${USER}:${TOKEN}@example.com/simple");
  });

  it("gives of a pyproject.toml the project and its default groups, poetry's constraints in pip's words", async () => {
    const toml = await tomlForTests();
    const gatherProject = (text: string) =>
      gatherRequirements(
        {
          root: "file:///pyproject.toml",
          files: [{ uri: "file:///pyproject.toml", manifest: readPyproject(text, toml), as: "requirements" }],
          faults: [],
        },
        (uri) => uri.replace("file:///", ""),
      );
    const uv = gatherProject(`[project]
dependencies = ["a\\u003e=1 ; os_name == 'posix'", "b"]
[project.optional-dependencies]
x = ["c"]
[dependency-groups]
dev = ["d"]
docs = ["e"]
[build-system]
requires = ["f"]
[tool.uv]
constraint-dependencies = ["g<2"]
[tool.uv.sources]
b = { git = "https://git.example/b" }
[[tool.uv.index]]
name = "own"
url = "https://own.example/simple"
`);
    assert.deepEqual(
      uv.requirements.map(({ text, obstacle }) => obstacle?.reason ?? text),
      ['a>=1 ; os_name == "posix"', "needs-build", "d"],
    );
    assert.deepEqual(
      uv.constraints.map(({ text }) => text),
      ["g<2"],
    );
    assert.deepEqual(uv.indexes, { extraIndexUrls: ["https://own.example/simple"] });
    const poetry = gatherProject(
      '[tool.poetry.dependencies]\npython = "^3.11"\na = "^1.2"\nb = "1 || 2"\nc = {version = "~2", optional = true}\n',
    );
    assert.deepEqual(
      poetry.requirements.map(({ text, obstacle }) => obstacle?.reason ?? text),
      ["a<2.0,>=1.2", "unreadable"],
    );
  });

  it("gives of a Pipfile the versions as pip has them, bare ones too", async () => {
    const text = "[packages]\na = '1.0'\nb = '*'\nc = {version = '>=1, <2'}\n";
    const manifest = readPipfile(text, await tomlForTests());
    const file = { uri: "file:///Pipfile", manifest, as: "requirements" as const };
    const { requirements } = gatherRequirements(
      { root: file.uri, files: [file], faults: [] },
      () => "Pipfile",
    );
    assert.deepEqual(
      requirements.map((one) => one.text),
      ["a==1.0", "b", "c<2,>=1"],
    );
  });

  it("takes of a pylock.toml what is installed unless extras or groups are named", async () => {
    const hashes = `{ sha256 = "${"a".repeat(64)}" }`;
    const entry = (name: string, marker: string) =>
      `[[packages]]\nname = "${name}"\nversion = "1.0"\n${marker && `marker = "${marker}"\n`}wheels = [{ path = "${name}-1.0-py3-none-any.whl", hashes = ${hashes} }]\n`;
    const text = `lock-version = "1.0"\ncreated-by = "tests"\ndefault-groups = ["dev"]\n${[
      entry("a", ""),
      entry("b", "'web' in extras"),
      entry("c", "'dev' in dependency_groups and os_name == 'nt'"),
      entry("d", "os_name == 'nt' or 'docs' in dependency_groups"),
      entry("e", "'dev' in dependency_groups"),
    ].join("")}`;
    const manifest = readPylock(text, await tomlForTests());
    assert.deepEqual(manifest.errors, []);
    const file = { uri: "file:///pylock.toml", manifest, as: "requirements" as const };
    const { requirements, onlyListed } = gatherRequirements(
      { root: file.uri, files: [file], faults: [] },
      () => "pylock.toml",
    );
    const digest = ` --hash=sha256:${"a".repeat(64)}`;
    assert.deepEqual(
      requirements.map((one) => one.text),
      [
        `a==1.0${digest}`,
        `c==1.0 ; os_name == "nt"${digest}`,
        `d==1.0 ; os_name == "nt"${digest}`,
        `e==1.0${digest}`,
      ],
    );
    assert.ok(onlyListed);
  });
});
