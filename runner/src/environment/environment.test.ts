// Environments: interpreters found without running them, platforms by name, and what is installed.
import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describeEnvironment, findInterpreter, parsePlatform, readInstalled } from "./index.ts";

describe("the runtime environment", () => {
  let folder: string;
  const write = (name: string, text: string) => {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    return path;
  };
  const options = (more: object = {}) => ({
    env: {},
    platform: "linux" as const,
    home: folder,
    cwd: join(folder, "project", "deep"),
    mayRun: false,
    ...more,
  });
  const describeIt = async (more: object = {}) => {
    const answer = await describeEnvironment(options(more));
    assert.ok("environment" in answer, JSON.stringify(answer));
    return answer.environment;
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "thoth-environment-"));
    mkdirSync(join(folder, "project", "deep"), { recursive: true });
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const makeVenv = (at: string, config: string) => {
    write(`${at}/pyvenv.cfg`, config);
    return write(`${at}/bin/python3`, "");
  };

  it("is that of a .venv above, known from its files alone", async () => {
    const path = makeVenv(
      "project/.venv",
      "home = /usr/bin\nversion_info = 3.12.4.final.0\nimplementation = CPython\n",
    );
    const found = await describeIt();
    assert.equal(found.pythonVersion, "3.12.4");
    assert.equal(found.executable, path);
    assert.equal(found.markers?.python_version, "3.12");
    assert.ok(found.tags?.[0]?.startsWith("cp312-cp312-"));
    assert.match(found.origins.pythonVersion ?? "", /pyvenv\.cfg$/);
  });

  it("looks no higher than the folder that holds .git", () => {
    makeVenv(".venv", "version = 3.11.1\n");
    mkdirSync(join(folder, "project", ".git"));
    assert.equal(findInterpreter(options()), undefined);
  });

  it("takes VIRTUAL_ENV where there is no .venv", async () => {
    makeVenv("active", "version = 3.9.2\n");
    const found = await describeIt({ env: { VIRTUAL_ENV: join(folder, "active") } });
    assert.equal(found.pythonVersion, "3.9.2");
    assert.equal(found.origins.executable, "VIRTUAL_ENV");
  });

  it("knows a pre-release for one", async () => {
    makeVenv("project/.venv", "version_info = 3.15.0.beta.2\n");
    assert.equal((await describeIt()).pythonVersion, "3.15.0b2");
  });

  it("has no version and says why where there is no Python", async () => {
    const found = await describeIt();
    assert.equal(found.pythonVersion, undefined);
    assert.equal(found.tags, undefined);
    assert.match(found.notes[0] ?? "", /^No Python was found/);
  });

  it("runs nothing where it may not, and says so", async () => {
    const path = write("bin/python3", "#!/bin/sh\nexit 1\n");
    chmodSync(path, 0o755);
    const found = await describeIt({ env: { PATH: join(folder, "bin") } });
    assert.equal(found.pythonVersion, undefined);
    assert.match(found.notes[0] ?? "", /nothing is run/);
  });

  it("asks an interpreter once and keeps the answer", async () => {
    const answer = {
      version: "3.10.9",
      implementation: "cpython",
      prefix: "/opt/python",
      platform: "linux",
      architecture: "aarch64",
      libc: { family: "musl", version: "1.2" },
      sitePackages: [],
    };
    const count = join(folder, "count");
    const path = write("bin/python3", `#!/bin/sh\necho x >> '${count}'\necho '${JSON.stringify(answer)}'\n`);
    chmodSync(path, 0o755);
    const kept = new Map<string, string>();
    const cache = {
      read: (key: string) => kept.get(key),
      write: (key: string, text: string) => void kept.set(key, text),
    };
    const more = { env: { PATH: `${join(folder, "bin")}:/bin:/usr/bin` }, mayRun: true, cache };
    const first = await describeIt(more);
    assert.equal(first.pythonVersion, "3.10.9");
    assert.ok(first.tags?.some((tag) => tag.endsWith("musllinux_1_2_aarch64")));
    assert.deepEqual(await describeIt({ ...more, mayRun: false }), first);
    assert.equal(kept.size, 1);
  });

  it("puts a version and a platform in place of the interpreter's, as uv reads them", async () => {
    makeVenv("project/.venv", "version = 3.11.7\n");
    assert.equal((await describeIt({ python: "3.11" })).pythonVersion, "3.11.0");
    const pipfile = { version: "3.11", origin: "Pipfile, python_version" };
    assert.equal((await describeIt({ manifestPython: pipfile })).pythonVersion, "3.11.7");
    const other = await describeIt({ python: "3.13", platformName: "windows" });
    assert.equal(other.pythonVersion, "3.13.0");
    assert.equal(other.markers?.sys_platform, "win32");
    assert.equal(other.markers?.platform_machine, "AMD64");
    assert.ok(other.tags?.includes("cp313-cp313-win_amd64"));
    assert.equal(other.installed, undefined);
  });

  it("reads the Python that a Pipfile asks for, below what a person says", async () => {
    const manifestPython = { version: "3.8", origin: "Pipfile" };
    assert.equal((await describeIt({ manifestPython })).pythonVersion, "3.8.0");
    assert.equal((await describeIt({ manifestPython, python: "3.12" })).pythonVersion, "3.12.0");
  });

  it("takes the lowest Python of a range only where the interpreter is not one of it", async () => {
    makeVenv("project/.venv", "version = 3.11.7\n");
    const range = { version: "3.9", origin: "pyproject.toml", admits: (version: string) => version > "3.1" };
    assert.equal((await describeIt({ manifestPython: range })).pythonVersion, "3.11.7");
    const other = { ...range, version: "3.12", admits: () => false };
    assert.equal((await describeIt({ manifestPython: other })).pythonVersion, "3.12.0");
  });

  it("reads installed distributions from their metadata, direct ones with their source", () => {
    const site = join(folder, "site-packages");
    write(
      "site-packages/Flask-2.3.0.dist-info/METADATA",
      "Metadata-Version: 2.1\nName: Flask\nVersion: 2.3.0\nRequires-Dist: werkzeug>=2\n\nName: no\n",
    );
    write("site-packages/mine-1.0.dist-info/METADATA", "Name: mine\nVersion: 1.0\n");
    write("site-packages/mine-1.0.dist-info/direct_url.json", '{"url": "git+https://me:secret@host/x"}');
    write("site-packages/half-1.0.dist-info/RECORD", "");
    const found = readInstalled([site, join(folder, "gone")]);
    assert.deepEqual(found, [
      { name: "Flask", normalizedName: "flask", version: "2.3.0", requiresDist: ["werkzeug>=2"] },
      { name: "mine", normalizedName: "mine", version: "1.0", direct: "git+https://host/x" },
    ]);
    assert.equal(readInstalled([site], { names: new Set(["mine"]) }).length, 1);
  });

  const platforms: readonly [string, object | undefined][] = [
    [
      "x86_64-manylinux_2_31",
      { platform: "linux", architecture: "x86_64", libc: { family: "glibc", version: "2.31" } },
    ],
    [
      "manylinux2014_aarch64",
      { platform: "linux", architecture: "aarch64", libc: { family: "glibc", version: "2.17" } },
    ],
    [
      "musllinux_1_2_x86_64",
      { platform: "linux", architecture: "x86_64", libc: { family: "musl", version: "1.2" } },
    ],
    ["macosx_11_0_arm64", { platform: "darwin", architecture: "arm64", macos: [11, 0] }],
    ["win_amd64", { platform: "win32", architecture: "AMD64" }],
    ["constructor", undefined],
    ["amiga", undefined],
  ];
  for (const [name, expected] of platforms) {
    it(`reads the platform ${name}`, () => assert.deepEqual(parsePlatform(name), expected));
  }
});
