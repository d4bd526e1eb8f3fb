// `thoth` over pyproject.toml from end to end, against an index on loopback.
import assert from "node:assert/strict";
import { buildWheel, type RunningIndex, startIndex } from "../support/index.ts";
import { makePlace, type Place } from "./thoth.ts";

const uv = `[project]
name = "shop"
version = "1.0"
requires-python = ">=3.9"
dependencies = [
  "flask>=2",  # the web
]

[project.optional-dependencies]
async = ["loop>=1"]

[dependency-groups]
dev = [{ include-group = "test" }]
test = ["checker"]
docs = ["scribe"]

[tool.uv]
constraint-dependencies = ["werkzeug<3.1"]

[build-system]
requires = ["builder"]
`;

describe("pyproject.toml on the command line", () => {
  let index: RunningIndex;
  let place: Place;
  const thoth = (args: readonly string[]) => place.run([...args, "--index-url", index.url, "--quiet"]);
  const names = async (args: readonly string[]) => {
    const { stdout, stderr, status } = await thoth(["lock", "--as", "requirements", "-o", "-", ...args]);
    assert.equal(status, 0, stderr);
    return [...stdout.matchAll(/^([a-z]+)==(\S+)/gm)].map(([, name, version]) => `${name} ${version}`);
  };

  before(async () => {
    const simple = (name: string, version = "1.0") => [buildWheel({ name, version })];
    index = await startIndex({
      flask: [
        { artifact: buildWheel({ name: "flask", version: "2.2.5" }), yanked: "broken wheel" },
        buildWheel({ name: "flask", version: "2.3.0", requires: ["werkzeug"] }),
        buildWheel({ name: "flask", version: "3.1.3", requires: ["werkzeug>=3"] }),
      ],
      werkzeug: [
        buildWheel({ name: "werkzeug", version: "3.0.0" }),
        buildWheel({ name: "werkzeug", version: "3.1.0" }),
      ],
      loop: simple("loop"),
      checker: simple("checker"),
      scribe: simple("scribe"),
      builder: simple("builder"),
    });
  });
  beforeEach(() => {
    place = makePlace();
  });
  afterEach(() => place.remove());
  after(() => index.close());

  it("locks the project with its default groups, and what else is asked for", async () => {
    place.write("pyproject.toml", uv);
    const web = ["flask 3.1.3", "werkzeug 3.0.0"];
    assert.deepEqual(await names([]), ["checker 1.0", ...web]);
    assert.deepEqual(await names(["--no-default-groups"]), web);
    assert.deepEqual(await names(["--extra", "Async", "--no-group", "dev"]), [web[0], "loop 1.0", web[1]]);
    assert.deepEqual(await names(["--only-group", "docs"]), ["scribe 1.0"]);
    assert.deepEqual(await names(["--all-groups", "--all-extras"]), [
      "checker 1.0",
      web[0],
      "loop 1.0",
      "scribe 1.0",
      web[1],
    ]);
  });

  it("says which extras there are where another is asked for, and that other files have none", async () => {
    place.write("pyproject.toml", uv);
    const unknown = await thoth(["lock", "--extra", "nothing"]);
    assert.equal(unknown.status, 2);
    assert.match(
      unknown.stderr,
      /has no extra nothing\.\n +Its extras: async\. Its groups: dev, test, docs\./,
    );
    place.write("requirements.in", "flask\n");
    const other = await thoth(["lock", "requirements.in", "--group", "dev"]);
    assert.equal(other.status, 2);
    assert.match(other.stderr, /has no extras and no groups/);
  });

  it("resolves poetry's constraints, and repairs them in poetry's style", async () => {
    const text = '[tool.poetry.dependencies]\npython = "^3.9"\nflask = "2.2.5"\nwerkzeug = "^3.0"\n';
    place.write("pyproject.toml", text);
    const fixed = await thoth(["fix"]);
    assert.match(fixed.stdout, /^-flask = "2\.2\.5"\n\+flask = "3\.1\.3"$/m);
    place.write("pyproject.toml", text.replace("2.2.5", "^2.1 || ^1.0"));
    assert.deepEqual(await names([]), ["flask 2.3.0", "werkzeug 3.1.0"]);
  });

  it("finds nothing in a library's loose lines, and what is wrong with those that are not", async () => {
    place.write("pyproject.toml", uv);
    const clean = await thoth(["check"]);
    assert.equal(clean.status, 0, clean.stdout);
    assert.match(clean.stdout, /No findings in 1 file/);
    place.write("pyproject.toml", uv.replace("flask>=2", "flask>=4"));
    const wrong = await thoth(["check"]);
    assert.equal(wrong.status, 1);
    assert.match(wrong.stdout, /6:9 +error +No release of flask matches >=4/);
  });

  it("passes a file over that configures tools alone, unless it is all that there is", async () => {
    const tools = '[tool.ruff]\nline-length = 100\n[build-system]\nrequires = ["builder"]\n';
    place.write("pyproject.toml", tools);
    place.write("requirements.txt", "flask==3.1.3\n");
    assert.match((await thoth(["check"])).stdout, /No findings in 1 file/);
    place.write("sub/pyproject.toml", tools);
    const none = await thoth(["check", "sub"]);
    assert.equal(none.status, 2);
    assert.match(none.stderr, /no pyproject\.toml with dependencies/);
    place.write("empty/pyproject.toml", '[project]\nname = "x"\ndependencies = []\n');
    assert.equal((await thoth(["check", "empty"])).status, 0);
  });

  it("asks uv's named index for what is bound to it, and none for what comes from elsewhere", async () => {
    const other = await startIndex({ own: [buildWheel({ name: "own", version: "7.0" })] });
    try {
      place.write(
        "pyproject.toml",
        `[project]\nname = "x"\ndependencies = ["own", "local", "lost"]\n[tool.uv.sources]\nown = { index = "mine" }\nlocal = { workspace = true }\nlost = { workspace = true }\n[tool.uv.workspace]\nmembers = ["packages/*"]\n[[tool.uv.index]]\nname = "mine"\nurl = "${other.url}"\nexplicit = true\n`,
      );
      place.write(
        "packages/local/pyproject.toml",
        '[project]\nname = "Local"\nversion = "2.0"\ndependencies = []\n',
      );
      const { stdout } = await thoth(["check", "--format", "json"]);
      const { result, notChecked } = JSON.parse(stdout);
      assert.deepEqual(result.files[0].findings, []);
      const told = notChecked.map((item: { what: string; reason: string }) => `${item.what} ${item.reason}`);
      assert.match(told.join("\n"), /lost/);
    } finally {
      await other.close();
    }
  });

  it("takes of several sources the one whose marker holds", async () => {
    const other = await startIndex({ loop: [buildWheel({ name: "loop", version: "9.0" })] });
    const text = (ways: string) =>
      `[project]\nname = "x"\ndependencies = ["loop"]\n[tool.uv.sources]\nloop = [${ways}]\n[[tool.uv.index]]\nname = "there"\nurl = "https://nowhere.invalid/simple"\nexplicit = true\n[[tool.uv.index]]\nname = "here"\nurl = "${other.url}"\nexplicit = true\n`;
    const there = `{ index = "there", marker = "python_version < '3'" }`;
    try {
      place.write("pyproject.toml", text(`${there}, { index = "here", marker = "python_version >= '3'" }`));
      assert.deepEqual(await names([]), ["loop 9.0"]);
      place.write(
        "pyproject.toml",
        text(`${there}, { git = "https://nowhere.invalid/x", marker = "python_version < '3'" }`),
      );
      assert.deepEqual(await names([]), ["loop 1.0"]);
    } finally {
      await other.close();
    }
  });

  it("names a builder that --no-binary is for", async () => {
    place.write("pyproject.toml", uv);
    const { status, stderr } = await thoth(["list", "--no-binary", "a", "--no-binary", "b"]);
    assert.equal(status, 0, stderr);
  });
});
