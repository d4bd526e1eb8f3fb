// What a source tree says of its project without being built, file by file.
import assert from "node:assert/strict";
import { splitRepository } from "./reader.ts";
import { readStaticMetadata } from "./staticMetadata.ts";

const read = (files: Readonly<Record<string, string>>) =>
  readStaticMetadata({ read: async (path) => files[path] });

async function project(files: Readonly<Record<string, string>>) {
  const answer = await read(files);
  assert.ok("project" in answer, JSON.stringify(answer));
  return answer.project;
}

async function fault(files: Readonly<Record<string, string>>): Promise<string> {
  const answer = await read(files);
  return "fault" in answer ? answer.fault : JSON.stringify(answer.project);
}

const table = (more: string) => `[project]\nname = "demo"\n${more}`;

describe("a source tree", () => {
  it("says what it needs in the project table, extras with their markers", async () => {
    const { name, version, requiresDist, requiresPython, providesExtra, from } = await project({
      "pyproject.toml": table(
        'version = "1.0"\nrequires-python = ">=3.9"\ndependencies = ["a>=1", "b; os_name == \'nt\'"]\n[project.optional-dependencies]\nFast_Er = ["c", "d; os_name == \'nt\' or os_name == \'java\'"]\n',
      ),
    });
    assert.deepEqual(
      [name, version, requiresPython, providesExtra, from],
      ["demo", "1.0", ">=3.9", ["fast-er"], "pyproject.toml"],
    );
    assert.deepEqual(requiresDist, [
      "a>=1",
      "b; os_name == 'nt'",
      'c ; extra == "fast-er"',
      `d ; (os_name == 'nt' or os_name == 'java') and extra == "fast-er"`,
    ]);
  });

  it("is read whatever the size of its numbers: TOML's integers have 64 bits", async () => {
    const big =
      "[tool.other]\nmost = 9223372036854775807\nleast = -9223372036854775808\nmask = 0xFFFFFFFFFFFFFF\n";
    const { version } = await project({ "pyproject.toml": `${table('version = "1.0"\n')}${big}` });
    assert.equal(version, "1.0");
  });

  it("says it in PKG-INFO where that binds, before anything else", async () => {
    const info = (version: string, more = "") =>
      `Metadata-Version: ${version}\nName: demo\nVersion: 2.0\nRequires-Dist: x\n${more}\n`;
    const pyproject = { "pyproject.toml": table('version = "1.0"\ndependencies = ["y"]\n') };
    assert.deepEqual((await project({ ...pyproject, "PKG-INFO": info("2.2") })).requiresDist, ["x"]);
    assert.deepEqual((await project({ ...pyproject, "PKG-INFO": info("2.1") })).requiresDist, ["y"]);
    assert.deepEqual(
      (await project({ ...pyproject, "PKG-INFO": info("2.2", "Dynamic: Requires-Dist\n") })).requiresDist,
      ["y"],
    );
  });

  it("tells a version that its back-end would only read, and none that it would work out", async () => {
    const dynamic = (more: string) => table(`dynamic = ["version"]\n${more}`);
    const versionOf = async (more: string, files: Readonly<Record<string, string>> = {}) =>
      (await project({ "pyproject.toml": dynamic(more), ...files })).version;
    const setuptools = '[tool.setuptools.dynamic]\nversion = {attr = "demo.__version__"}\n';
    assert.equal(
      await versionOf(setuptools, { "src/demo/__init__.py": '"""Doc."""\n__version__: str = "1.2"\n' }),
      "1.2",
    );
    assert.equal(await versionOf(setuptools, { "demo/__init__.py": "__version__ = make()\n" }), undefined);
    assert.equal(
      await versionOf('[tool.setuptools.dynamic]\nversion = {file = "VERSION"}\n', { VERSION: "1.3\n" }),
      "1.3",
    );
    assert.equal(
      await versionOf('[tool.setuptools.dynamic]\nversion = {file = "../VERSION"}\n', { "../VERSION": "9" }),
      undefined,
    );
    assert.equal(
      await versionOf('[tool.hatch.version]\npath = "a.py"\n', { "a.py": "VERSION = '1.4'\n" }),
      "1.4",
    );
    assert.equal(
      await versionOf('[build-system]\nbuild-backend = "flit_core.buildapi"\n', {
        "demo.py": '__version__ = "1.5"\n',
      }),
      "1.5",
    );
    assert.equal(
      await versionOf('[tool.pdm.version]\nsource = "file"\npath = "v.py"\n', {
        "v.py": '__version__ = "1.6"',
      }),
      "1.6",
    );
    assert.equal(await versionOf("[tool.setuptools_scm]\n"), undefined);
  });

  it("reads requirements from the files that setuptools would, and nothing from elsewhere", async () => {
    const dynamic = (value: string) =>
      table(
        `version = "1"\ndynamic = ["dependencies"]\n[tool.setuptools.dynamic]\ndependencies = ${value}\n`,
      );
    const files = { "requirements.txt": "# these\na>=1  # why\n\nb\n" };
    const { requiresDist } = await project({
      "pyproject.toml": dynamic('{file = ["requirements.txt"]}'),
      ...files,
    });
    assert.deepEqual(requiresDist, ["a>=1", "b"]);
    const left = "has a pyproject.toml that leaves its dependencies to the build";
    assert.equal(await fault({ "pyproject.toml": dynamic('{file = "absent.txt"}') }), left);
    assert.equal(
      await fault({ "pyproject.toml": dynamic('{file = "r.txt"}'), "r.txt": "-r other.txt\n" }),
      left,
    );
    assert.equal(await fault({ "pyproject.toml": table('dynamic = ["dependencies"]\n') }), left);
  });

  it("is read by setup.cfg where no code has a say", async () => {
    const config =
      "[metadata]\nname = demo\nversion = attr: demo.__version__\n[options]\npython_requires = >=3.8\ninstall_requires =\n    a>=1\n    b; os_name == 'nt'\n[options.extras_require]\nmore = c\n";
    const files = { "setup.cfg": config, "demo/__init__.py": "__version__ = '3.1'\n" };
    const bare = '#!/usr/bin/env python\n"""Set up."""\nfrom setuptools import setup\n\nsetup()\n';
    for (const more of [
      {},
      { "setup.py": bare },
      { "pyproject.toml": '[build-system]\nrequires = ["setuptools"]\n' },
    ]) {
      const { version, requiresDist, requiresPython } = await project({ ...files, ...more });
      assert.deepEqual([version, requiresPython], ["3.1", ">=3.8"]);
      assert.deepEqual(requiresDist, ["a>=1", "b; os_name == 'nt'", 'c ; extra == "more"']);
    }
    const built = "says what it needs only when built";
    assert.equal(
      await fault({ ...files, "setup.py": "from setuptools import setup\nsetup(install_requires=['z'])\n" }),
      built,
    );
    assert.equal(
      await fault({ "setup.cfg": "[metadata]\nname = demo\n[options]\ninstall_requires = file: r.txt\n" }),
      built,
    );
  });

  it("says what stands in the way where nothing can be known", async () => {
    assert.equal(await fault({}), "has no pyproject.toml, setup.cfg or setup.py");
    assert.equal(await fault({ "setup.py": "setup()" }), "says what it needs only when built");
    assert.match(
      await fault({ "pyproject.toml": "[project\n" }),
      /^has a pyproject\.toml that is not TOML: /,
    );
    assert.equal(
      await fault({ "pyproject.toml": "[project]\nversion = '1'\n" }),
      "has a pyproject.toml that names no project",
    );
  });
});

describe("the address of a repository", () => {
  it("has its reference after the last @ of the path, and its folder in the fragment", () => {
    const split = (address: string) => {
      const { url, reference, subdirectory } = splitRepository(address);
      return [url, reference, subdirectory];
    };
    assert.deepEqual(split("git+https://h/o/r.git"), ["https://h/o/r.git", undefined, undefined]);
    assert.deepEqual(split("git+https://h/o/r@v1"), ["https://h/o/r", "v1", undefined]);
    assert.deepEqual(split("git+ssh://git@h/o/r.git@feature/x"), [
      "ssh://git@h/o/r.git",
      "feature/x",
      undefined,
    ]);
    assert.deepEqual(split("git+ssh://git@h/o/r.git"), ["ssh://git@h/o/r.git", undefined, undefined]);
    assert.deepEqual(split("git+file:///a/b@main#subdirectory=c/d"), ["file:///a/b", "main", "c/d"]);
  });
});
