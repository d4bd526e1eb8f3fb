// `thoth lock --universal` and with several Pythons and platforms, from end to end.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { markersOf } from "../../shared/src/environment/markers.ts";
import { evaluateMarker, readMarker } from "../../shared/src/packaging/marker.ts";
import type { LockOutput } from "../../shared/src/protocol/lock.ts";
import { buildWheel, type RunningIndex, startIndex } from "../support/index.ts";
import { makePlace, type Place } from "./thoth.ts";

describe("one lock for several environments, on the command line", () => {
  let index: RunningIndex;
  let place: Place;
  const thoth = (args: readonly string[]) => place.run([...args, "--index-url", index.url, "--quiet"]);
  const lockJson = async (args: readonly string[]): Promise<LockOutput> => {
    const { stdout, stderr } = await thoth(["lock", ...args, "--format", "json"]);
    assert.equal(stderr, "");
    return JSON.parse(stdout).result;
  };
  const pinsOf = ({ packages }: LockOutput): string[] =>
    packages.map(({ name, version, marker }) => `${name}==${version}${marker ? ` ; ${marker}` : ""}`);

  before(async () => {
    index = await startIndex({
      app: [
        buildWheel({
          name: "app",
          version: "1.0",
          requires: ['colours; sys_platform == "win32"', "numbers"],
        }),
      ],
      colours: [buildWheel({ name: "colours", version: "1.0" })],
      numbers: [
        buildWheel({ name: "numbers", version: "1.0", requiresPython: ">=3.9" }),
        buildWheel({ name: "numbers", version: "2.0", requiresPython: ">=3.12" }),
      ],
      fast: [buildWheel({ name: "fast", version: "1.0" }), buildWheel({ name: "fast", version: "2.0" })],
    });
  });
  beforeEach(() => {
    place = makePlace();
  });
  afterEach(() => place.remove());
  after(() => index.close());

  it("for everything: every pin says where it is used", async () => {
    place.write("requirements.in", "app\n");
    const { status, stdout, stderr } = await thoth(["lock", "--universal", "--python", "3.11", "-o", "-"]);
    assert.equal(stderr, "");
    assert.equal(status, 0);
    assert.match(stdout, /^# The stack of requirements\.in for every platform, Python >=3\.11, made by/);
    assert.deepEqual(stdout.match(/^\w+==[^\\\n]*[^\\\s]/gm), [
      "app==1.0",
      'colours==1.0 ; sys_platform == "win32"',
      'numbers==1.0 ; python_version < "3.12"',
      'numbers==2.0 ; python_version >= "3.12"',
    ]);
  });

  it("keeps each pin of the lock where it was used", async () => {
    place.write("requirements.in", 'fast; sys_platform == "win32"\nfast; sys_platform != "win32"\n');
    place.write(
      "requirements.txt",
      'fast==1.0 ; sys_platform == "win32"\nfast==2.0 ; sys_platform != "win32"\n',
    );
    const lock = ["lock", "--universal", "--python", "3.11", "-o", "requirements.txt"];
    assert.equal((await thoth(lock)).status, 0);
    const pins = () =>
      readFileSync(join(place.folder, "requirements.txt"), "utf8").match(/^fast==[^\\\n]*[^\\\s]/gm);
    assert.deepEqual(pins(), ['fast==1.0 ; sys_platform == "win32"', 'fast==2.0 ; sys_platform != "win32"']);
    await thoth([...lock, "--upgrade"]);
    assert.deepEqual(pins(), ["fast==2.0"]);
  });

  it("for each Python with each platform: the pins that each needs, agreeing where they can", async () => {
    place.write("requirements.in", "app\nfast\n");
    const pairs = ["--python", "3.11", "--python", "3.12", "--platform", "linux", "--platform", "windows"];
    const locked = await lockJson(["requirements.in", ...pairs]);
    assert.deepEqual(pinsOf(locked), [
      "app==1.0",
      'colours==1.0 ; sys_platform == "win32"',
      "fast==2.0",
      "numbers==1.0",
    ]);
    assert.equal(locked.environments?.length, 4);
    assert.equal(locked.requiresPython, ">=3.11");
    assert.equal(locked.environment.split("; ").length, 4);
    const windows = markersOf({
      pythonVersion: "3.12.0",
      implementation: "cpython",
      platform: "win32",
      architecture: "AMD64",
    });
    const holding = locked.environments?.filter((text) => {
      const marker = readMarker(text);
      return marker.ok && evaluateMarker(marker.value, windows);
    });
    assert.equal(holding?.length, 1);
  });

  it("for the environments that .thoth.yaml declares, until another one is named", async () => {
    place.write("requirements.in", "app\n");
    place.write(
      ".thoth.yaml",
      'environments:\n  old:\n    python: "3.11"\n    platform: linux\n  desk:\n    python: "3.12"\n    platform: windows\n' +
        "lock:\n  environments: [old, desk]\n",
    );
    assert.deepEqual(pinsOf(await lockJson(["requirements.in"])), [
      "app==1.0",
      'colours==1.0 ; sys_platform == "win32"',
      "numbers==1.0",
    ]);
    const named = ["requirements.in", "--python", "3.12", "--platform", "linux"];
    assert.deepEqual(pinsOf(await lockJson(named)), ["app==1.0", "numbers==2.0"]);
  });

  it("holds the extras and groups of a project, each where it is asked for, in a pylock.toml", async () => {
    place.write(
      "pyproject.toml",
      '[project]\nname = "mine"\nversion = "1"\nrequires-python = ">=3.12"\ndependencies = ["numbers"]\n' +
        '[project.optional-dependencies]\nslow = ["fast<2"]\nquick = ["fast>=2"]\n' +
        '[dependency-groups]\ntest = ["colours"]\n' +
        '[tool.uv]\nconflicts = [[{ extra = "slow" }, { extra = "quick" }]]\n',
    );
    const locked = await lockJson(["pyproject.toml", "--universal", "--as", "pylock"]);
    assert.equal(locked.requiresPython, ">=3.12");
    const { markers } = {
      markers: markersOf({
        pythonVersion: "3.12.0",
        implementation: "cpython",
        platform: "linux",
        architecture: "x86_64",
      }),
    };
    const chosen = (extras: readonly string[], groups: readonly string[]): string[] =>
      locked.packages
        .filter(({ marker }) => {
          const read = marker === undefined ? undefined : readMarker(marker);
          if (read === undefined) return true;
          return read.ok && evaluateMarker(read.value, { ...markers, extras, dependency_groups: groups });
        })
        .map(({ name, version }) => `${name}==${version}`);
    assert.deepEqual(chosen([], []), ["numbers==2.0"]);
    assert.deepEqual(chosen(["slow"], []), ["fast==1.0", "numbers==2.0"]);
    assert.deepEqual(chosen(["quick"], ["test"]), ["colours==1.0", "fast==2.0", "numbers==2.0"]);
  });

  it("takes a project of uv from the place that holds for each platform", async () => {
    const wheel = buildWheel({ name: "fast", version: "9.0" });
    place.write(wheel.filename, wheel.bytes);
    place.write(
      "pyproject.toml",
      '[project]\nname = "mine"\nversion = "1"\nrequires-python = ">=3.12"\ndependencies = ["fast"]\n' +
        `[tool.uv.sources]\nfast = { path = "${wheel.filename}", marker = "sys_platform == 'win32'" }\n`,
    );
    const locked = await lockJson(["pyproject.toml", "--universal", "--as", "pylock"]);
    assert.deepEqual(pinsOf(locked), [
      'fast==2.0 ; sys_platform != "win32"',
      'fast==9.0 ; sys_platform == "win32"',
    ]);
  });

  it("says for which part there is no stack, and what would help there", async () => {
    place.write("requirements.in", 'fast<2; sys_platform == "win32"\nfast>=3; sys_platform != "win32"\n');
    const { status, stdout } = await thoth(["explain", "requirements.in", "--universal", "--python", "3.11"]);
    assert.equal(status, 1);
    assert.match(
      stdout,
      /does not resolve for every platform, Python >=3\.11, where sys_platform != "win32"/,
    );
    assert.match(stdout, /line 2/);
    assert.match(stdout, /fast[ <>=,0-9.]*; sys_platform != "win32"/);
  });

  it("writes a Pipfile.lock for everywhere, and refuses one that would need two versions of a project", async () => {
    place.write(
      "Pipfile",
      '[packages]\nfast = "*"\ncolours = {version = "*", markers = "sys_platform == \'win32\'"}\n',
    );
    const { status, stdout, stderr } = await thoth(["lock", "--universal", "--python", "3.11"]);
    assert.equal(stderr, "");
    assert.equal(status, 0);
    const { default: packages } = JSON.parse(stdout);
    assert.equal(packages.fast.version, "==2.0");
    assert.equal(packages.fast.markers, undefined);
    assert.equal(packages.colours.version, "==1.0");
    assert.equal(packages.colours.markers, "sys_platform == 'win32'");
    place.write("Pipfile", '[packages]\napp = "*"\n');
    const refused = await thoth(["lock", "--universal", "--python", "3.11", "-o", "Pipfile.lock"]);
    assert.equal(refused.status, 1);
    assert.match(
      refused.stderr,
      /A Pipfile\.lock holds one version of a project, and this stack needs numbers 1\.0 and 2\.0, each by its marker\.\n {7}Take a form that holds both: --as pylock\./,
    );
    assert.ok(!existsSync(join(place.folder, "Pipfile.lock")));
  });

  describe("of a release whose wheels disagree", () => {
    const READ = "drivers-1.0-py3-none-any.whl";
    const OTHER = "drivers-1.0-py3-none-win_amd64.whl";
    const disagreement = [
      {
        name: "drivers",
        version: "1.0",
        file: READ,
        others: [{ file: OTHER, adds: ["colours>=1"], lacks: ["numbers"], requiresPython: ">=3.8" }],
      },
    ];

    before(() => {
      const same = { name: "drivers", version: "1.0" };
      index.projects.drivers = [
        buildWheel({ ...same, requires: ["numbers", "fast >= 1"], requiresPython: ">=3.9" }),
        buildWheel({
          ...same,
          tag: "py3-none-win_amd64",
          requires: ["fast>=1", "colours>=1"],
          requiresPython: ">=3.8",
        }),
      ];
      index.projects.agreed = [
        buildWheel({ name: "agreed", version: "1.0", requires: ["numbers", "fast"] }),
        buildWheel({
          name: "agreed",
          version: "1.0",
          tag: "py3-none-win_amd64",
          requires: ["fast", "numbers"],
        }),
      ];
    });

    const universal = ["lock", "requirements.in", "--universal", "--python", "3.11"];

    it("says so, names the wheel that was read and what the other one asks for", async () => {
      place.write("requirements.in", "drivers\nagreed\n");
      const { stdout, stderr, status } = await thoth([...universal, "--format", "json"]);
      assert.equal(status, 0);
      const { disagreements, packages }: LockOutput = JSON.parse(stdout).result;
      assert.deepEqual(disagreements, disagreement);
      assert.equal(packages.find(({ name }) => name === "drivers")?.metadataFile, READ);
      assert.match(
        stderr,
        /the wheels of drivers 1\.0 disagree: drivers-1\.0-py3-none-any\.whl was read, and drivers-1\.0-py3-none-win_amd64\.whl also needs colours>=1; does not need numbers; has Requires-Python >=3\.8\./,
      );
      assert.doesNotMatch(stderr, /agreed/);
    });

    it("reads one wheel alone for one environment, and tells in a check what is known by then", async () => {
      place.write("requirements.in", "drivers==1.0\n");
      const ask = async () => {
        const { stdout } = await thoth(["check", "requirements.in", "--format", "json"]);
        return JSON.parse(stdout).result.files[0].findings.filter(
          ({ rule }: { rule: string }) => rule === "wheels-disagree",
        );
      };
      const requested = () => index.requests.filter(({ path }) => path.includes("win_amd64")).length;
      const before = requested();
      assert.deepEqual(await ask(), []);
      assert.equal((await lockJson(["requirements.in"])).disagreements, undefined);
      assert.equal(requested(), before);
      await thoth(universal);
      assert.equal(requested(), before + 1);
      const [finding, ...more] = await ask();
      assert.deepEqual(more, []);
      assert.equal(finding.severity, "warning");
      assert.equal(finding.range.start.line, 0);
      assert.match(
        finding.message,
        /^The wheels of drivers 1\.0 disagree: drivers-1\.0-py3-none-any\.whl was read/,
      );
    });

    it("is told by explain NAME, with what was compared", async () => {
      place.write("requirements.in", "drivers\nagreed\n");
      const { stdout } = await thoth(["explain", "requirements.in", "drivers", "--format", "json"]);
      const { file, wheels } = JSON.parse(stdout).result.package;
      assert.equal(file, READ);
      assert.deepEqual(wheels, { compared: 1, notCompared: 0, others: disagreement[0]!.others });
      const text = (await thoth(["explain", "requirements.in", "drivers"])).stdout;
      assert.match(
        text,
        /What it needs is read from drivers-1\.0-py3-none-any\.whl\.\n1 of 1 other wheel of this release disagree/,
      );
      assert.match(
        (await thoth(["explain", "requirements.in", "agreed"])).stdout,
        /\n1 other wheel of this release: the same\.\n/,
      );
    });
  });
});
