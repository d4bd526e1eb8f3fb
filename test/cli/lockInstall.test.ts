// Locks installed for real, by the tools that they are for, from an index on loopback: what is installed is exactly the lock.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { buildSdist, buildWheel, type IndexedFile, type RunningIndex, startIndex } from "../support/index.ts";
import {
  bareEnvironment,
  findPythonTools,
  makeEnvironment,
  type PythonTools,
  pipenvEnvironment,
} from "../support/pythonTools.ts";
import type { WheelOptions } from "../support/wheels.ts";
import { makePlace, type Place } from "./thoth.ts";

const run = promisify(execFile);

function wheel(options: WheelOptions): IndexedFile {
  return {
    artifact: buildWheel(options),
    ...(options.requiresPython ? { requiresPython: options.requiresPython } : {}),
    uploadTime: "2026-01-02T03:04:05.678000Z",
  };
}

const PROJECTS = {
  flask: [
    wheel({ name: "flask", version: "2.2.5", requires: ["werkzeug>=2.2"], requiresPython: ">=3.7" }),
    wheel({
      name: "flask",
      version: "3.1.3",
      requires: [
        "Werkzeug>=3",
        'dotenv; extra == "dotenv"',
        "colorama; sys_platform == 'win32'",
        "typing_ext; python_version < '4'",
        "plain; python_version < '4'",
        "zope.event",
      ],
      extras: ["dotenv"],
      requiresPython: ">=3.9",
    }),
    {
      artifact: buildSdist({ name: "flask", version: "3.1.3", requires: ["werkzeug>=3"] }),
      requiresPython: ">=3.9",
    },
  ],
  werkzeug: [
    wheel({ name: "werkzeug", version: "3.0.0", requiresPython: ">=3.8,!=3.9.0,!=3.9.1" }),
    wheel({ name: "werkzeug", version: "3.1.0", requiresPython: ">=3.9, <4, !=3.9.1" }),
    wheel({
      name: "werkzeug",
      version: "3.1.0",
      tag: "py3-none-win_amd64",
      requiresPython: ">=3.9, <4, !=3.9.1",
    }),
  ],
  dotenv: [wheel({ name: "dotenv", version: "1.0" })],
  plain: [wheel({ name: "plain", version: "1.0" })],
  colorama: [wheel({ name: "colorama", version: "0.4" })],
  "typing-ext": [
    wheel({ name: "typing_ext", version: "4.0", requiresPython: ">=2.7,!=3.0.*,!=3.1.*,!=3.2.*" }),
  ],
  "zope.event": [wheel({ name: "zope.event", version: "5.0", requiresPython: ">3.6" })],
  pytest: [
    wheel({ name: "pytest", version: "8.0", requires: ["pluggy", "werkzeug"], requiresPython: "~=3.8" }),
  ],
  pluggy: [wheel({ name: "pluggy", version: "1.5", requiresPython: ">=3.7" })],
};

/** A local project that builds without asking an index for anything. */
function projectFiles(name: string): Record<string, string> {
  return {
    "pyproject.toml": `[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n\n[project]\nname = "${name}"\nversion = "1.0"\ndependencies = ["plain"]\n`,
    "backend.py": `import os, zipfile
def build_wheel(directory, config_settings=None, metadata_directory=None):
    with zipfile.ZipFile(os.path.join(directory, "${name}-1.0-py3-none-any.whl"), "w") as out:
        info = "${name}-1.0.dist-info/"
        out.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: ${name}\\nVersion: 1.0\\nRequires-Dist: plain\\n")
        out.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nGenerator: tests\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        out.writestr(info + "RECORD", "")
    return "${name}-1.0-py3-none-any.whl"
build_editable = build_wheel
`,
  };
}

describe("locks, installed", function () {
  this.timeout(300_000);
  let tools: PythonTools;
  let index: RunningIndex;
  let place: Place;

  before(async function () {
    const found = await findPythonTools();
    if ("missing" in found) {
      console.log(`      not installed for real: ${found.missing}`);
      this.skip();
    }
    tools = found;
    index = await startIndex(PROJECTS);
  });
  beforeEach(() => {
    place = makePlace();
  });
  afterEach(() => place?.remove());
  after(() => index?.close());

  const thoth = async (...args: string[]): Promise<void> => {
    const ran = await place.run(["lock", ...args, "--python", tools.python, "--quiet"]);
    assert.equal(ran.stderr, "");
    assert.equal(ran.status, 0);
  };
  const locked = async (...args: string[]): Promise<Record<string, string>> => {
    const ran = await place.run(["lock", ...args, "--python", tools.python, "--quiet", "--format", "json"]);
    const { packages } = JSON.parse(ran.stdout).result;
    return Object.fromEntries(packages.map(({ name, version }: Record<string, string>) => [name, version]));
  };
  const inside = { env: bareEnvironment(), cwd: "" };
  const at = () => ({ ...inside, cwd: place.folder });

  const STACK = {
    dotenv: "1.0",
    flask: "3.1.3",
    plain: "1.0",
    "typing-ext": "4.0",
    werkzeug: "3.1.0",
    "zope-event": "5.0",
  };

  it("a requirements lock is what pip installs with --require-hashes", async () => {
    place.write(
      "requirements.in",
      `--index-url ${index.url}\nFlask[dotenv]\nwerkzeug==3.1.0 ; python_version > "3"\n`,
    );
    await thoth("requirements.in", "-o", "requirements.txt");
    const environment = await makeEnvironment(tools, join(place.folder, "env"));
    await run(
      tools.pip,
      ["--python", environment.python, "install", "--require-hashes", "-r", "requirements.txt"],
      at(),
    );
    assert.deepEqual(await environment.list(), STACK);
    assert.deepEqual(await locked("requirements.in"), STACK);
    await run(tools.uv, ["pip", "sync", "--python", environment.python, "requirements.txt"], at());
    assert.deepEqual(await environment.list(), STACK);
  });

  it("a requirements lock with folders and addresses is what pip installs", async () => {
    for (const [path, text] of Object.entries(projectFiles("near"))) place.write(`near/${path}`, text);
    for (const [path, text] of Object.entries(projectFiles("far"))) place.write(`far/${path}`, text);
    place.write(
      "requirements.in",
      `-i ${index.url}\n-e ./near\n./far\npluggy @ ${index.origin}/files/pluggy/pluggy-1.5-py3-none-any.whl\n`,
    );
    await thoth("requirements.in", "-o", "requirements.txt");
    const environment = await makeEnvironment(tools, join(place.folder, "env"));
    await run(
      tools.pip,
      ["--python", environment.python, "install", "--no-deps", "-r", "requirements.txt"],
      at(),
    );
    const expected = { far: "1.0", near: "1.0", plain: "1.0", pluggy: "1.5" };
    assert.deepEqual(await environment.list(), expected);
    assert.deepEqual(await locked("requirements.in"), expected);
  });

  it("a pylock.toml is what uv and pip install, from nowhere but the addresses in it", async () => {
    place.write("requirements.in", `-i ${index.url}\nflask[dotenv]\n`);
    await thoth("requirements.in", "-o", "pylock.toml");
    const one = await makeEnvironment(tools, join(place.folder, "one"));
    await run(tools.uv, ["pip", "sync", "--no-index", "--python", one.python, "pylock.toml"], at());
    assert.deepEqual(await one.list(), STACK);
    const other = await makeEnvironment(tools, join(place.folder, "other"));
    await run(tools.pip, ["--python", other.python, "install", "--no-index", "-r", "pylock.toml"], at());
    assert.deepEqual(await other.list(), STACK);
  });

  it("a pylock.toml with folders and addresses is what uv and pip install", async () => {
    for (const [path, text] of Object.entries(projectFiles("near"))) place.write(`near/${path}`, text);
    const file = buildWheel({ name: "loose", version: "2.0" });
    place.write(`files/${file.filename}`, file.bytes);
    place.write(
      "requirements.in",
      `-i ${index.url}\n-e ./near\n./files/${file.filename}\npluggy @ ${index.origin}/files/pluggy/pluggy-1.5-py3-none-any.whl\n`,
    );
    mkdirSync(join(place.folder, "locks"));
    await thoth("requirements.in", "-o", "locks/pylock.dev.toml");
    const text = readFileSync(join(place.folder, "locks", "pylock.dev.toml"), "utf8");
    assert.match(text, /^directory = \{ path = "\.\.\/near", editable = true \}$/m);
    const expected = { loose: "2.0", near: "1.0", plain: "1.0", pluggy: "1.5" };
    const one = await makeEnvironment(tools, join(place.folder, "one"));
    await run(tools.uv, ["pip", "sync", "--no-index", "--python", one.python, "locks/pylock.dev.toml"], at());
    assert.deepEqual(await one.list(), expected);
    // pip 26 refuses every lock in which a folder stands beside files with digests.
    const near = /\n\[\[packages\]\]\nname = "near"[^[]*(?:\[\n[^[]*)?/;
    place.write("locks/pylock.dev.toml", text.replace(near, "\n"));
    const other = await makeEnvironment(tools, join(place.folder, "other"));
    await run(
      tools.pip,
      ["--python", other.python, "install", "--no-index", "-r", "locks/pylock.dev.toml"],
      at(),
    );
    const { near: _, ...files } = expected;
    assert.deepEqual(await other.list(), files);
  });

  it("a pylock.toml for everywhere gives each environment, extra and group its own part", async () => {
    place.write(
      "pyproject.toml",
      `[project]
name = "mine"
version = "1.0"
requires-python = ">=3.9"
dependencies = ["werkzeug<3.1; python_version < '3.5'", "werkzeug; python_version >= '3.5'", "colorama; sys_platform == 'win32'"]

[project.optional-dependencies]
web = ["flask"]

[dependency-groups]
dev = ["plain"]
docs = ["pluggy"]

[[tool.uv.index]]
url = "${index.url}"
default = true
`,
    );
    await thoth("pyproject.toml", "--universal", "-o", "pylock.toml");
    const text = readFileSync(join(place.folder, "pylock.toml"), "utf8");
    assert.match(
      text,
      /^extras = \["web"\]\ndependency-groups = \["dev", "docs"\]\ndefault-groups = \["dev"\]$/m,
    );
    assert.match(text, /werkzeug-3\.1\.0-py3-none-win_amd64\.whl/);
    const one = await makeEnvironment(tools, join(place.folder, "one"));
    await run(tools.uv, ["pip", "sync", "--no-index", "--python", one.python, "pylock.toml"], at());
    assert.deepEqual(await one.list(), { plain: "1.0", werkzeug: "3.1.0" });
    const other = await makeEnvironment(tools, join(place.folder, "other"));
    await run(tools.pip, ["--python", other.python, "install", "--no-index", "-r", "pylock.toml[web]"], at());
    const { dotenv: _, ...flask } = STACK;
    assert.deepEqual(await other.list(), flask);
  });

  const PIPFILE = (url: string): string => `[[source]]
url = "${url}"
verify_ssl = false
name = "here"

[packages]
Flask = {version = "*", extras = ["dotenv"]}
colorama = {version = "*", markers = "sys_platform == 'win32'"}
typing_ext = {version = "*", python_version = ">= '3.6'"}
werkzeug = "*"

[dev-packages]
pytest = ">=7"

[docs]
pluggy = {version = "*", index = "here"}
"Zope.Event" = "*"

[empty]

[pipenv]
allow_prereleases = false

[requires]
python_version = "3"
`;

  it("a Pipfile.lock has the bytes that pipenv writes", async () => {
    place.write("Pipfile", PIPFILE(index.url).replace('\n[requires]\npython_version = "3"\n', ""));
    await thoth("-o", "Pipfile.lock");
    renameSync(join(place.folder, "Pipfile.lock"), join(place.folder, "ours.lock"));
    const env = pipenvEnvironment(place.folder);
    await run("rm", ["-rf", ".venv"], at());
    await run(tools.pipenv, ["lock", "--python", tools.python], { env, cwd: place.folder });
    const read = (name: string): string => readFileSync(join(place.folder, name), "utf8");
    assert.equal(read("ours.lock"), read("Pipfile.lock"));
  });

  it("a Pipfile.lock is what pipenv sync installs, every category", async () => {
    place.write("Pipfile", PIPFILE(index.url).replace('python_version = "3"\n', ""));
    await thoth("-o", "Pipfile.lock");
    const env = pipenvEnvironment(place.folder);
    await run("rm", ["-rf", ".venv"], at());
    const pipenv = (...args: string[]) => run(tools.pipenv, args, { env, cwd: place.folder });
    await pipenv("--python", tools.python);
    await pipenv("verify");
    await pipenv("sync");
    const list = async (): Promise<Record<string, string>> => {
      const python = join(place.folder, ".venv", "bin", "python");
      const { stdout } = await run(tools.pip, ["--python", python, "list", "--format", "json"], at());
      const rows = (JSON.parse(stdout) as { name: string; version: string }[]).filter(
        ({ name }) => name !== "pip" && name !== "setuptools",
      );
      return Object.fromEntries(rows.map(({ name, version }) => [name.replace(/[-_.]+/g, "-"), version]));
    };
    assert.deepEqual(await list(), STACK);
    await pipenv("sync", "--categories", "packages dev-packages docs");
    const all = { ...STACK, pluggy: "1.5", pytest: "8.0" };
    assert.deepEqual(await list(), all);
    assert.deepEqual(await locked(), all);
  });

  it("a Pipfile.lock for everywhere is what pipenv sync installs here", async () => {
    place.write("Pipfile", PIPFILE(index.url).replace('python_version = "3"\n', ""));
    await thoth("-o", "Pipfile.lock", "--universal");
    assert.equal(
      JSON.parse(readFileSync(join(place.folder, "Pipfile.lock"), "utf8")).default.colorama.version,
      "==0.4",
    );
    const env = pipenvEnvironment(place.folder);
    await run("rm", ["-rf", ".venv"], at());
    await run(tools.pipenv, ["--python", tools.python], { env, cwd: place.folder });
    await run(tools.pipenv, ["sync"], { env, cwd: place.folder });
    const python = join(place.folder, ".venv", "bin", "python");
    const { stdout } = await run(tools.pip, ["--python", python, "list", "--format", "json"], at());
    const installed = (JSON.parse(stdout) as { name: string }[]).map(({ name }) =>
      name.replace(/[-_.]+/g, "-"),
    );
    assert.deepEqual(
      installed.filter((name) => name !== "pip" && name !== "setuptools").sort(),
      Object.keys(STACK),
    );
  });
});
