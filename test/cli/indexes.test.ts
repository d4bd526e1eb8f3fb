// Which index wins, and what else decides which releases are taken: options, `.thoth.yaml`, the manifest's own tool.
import assert from "node:assert/strict";
import { buildWheel, type RunningIndex, startIndex } from "../support/index.ts";
import { makePlace, type Place } from "./thoth.ts";

interface Locked {
  readonly name: string;
  readonly version: string;
  readonly index?: string;
  /** Of a Pipfile's lock: the name of the source. */
  readonly source?: string;
}

const on = (date: string) => ({ uploadTime: `${date}T00:00:00Z` });

describe("indexes as the tool that installs sees them", () => {
  let inner: RunningIndex;
  let outer: RunningIndex;
  let torch: RunningIndex;
  let place: Place;
  const run = (args: readonly string[]) => place.run([...args, "--quiet"]);
  const lock = async (...args: string[]) => {
    const ran = await run(["lock", ...args, "--format", "json"]);
    const packages: Locked[] = ran.status === 0 ? JSON.parse(ran.stdout).result.packages : [];
    return {
      ...ran,
      packages,
      told: packages.map(
        ({ name, version, index, source }) => `${name} ${version} ${source ?? nameOf(index!)}`,
      ),
    };
  };
  const nameOf = (url: string): string =>
    url.startsWith(inner.origin) ? "inner" : url.startsWith(outer.origin) ? "outer" : new URL(url).pathname;

  before(async () => {
    const wheel = (name: string, version: string, requires: string[] = []) =>
      buildWheel({ name, version, requires });
    // The same file name with other bytes on each.
    inner = await startIndex({
      demo: [wheel("demo", "1.0", ["only"]), wheel("demo", "2.0rc1", ["only"])],
      own: [wheel("own", "0.1")],
    });
    outer = await startIndex({
      demo: [
        { artifact: wheel("demo", "1.0"), ...on("2026-01-01") },
        { artifact: wheel("demo", "3.0"), ...on("2026-06-01") },
      ],
      only: [
        { artifact: wheel("only", "1.0"), ...on("2026-01-01") },
        { artifact: wheel("only", "2.0"), ...on("2026-11-20") },
      ],
      torch: [wheel("torch", "9.0")],
    });
    torch = await startIndex(
      {
        torch: [wheel("torch", "2.8.0+cu126", ["only"])],
        torchvision: [wheel("torchvision", "0.23.0+cu126")],
      },
      {
        prefix: "/whl/cu126/",
        misbehave: (request, response) => {
          if (request.url?.startsWith("/whl/cu126/") || request.url?.startsWith("/files/")) return false;
          response.writeHead(404).end();
          return true;
        },
      },
    );
  });
  beforeEach(() => {
    place = makePlace();
  });
  afterEach(() => place.remove());
  after(() => Promise.all([inner.close(), outer.close(), torch.close()]));

  it("merges them for a requirements file; of equal files pip takes the last index's", async () => {
    place.write("requirements.in", `--index-url ${inner.url}\n--extra-index-url ${outer.url}\ndemo==1.0\n`);
    assert.deepEqual((await lock("requirements.in")).told, ["demo 1.0 outer"]);
    place.write("requirements.in", `--index-url ${outer.url}\n--extra-index-url ${inner.url}\ndemo==1.0\n`);
    assert.deepEqual((await lock("requirements.in")).told, ["demo 1.0 inner", "only 2.0 outer"]);
    place.write("requirements.in", `--index-url ${outer.url}\n--extra-index-url ${inner.url}\ndemo\n`);
    assert.deepEqual((await lock("requirements.in")).told, ["demo 3.0 outer"]);
  });

  it("takes uv's rules where a setting says so, with the default index last", async () => {
    const args = [
      "requirements.in",
      "--index-url",
      outer.url,
      "--extra-index-url",
      inner.url,
      "--index-strategy",
    ];
    place.write("requirements.in", "demo\n");
    assert.deepEqual((await lock(...args, "first-index")).told, ["demo 1.0 inner", "only 2.0 outer"]);
    assert.deepEqual((await lock(...args, "unsafe-first-match")).told, ["demo 1.0 inner", "only 2.0 outer"]);
    assert.deepEqual((await lock(...args, "unsafe-best-match")).told, ["demo 3.0 outer"]);
    place.write("requirements.in", "demo>1\n");
    assert.deepEqual((await lock(...args, "first-index")).told, ["demo 2.0rc1 inner", "only 2.0 outer"]);
    place.write("requirements.in", "demo>=3\n");
    assert.equal((await lock(...args, "first-index")).status, 1);
    assert.deepEqual((await lock(...args, "unsafe-first-match")).told, ["demo 3.0 outer"]);
  });

  it("tells where a project was looked for, and who was not asked", async () => {
    place.write("requirements.in", "demo\n");
    const args = ["requirements.in", "demo", "--index-url", outer.url, "--extra-index-url", inner.url];
    const merged = await run(["explain", ...args]);
    assert.match(
      merged.stdout,
      /demo was looked for on these indexes: the best file of all of them is taken, as pip does\./,
    );
    assert.equal(merged.stdout.match(/ {2}has it$/gm)?.length, 2);
    const first = await run(["explain", ...args, "--index-strategy", "first-index"]);
    assert.match(
      first.stdout,
      new RegExp(
        `^ {2}${inner.url.slice(0, -1)}/? +has it\n {2}${outer.url.slice(0, -1)}/? +not asked$`,
        "m",
      ),
    );
    place.write("requirements.in", "demo>=3\n");
    const conflict = await run([
      "explain",
      "requirements.in",
      ...args.slice(2),
      "--index-strategy",
      "first-index",
    ]);
    assert.equal(conflict.status, 1);
    assert.match(conflict.stdout, /only one that counts, as uv does\.\n.* has it\n.* not asked\n/);
  });

  it("proves which index that is left out would help, each as a change of a setting", async () => {
    const helps = async (manifest: string, ...args: string[]) => {
      const { status, stdout } = await run(["explain", manifest, ...args, "--format", "json"]);
      assert.equal(status, 1);
      return JSON.parse(stdout)
        .result.conflict.relaxations.filter(({ setting }: { setting?: string }) => setting === "index")
        .map(({ title, packages, edit }: { title: string; packages: number; edit: unknown[] }) => {
          assert.deepEqual(edit, []);
          return `${title}: ${packages}`;
        });
    };
    const strategy =
      "a later index where no release of an earlier one will do (--index-strategy unsafe-first-match)";
    place.write("requirements.in", "demo>=3\n");
    const both = ["--index-url", outer.url, "--extra-index-url", inner.url];
    assert.deepEqual(await helps("requirements.in", ...both, "--index-strategy", "first-index"), [
      `${strategy}: 1`,
    ]);
    // pip merges all of them: there is nothing left to try.
    place.write("requirements.in", "demo>=4\n");
    assert.deepEqual(await helps("requirements.in", ...both), []);
    place.write(
      "Pipfile",
      `[[source]]\nname = "inner"\nurl = "${inner.url}"\nverify_ssl = false\n\n[[source]]\nname = "outer"\nurl = "${outer.url}"\nverify_ssl = false\n\n[packages]\nonly = "*"\n`,
    );
    assert.deepEqual(await helps("Pipfile"), [
      'only from the index outer (index = "outer" on its line): 1',
      `${strategy}: 1`,
    ]);
    place.write(".thoth.yaml", `indexes:\n  - {name: outer, url: "${outer.url}", explicit: true}\n`);
    place.write("requirements.in", `--index-url ${inner.url}\ndemo\n`);
    assert.deepEqual(await helps("requirements.in"), [
      "demo from the index outer (index-bindings of .thoth.yaml): 1",
      "only from the index outer (index-bindings of .thoth.yaml): 2",
    ]);
  });

  it("never goes past an index that refuses, though a later one has the project", async () => {
    const refusing = await startIndex({}, { auth: { user: "a", password: "b" } });
    try {
      place.write("requirements.in", "demo\n");
      const args = ["requirements.in", "--index-url", outer.url, "--extra-index-url", refusing.url];
      for (const rule of ["first-index", "unsafe-first-match", "unsafe-best-match"]) {
        const { status, stderr } = await lock(...args, "--index-strategy", rule);
        assert.equal(status, 3, rule);
        assert.match(stderr, /demo cannot be resolved: Not checked: 127\.0\.0\.1:\d+ answered 401/, rule);
      }
    } finally {
      await refusing.close();
    }
  });

  it("gives each package of a Pipfile one source, the first unless index says otherwise", async () => {
    const pipfile = (packages: string) =>
      `[[source]]\nname = "inner"\nurl = "${inner.url}"\nverify_ssl = false\n\n[[source]]\nname = "outer"\nurl = "${outer.url}"\nverify_ssl = false\n\n[packages]\n${packages}\n`;
    place.write("Pipfile", pipfile('own = "*"\nonly = {version = "*", index = "outer"}'));
    assert.deepEqual((await lock("Pipfile")).told, ["only 2.0 outer", "own 0.1 inner"]);
    place.write("Pipfile", pipfile('only = "*"'));
    assert.equal((await lock("Pipfile")).status, 1);
    const { packages } = await lock("Pipfile", "--index-strategy", "first-index");
    assert.deepEqual(
      packages.map(({ version }) => version),
      ["2.0"],
    );
    place.write("Pipfile", pipfile('only = {version = "*", index = "nowhere"}'));
    const { status, stderr } = await lock("Pipfile");
    assert.equal(status, 3);
    assert.match(stderr, /the Pipfile binds only to the index nowhere, which nothing describes/);
  });

  it("takes uv's indexes of a pyproject.toml: the first that has it, explicit ones only where they are named", async () => {
    const project = (more: string) =>
      `[project]\nname = "mine"\nversion = "1"\ndependencies = ["demo", "only"]\n\n[[tool.uv.index]]\nname = "outer"\nurl = "${outer.url}"\nexplicit = true\n\n[[tool.uv.index]]\nname = "inner"\nurl = "${inner.url}"\ndefault = true\n${more}`;
    place.write("pyproject.toml", project('\n[tool.uv.sources]\nonly = {index = "outer"}\n'));
    assert.deepEqual((await lock("pyproject.toml")).told, ["demo 1.0 inner", "only 2.0 outer"]);
    place.write("pyproject.toml", project(""));
    assert.equal((await lock("pyproject.toml")).status, 1);
  });

  it("binds packages and adds indexes as .thoth.yaml says", async () => {
    place.write(
      ".thoth.yaml",
      `indexes:\n  - {name: outer, url: "${outer.url}", explicit: true}\nindex-bindings: {only: outer}\n`,
    );
    place.write("requirements.in", `--index-url ${inner.url}\ndemo\n`);
    assert.deepEqual((await lock("requirements.in")).told, ["demo 1.0 inner", "only 2.0 outer"]);
    place.write(".thoth.yaml", `index-bindings: {only: elsewhere}\n`);
    assert.match((await lock("requirements.in")).stderr, /binds only to the index elsewhere/);
  });

  it("takes PyTorch's packages from the index of the back-end, and says why", async () => {
    place.write("requirements.in", `--index-url ${outer.url}\ntorch\ntorchvision\n`);
    place.write(
      ".thoth.yaml",
      `torch-index: ${torch.origin}/whl\nenvironments:\n  gpu: {gpu: {vendor: nvidia, driver: 525.60.13}, torch-backend: auto}\n`,
    );
    const named = await lock("requirements.in", "--torch-backend", "cu126");
    assert.deepEqual(named.told, [
      "only 2.0 outer",
      "torch 2.8.0+cu126 /whl/cu126",
      "torchvision 0.23.0+cu126 /whl/cu126",
    ]);
    const described = await lock("requirements.in", "--environment", "gpu");
    assert.deepEqual(described.told, named.told);
    assert.match(described.stderr, /The NVIDIA driver 525\.60\.13 takes the builds for CUDA up to cu129\./);
    assert.match((await lock("requirements.in", "--torch-backend", "cu999")).stderr, /has no back-end cu999/);
  });

  it("leaves out what is younger than a date or a span, for all or for one package", async () => {
    place.write("requirements.in", `--index-url ${outer.url}\ndemo\nonly\n`);
    const told = async (...args: string[]) =>
      (await lock("requirements.in", ...args)).told.map((one) => one.slice(0, -6));
    assert.deepEqual(await told("--exclude-newer", "2026-06-01"), ["demo 3.0", "only 1.0"]);
    assert.deepEqual(await told("--exclude-newer", "2026-05-31"), ["demo 1.0", "only 1.0"]);
    assert.deepEqual(await told("--exclude-newer-package", "only=2026-05-31"), ["demo 3.0", "only 1.0"]);
    assert.deepEqual(await told("--exclude-newer", "2026-05-31", "--exclude-newer-package", "only=false"), [
      "demo 1.0",
      "only 2.0",
    ]);
    place.write(".thoth.yaml", "exclude-newer: 2026-05-31\n");
    assert.deepEqual(await told(), ["demo 1.0", "only 1.0"]);
    assert.match(
      (await lock("requirements.in", "--exclude-newer", "2 months")).stderr,
      /no one length: write days/,
    );
  });

  it("overrides and leaves out whoever asks for it", async () => {
    place.write(
      "requirements.in",
      `--index-url ${inner.url}\n--extra-index-url ${outer.url}\ndemo<3\nonly\n`,
    );
    place.write("over.txt", "demo==1.0\n");
    const told = async (...args: string[]) =>
      (await lock("requirements.in", ...args)).told.map((one) => one.slice(0, -6));
    assert.deepEqual(await told("--override", "over.txt", "--exclude", "Only"), ["demo 1.0"]);
    place.write(".thoth.yaml", "overrides: [only==1.0]\nexclude: [demo]\n");
    assert.deepEqual(await told(), ["only 1.0"]);
    assert.deepEqual(await told("--prerelease", "allow", "--exclude", "only", "--override", "over.txt"), []);
  });

  it("takes pre-releases as it is told to", async () => {
    place.write("requirements.in", `--index-url ${inner.url}\n--extra-index-url ${outer.url}\ndemo<3\n`);
    const told = async (...args: string[]) => (await lock("requirements.in", ...args)).told[0]?.slice(0, -6);
    assert.equal(await told(), "demo 1.0");
    assert.equal(await told("--prerelease", "allow"), "demo 2.0rc1");
    place.write("requirements.in", `--index-url ${inner.url}\n--extra-index-url ${outer.url}\ndemo>1,<3\n`);
    assert.equal(await told(), "demo 2.0rc1");
    assert.equal(await told("--prerelease", "disallow"), undefined);
    assert.equal(await told("--prerelease", "if-necessary-or-explicit"), "demo 2.0rc1");
    place.write(".thoth.yaml", "prerelease: explicit\n");
    assert.equal(await told(), undefined);
    place.write(
      "requirements.in",
      `--index-url ${inner.url}\n--extra-index-url ${outer.url}\ndemo>1,<3.0rc1\n`,
    );
    assert.equal(await told(), "demo 2.0rc1");
  });
});

describe("thoth config", () => {
  let place: Place;
  beforeEach(() => {
    place = makePlace();
  });
  afterEach(() => place.remove());

  it("makes a file that is sound, once, and the environment in it can be named", async () => {
    const made = await place.run(["config", "init"]);
    assert.equal(made.status, 0, made.stderr);
    assert.match(made.stdout, /\.thoth\.yaml written\.\n$/);
    const checked = await place.run(["config"]);
    assert.match(checked.stdout, /Sound, 1 environment\.\n$/);
    const { stdout } = await place.run(["environment", "default", "--format", "json"]);
    const { name, pythonVersion, origins } = JSON.parse(stdout).result;
    assert.deepEqual([name, pythonVersion], ["default", "3.11.0"]);
    assert.match(origins.pythonVersion, /^\.thoth\.yaml, environments\.default/);
    assert.match((await place.run(["config", "init"])).stderr, /is there already/);
  });

  it("lists what is wrong with its line, and ends with 1; commands refuse what they cannot understand", async () => {
    place.write(
      ".thoth.yaml",
      "index-stratgy: first-index\nexclude-newer: 2 months\nlock: {environments: [nowhere]}\n",
    );
    const { status, stdout } = await place.run(["config", "check"]);
    assert.equal(status, 1);
    assert.match(stdout, / {3}1 {2}warning {2}index-stratgy is not a key that Thoth knows\./);
    assert.match(stdout, / {3}2 {2}error {4}exclude-newer: 2 months counts in months/);
    assert.match(
      stdout,
      / {3}3 {2}error {4}lock\.environments: there is no environment nowhere\.\n3 problems\.\n$/,
    );
    place.write(".thoth.yaml", "index-strategy: best\n");
    place.write("requirements.in", "demo\n");
    const locked = await place.run(["lock", "requirements.in", "--offline"]);
    assert.equal(locked.status, 2);
    assert.match(locked.stderr, /\.thoth\.yaml line 1: index-strategy: one of first-index/);
  });

  it("is found as far up as the repository reaches, and no further", async () => {
    place.write(".thoth.yaml", "environments: {up: {python: '3.10'}}\n");
    place.write("sub/requirements.in", "demo\n");
    const cwd = `${place.folder}/sub`;
    const outside = await place.run(["environment", "up"], { cwd });
    assert.equal(outside.status, 2);
    assert.match(outside.stderr, /there is no runtime environment named up/);
    place.write(".git/HEAD", "ref: refs/heads/main\n");
    const { stdout } = await place.run(["environment", "up", "--format", "json"], { cwd });
    assert.equal(JSON.parse(stdout).result.pythonVersion, "3.10.0");
    assert.match((await place.run(["environment", "down"], { cwd })).stderr, /\.thoth\.yaml has up\./);
  });
});
