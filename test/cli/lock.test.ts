// `thoth lock` in its three forms, from end to end: which form, what is kept, what is refused, and that nothing is ever lost.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readPylock } from "../../shared/src/manifest/pylock.ts";
import type { LockOutput } from "../../shared/src/protocol/lock.ts";
import { buildSdist, buildWheel, type RunningIndex, startIndex } from "../support/index.ts";
import { tomlForTests } from "../support/toml.ts";
import { makePlace, type Place } from "./thoth.ts";

const PROJECTS = {
  flask: [
    buildWheel({ name: "flask", version: "2.2.5", requires: ["werkzeug>=2.2"] }),
    buildWheel({ name: "flask", version: "3.1.3", requires: ["werkzeug>=3"] }),
    buildSdist({ name: "flask", version: "3.1.3", requires: ["werkzeug>=3"] }),
  ],
  werkzeug: [
    buildWheel({ name: "werkzeug", version: "3.0.0" }),
    buildWheel({ name: "werkzeug", version: "3.1.0" }),
    buildWheel({ name: "werkzeug", version: "3.1.0", tag: "py3-none-win_amd64" }),
  ],
  pytest: [buildWheel({ name: "pytest", version: "8.0", requires: ["werkzeug"] })],
  colorama: [buildWheel({ name: "colorama", version: "0.4" })],
};

describe("thoth lock", () => {
  let index: RunningIndex;
  let place: Place;
  const thoth = (...args: string[]) => place.run(["lock", ...args, "--quiet"]);
  const read = (name: string): string => readFileSync(join(place.folder, name), "utf8");
  const resultOf = async (...args: string[]): Promise<LockOutput> =>
    JSON.parse((await thoth(...args, "--format", "json")).stdout).result;

  before(async () => {
    index = await startIndex(PROJECTS);
  });
  beforeEach(() => {
    place = makePlace();
    place.write("requirements.in", `-i ${index.url}\nflask\n`);
  });
  afterEach(() => place.remove());
  after(() => index.close());

  const PIPFILE = (more: string): string =>
    `[[source]]\nname = "here"\nurl = "${index.url}"\nverify_ssl = false\n\n${more}`;

  describe("chooses the form", () => {
    it("by the name of the file", async () => {
      assert.equal((await thoth("requirements.in", "-o", "pylock.toml")).status, 0);
      assert.match(read("pylock.toml"), /^lock-version = "1\.0"\n/);
      assert.equal((await thoth("requirements.in", "-o", "pylock.dev.toml")).status, 0);
      assert.equal(read("pylock.dev.toml"), read("pylock.toml"));
      assert.equal((await thoth("requirements.in", "-o", "requirements.txt")).status, 0);
      assert.match(read("requirements.txt"), /^# The stack of /);
    });

    it("by the manifest", async () => {
      place.write("Pipfile", PIPFILE('[packages]\nflask = "*"\n'));
      assert.equal(JSON.parse((await thoth("Pipfile")).stdout)._meta["pipfile-spec"], 6);
      assert.match((await thoth("requirements.in", "-o", "-")).stdout, /^# The stack of /);
    });

    it("by what is asked for", async () => {
      assert.match((await thoth("requirements.in", "--as", "pylock")).stdout, /^lock-version/);
      place.write("Pipfile", PIPFILE('[packages]\nflask = "*"\n'));
      assert.match(
        (await thoth("Pipfile", "--as", "requirements")).stdout,
        new RegExp(`^--index-url ${index.url}\n--trusted-host 127\\.0\\.0\\.1:\\d+\nflask==3\\.1\\.3`, "m"),
      );
    });

    it("and says that it is written, with what changed, unless it is to be quiet", async () => {
      const lock = ["lock", "requirements.in", "-o", "stack.txt"];
      const first = await place.run([...lock, "--no-progress"]);
      assert.equal(first.stdout, "");
      assert.match(
        first.stderr,
        /^thoth: stack\.txt written: 2 packages for Python 3\.11\.7 on linux x86_64\.\n$/,
      );
      place.write("requirements.in", `-i ${index.url}\nflask<3\n`);
      const second = await place.run([...lock, "--no-progress"]);
      assert.match(second.stderr, /2 packages for .*, \d changed\.\n$/);
      assert.equal((await place.run([...lock, "--quiet"])).stderr, "");
    });

    it("and refuses what no tool would read", async () => {
      const wrong = await thoth("requirements.in", "--as", "pylock", "-o", "stack.toml");
      assert.equal(wrong.status, 2);
      assert.match(
        wrong.stderr,
        /pip and uv do not read stack\.toml as a pylock\.\n {7}Name it pylock\.toml/,
      );
      const none = await thoth("requirements.in", "--as", "pipfile-lock");
      assert.equal(none.status, 2);
      assert.match(none.stderr, /A Pipfile\.lock is made from a Pipfile, and requirements\.in is none\./);
      const own = await thoth("requirements.in", "-o", "requirements.in");
      assert.equal(own.status, 2);
      assert.match(own.stderr, /requirements\.in is what requirements\.in is read from/);
      assert.equal(read("requirements.in"), `-i ${index.url}\nflask\n`);
    });
  });

  describe("writes a pylock.toml", () => {
    it("that is valid, with the files that the environment takes, and for that environment", async () => {
      await thoth("requirements.in", "-o", "pylock.toml");
      const { errors, pylock } = readPylock(read("pylock.toml"), await tomlForTests());
      assert.deepEqual(errors, []);
      assert.equal(pylock!.requiresPython!.text, "==3.11.*");
      assert.match(pylock!.environments[0]!.text, /^implementation_name == 'cpython' and /);
      assert.deepEqual(
        pylock!.packages.map(({ name, version, wheels, sdist, index: from }) => [
          name,
          version,
          wheels.length,
          !!sdist,
          from,
        ]),
        [
          ["flask", "3.1.3", 1, true, index.url],
          ["werkzeug", "3.1.0", 1, false, index.url],
        ],
      );
      assert.deepEqual(pylock!.packages[0]!.dependencies, [{ name: "werkzeug" }]);
    });

    it("and keeps who publishes what while the version is the same", async () => {
      await thoth("requirements.in", "-o", "pylock.toml");
      const identities = 'attestation-identities = [\n    { kind = "GitHub", repository = "a/b" },\n]\n';
      const text = `${read("pylock.toml")}${identities}`;
      place.write("pylock.toml", text);
      assert.equal((await thoth("requirements.in", "-o", "pylock.toml")).status, 0);
      assert.equal(read("pylock.toml"), text);
      place.write("requirements.in", `-i ${index.url}\nflask\nwerkzeug<3.1\n`);
      await thoth("requirements.in", "-o", "pylock.toml");
      assert.doesNotMatch(read("pylock.toml"), /attestation-identities/);
    });
  });

  describe("keeps what the lock before has", () => {
    const forms = ["requirements.txt", "pylock.toml"] as const;
    for (const name of forms) {
      it(`in ${name}, until it is told to upgrade`, async () => {
        place.write("requirements.in", `-i ${index.url}\nflask\nwerkzeug<3.1\n`);
        await thoth("requirements.in", "-o", name);
        place.write("requirements.in", `-i ${index.url}\nflask\n`);
        const kept = await resultOf("requirements.in", "-o", "-", "--as", "requirements");
        assert.equal(kept.packages[1]!.version, "3.1.0", "without the file nothing is kept");
        await thoth("requirements.in", "-o", name);
        assert.match(read(name), /werkzeug.*3\.0\.0/s);
        const before = read(name);
        await thoth("requirements.in", "-o", name, "-P", "flask");
        assert.equal(read(name), before);
        await thoth("requirements.in", "-o", name, "--upgrade-package", "Werkzeug");
        assert.match(read(name), /werkzeug.*3\.1\.0/s);
        place.write(name, before);
        await thoth("requirements.in", "-o", name, "--upgrade");
        assert.match(read(name), /werkzeug.*3\.1\.0/s);
      });
    }

    it("in Pipfile.lock, category by category, and says what changed", async () => {
      place.write(
        "Pipfile",
        PIPFILE('[packages]\nflask = "<3"\nwerkzeug = "<3.1"\n\n[dev-packages]\npytest = "*"\n'),
      );
      assert.equal((await thoth("-o", "Pipfile.lock")).status, 0);
      const first = JSON.parse(read("Pipfile.lock"));
      assert.equal(first.develop.werkzeug.version, "==3.0.0");
      place.write(
        "Pipfile",
        PIPFILE('[packages]\nflask = "*"\nwerkzeug = "*"\n\n[dev-packages]\npytest = "*"\n'),
      );
      await thoth("-o", "Pipfile.lock");
      const second = JSON.parse(read("Pipfile.lock"));
      assert.deepEqual(
        [second.default.flask.version, second.default.werkzeug.version],
        ["==2.2.5", "==3.0.0"],
      );
      assert.notEqual(second._meta.hash.sha256, first._meta.hash.sha256);
      await thoth("-o", "Pipfile.lock", "-P", "werkzeug");
      const third = JSON.parse(read("Pipfile.lock"));
      assert.deepEqual(
        [third.default.flask.version, third.default.werkzeug.version, third.develop.werkzeug.version],
        ["==2.2.5", "==3.1.0", "==3.1.0"],
      );
    });

    it("and an entry that is not for this environment, as the lock before has it", async () => {
      const pipfile = PIPFILE(
        `[packages]\ncolorama = {version = "*", markers = "sys_platform == 'win32'"}\n`,
      );
      place.write("Pipfile", pipfile);
      await thoth("-o", "Pipfile.lock");
      const lock = JSON.parse(read("Pipfile.lock"));
      assert.deepEqual(lock.default.colorama, { markers: "sys_platform == 'win32'", version: "*" });
      const hashes = [`sha256:${"a".repeat(64)}`];
      lock.default.colorama = { hashes, index: "here", markers: "sys_platform == 'win32'", version: "==0.3" };
      place.write("Pipfile.lock", JSON.stringify(lock));
      await thoth("-o", "Pipfile.lock");
      assert.deepEqual(JSON.parse(read("Pipfile.lock")).default.colorama, lock.default.colorama);
    });

    it("and an entry that is not for this environment, as the Pipfile has it, where the lock before does not hold", async () => {
      const entries = [
        `werkzeug = {version = "==3.1.0", markers = "sys_platform == 'win32'", index = "here", extras = ["a"]}`,
        `colorama = {version = "0.4", markers = "sys_platform == 'win32'"}`,
        `pytest = {version = ">= 7, <9", sys_platform = "== 'win32'"}`,
        `absent = {version = "==1", markers = "sys_platform == 'win32'"}`,
      ];
      place.write("Pipfile", PIPFILE(`[packages]\n${entries.join("\n")}\n`));
      const old = { markers: "sys_platform == 'win32'", version: "==3.0.0" };
      place.write("Pipfile.lock", JSON.stringify({ _meta: {}, default: { werkzeug: old }, develop: {} }));
      await thoth("-o", "Pipfile.lock");
      const locked = JSON.parse(read("Pipfile.lock")).default;
      const digests = (project: keyof typeof PROJECTS, version: string): string[] =>
        PROJECTS[project]
          .filter(({ filename }) => filename.includes(`-${version}-`))
          .map(({ bytes }) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`)
          .sort();
      const markers = "sys_platform == 'win32'";
      assert.deepEqual(locked, {
        absent: { markers, version: "==1" },
        colorama: { hashes: digests("colorama", "0.4"), markers, version: "==0.4" },
        pytest: { markers, version: ">=7,<9" },
        werkzeug: {
          extras: ["a"],
          hashes: digests("werkzeug", "3.1.0"),
          index: "here",
          markers,
          version: "==3.1.0",
        },
      });
    });

    it("and tells what became of it as data", async () => {
      const stack = "flask==2.2.5\nwerkzeug==3.0.0\nold==1.0\n";
      place.write("requirements.txt", stack);
      await thoth("requirements.in", "-P", "flask", "-o", "requirements.txt", "--format", "json");
      const { result } = JSON.parse(read("requirements.txt"));
      assert.deepEqual([result.changed, result.removed], [["flask"], ["old"]]);
    });
  });

  describe("loses nothing", () => {
    const cases: readonly (readonly [
      what: string,
      file: string,
      text: (good: string) => string,
      told: RegExp,
    ])[] = [
      ["cut short", "pylock.toml", (good) => good.slice(0, good.lastIndexOf("url = ") + 8), /line \d+: /],
      [
        "cut short between statements",
        "pylock.toml",
        (good) => good.slice(0, good.lastIndexOf("wheels = ")),
        /has nothing to install/,
      ],
      [
        "of a later version",
        "pylock.toml",
        (good) => good.replace('"1.0"', '"2.0"'),
        /line 1: The lock is of version 2\.0, and versions 1\.x can be read\./,
      ],
      [
        "cut short",
        "Pipfile.lock",
        (good) => good.slice(0, good.length / 2),
        /line \d+: .*(?:not closed|is missing|is expected)/,
      ],
      [
        "of another pipfile-spec",
        "Pipfile.lock",
        (good) => good.replace('"pipfile-spec": 6', '"pipfile-spec": 7'),
        /it is of pipfile-spec 7, and 6 can be read\./,
      ],
      ["no lock at all", "Pipfile.lock", () => "", /line 1: The file is empty/],
      ["with a broken line", "requirements.txt", (good) => `${good}flask==\n`, /line \d+: /],
    ];
    for (const [what, file, edit, told] of cases) {
      it(`of a ${file} that is ${what}, and says how to go on`, async () => {
        place.write("Pipfile", PIPFILE('[packages]\nflask = "*"\n'));
        const manifest = file === "Pipfile.lock" ? "Pipfile" : "requirements.in";
        assert.equal((await thoth(manifest, "-o", file)).status, 0);
        const good = read(file);
        const bad = edit(good);
        place.write(file, bad);
        const ran = await thoth(manifest, "-o", file);
        assert.equal(ran.status, 2, ran.stderr);
        assert.match(ran.stderr, new RegExp(`^thoth: cannot keep the pins of ${file.replace(".", "\\.")}: `));
        assert.match(ran.stderr, told);
        assert.match(ran.stderr, /Nothing is written\.\n {7}Restore it, or lock without it: --upgrade\./);
        assert.equal(read(file), bad);
        assert.equal((await thoth(manifest, "-o", file, "--upgrade")).status, 0);
        assert.equal(read(file), good);
      });
    }

    it("where nothing resolves or nothing can be asked, in any form", async () => {
      place.write("requirements.in", `-i ${index.url}\nflask>=3\nwerkzeug<3\n`);
      for (const name of ["requirements.txt", "pylock.toml"]) {
        const before =
          name === "pylock.toml" ? 'lock-version = "1.0"\ncreated-by = "me"\npackages = []\n' : "a==1\n";
        place.write(name, before);
        const ran = await thoth("requirements.in", "-o", name);
        assert.equal(ran.status, 1);
        assert.equal(read(name), before);
      }
      place.write("other.in", "-i http://127.0.0.1:9/simple/\nflask\n");
      assert.equal((await thoth("other.in", "-o", "other.txt")).status, 3);
      assert.ok(!existsSync(join(place.folder, "other.txt")));
      assert.deepEqual(
        readdirSync(place.folder).filter((name) => /^\..*\.[0-9a-f]{12}$/.test(name)),
        [],
      );
    });
  });

  it("writes the same bytes again, whatever order the index answers in", async () => {
    for (const name of ["requirements.txt", "pylock.toml"]) {
      await thoth("requirements.in", "-o", name);
      const first = read(name);
      const turned = await startIndex(
        Object.fromEntries(Object.entries(PROJECTS).map(([key, files]) => [key, [...files].reverse()])),
      );
      try {
        place.write("turned.in", `-i ${turned.url}\nflask\n`);
        const { stdout } = await thoth(
          "turned.in",
          "-o",
          "-",
          "--as",
          name === "pylock.toml" ? "pylock" : "requirements",
        );
        const same = stdout
          .replaceAll(turned.origin, index.origin)
          .replaceAll("turned.in", "requirements.in");
        assert.equal(same, first);
      } finally {
        await turned.close();
      }
    }
  });

  it("keeps the line ends of the lock that is there", async () => {
    await thoth("requirements.in", "-o", "pylock.toml");
    const text = read("pylock.toml").replaceAll("\n", "\r\n");
    place.write("pylock.toml", text);
    assert.equal((await thoth("requirements.in", "-o", "pylock.toml")).status, 0);
    assert.equal(read("pylock.toml"), text);
  });

  it("gives a conflict as data, with status 1, in the form that explain has", async () => {
    place.write("requirements.in", `-i ${index.url}\nflask==3.1.3\nwerkzeug<3\n`);
    const ran = await thoth("requirements.in", "--format", "json");
    assert.equal(ran.status, 1);
    assert.equal(ran.stderr, "");
    const { result } = JSON.parse(ran.stdout);
    assert.equal(result.resolves, false);
    assert.deepEqual(result.packages, []);
    const explained = await place.run(["explain", "requirements.in", "--format", "json", "--quiet"]);
    assert.deepEqual(result.conflict, JSON.parse(explained.stdout).result.conflict);
  });

  it("tells a conflict between a Pipfile's categories on the lines of both", async () => {
    place.write("Pipfile", PIPFILE('[packages]\nwerkzeug = "<3.1"\n\n[dev-packages]\nwerkzeug = ">=3.1"\n'));
    const result = await resultOf("Pipfile");
    assert.equal(result.resolves, false);
    assert.deepEqual(
      result.conflict!.causes.map(({ requirement }) => requirement),
      ["werkzeug<3.1", "werkzeug>=3.1"],
    );
    assert.match((await thoth("Pipfile", "-o", "Pipfile.lock")).stderr, /Pipfile does not resolve/);
    assert.ok(!existsSync(join(place.folder, "Pipfile.lock")));
  });

  it("locks categories apart where the Pipfile says so", async () => {
    place.write(
      "Pipfile",
      PIPFILE(
        '[packages]\nwerkzeug = "<3.1"\n\n[dev-packages]\nwerkzeug = ">=3.1"\n\n[pipenv]\nuse_default_constraints = false\n',
      ),
    );
    const lock = JSON.parse((await thoth("Pipfile")).stdout);
    assert.deepEqual([lock.default.werkzeug.version, lock.develop.werkzeug.version], ["==3.0.0", "==3.1.0"]);
  });

  it("names the indexes of the manifest and never a credential", async () => {
    const secret = `${index.url.replace("//", "//user:s3cret@")}?token=s3cret`;
    place.write(
      "requirements.in",
      `-i ${secret}\n--extra-index-url https://\${USER}:\${TOKEN}@example.org/simple\nflask\n`,
    );
    place.write("Pipfile", PIPFILE('[packages]\nflask = "*"\n').replace(index.url, secret));
    const forms = [
      await thoth("Pipfile"),
      await thoth("Pipfile", "--as", "requirements"),
      await thoth("Pipfile", "--as", "pylock"),
      await thoth("Pipfile", "--format", "json"),
    ];
    for (const { status, stdout, stderr } of forms) {
      assert.equal(status, 0, stderr);
      assert.doesNotMatch(stdout + stderr, /s3cret/);
    }
    assert.equal(JSON.parse(forms[0]!.stdout)._meta.sources[0].url, index.url);
    assert.match(forms[1]!.stdout, new RegExp(`^--index-url ${index.url}$`, "m"));
  });

  it("hashes the bytes of every file that it needs where the index lists no digest", async () => {
    const bare = await startIndex(PROJECTS, {
      editPage: (page) => ({
        ...page,
        files: (page.files as object[]).map((file) => ({ ...file, hashes: {} })),
      }),
    });
    try {
      place.write("requirements.in", `-i ${bare.url}\nflask\n`);
      place.write("Pipfile", PIPFILE('[packages]\nflask = "*"\n').replace(index.url, bare.url));
      const [wheel, sdist] = [PROJECTS.flask[1]!.sha256, PROJECTS.flask[2]!.sha256];
      const pylock = await thoth("requirements.in", "--as", "pylock");
      assert.match(pylock.stdout, new RegExp(`flask-3\\.1\\.3-py3-none-any\\.whl".*${wheel}`));
      const lock = JSON.parse((await thoth("Pipfile")).stdout);
      assert.deepEqual(lock.default.flask.hashes, [wheel, sdist].map((digest) => `sha256:${digest}`).sort());
      assert.equal(lock.default.werkzeug.hashes.length, 2);
    } finally {
      await bare.close();
    }
  });

  it("lists and checks the pylock.toml that it wrote", async () => {
    await thoth("requirements.in", "-o", "pylock.toml");
    const listed = await place.run(["list", "pylock.toml", "--format", "json"]);
    const [file] = JSON.parse(listed.stdout).result.files;
    assert.deepEqual(
      file.entries.map(
        ({ name, specifier, hashes }: { name: string; specifier: string; hashes: string[] }) => [
          name,
          specifier,
          hashes.length,
        ],
      ),
      [
        ["flask", "==3.1.3", 2],
        ["werkzeug", "==3.1.0", 1],
      ],
    );
    const checked = await place.run(["check", "pylock.toml", "-i", index.url, "--quiet"]);
    assert.equal(checked.stderr, "");
    assert.equal(checked.status, 0, checked.stdout);
  });
});
