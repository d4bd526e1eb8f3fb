// What a lock is refused for, each fault with the path and the place of its value, and what is taken from a lock that is whole.
import assert from "node:assert/strict";
import { tomlForTests } from "../../../test/support/toml.ts";
import { type MarkerEnvironment, markerToString, readMarker } from "../packaging/marker.ts";
import { type PylockManifest, readPylock } from "./pylock.ts";
import { pylockFileName } from "./pylockModel.ts";
import { type PylockSelectOptions, selectFromPylock, settleParts } from "./pylockSelect.ts";

const toml = await tomlForTests();
const HEAD = 'lock-version = "1.0"\ncreated-by = "tests"\n';
const HASHES = `hashes = { sha256 = "${"f".repeat(64)}" }`;
const WHEEL = `{ url = "https://files.example/a-1.0-py3-none-any.whl", ${HASHES} }`;

function read(body: string): PylockManifest {
  return readPylock(`${HEAD}${body}`, toml);
}

/** A lock of one package. */
function one(body: string): PylockManifest {
  return read(`[[packages]]\nname = "a"\n${body}`);
}

describe("faults of a pylock.toml", () => {
  const rows: readonly (readonly [string, string, readonly [string, string, string]])[] = [
    [
      "a version that is none",
      `[[packages]]\nname = "a"\nversion = "one"\nwheels = [${WHEEL}]\n`,
      ["invalid-version", "packages[0].version", "one"],
    ],
    [
      "a name that is not normal",
      `[[packages]]\nname = "A.b"\ndirectory = { path = "." }\n`,
      ["name-not-normalized", "packages[0].name", "A.b"],
    ],
    [
      "an extra that is not normal",
      'extras = ["A_b"]\npackages = []\n',
      ["name-not-normalized", "extras[0]", "A_b"],
    ],
    ["an extra that is no text", "extras = [1]\npackages = []\n", ["invalid-value", "extras[0]", "1"]],
    [
      "an environment that is no text",
      "environments = [true]\npackages = []\n",
      ["invalid-value", "environments[0]", "true"],
    ],
    [
      "a marker that is none",
      `[[packages]]\nname = "a"\nmarker = "os_name is 'nt'"\ndirectory = { path = "." }\n`,
      ["invalid-marker", "packages[0].marker", "i"],
    ],
    [
      "a marker with escapes, told on the whole of it",
      '[[packages]]\nname = "a"\nmarker = "os_name is \\"nt\\""\ndirectory = { path = "." }\n',
      ["invalid-marker", "packages[0].marker", 'os_name is \\"nt\\"'],
    ],
    [
      "a Requires-Python that is no specifier",
      'requires-python = ">=3.8 <4"\npackages = []\n',
      ["invalid-specifier", "requires-python", " <4"],
    ],
    [
      "a date without a time",
      `[[packages]]\nname = "a"\nsdist = { path = "a-1.tar.gz", upload-time = 2025-01-02, ${HASHES} }\n`,
      ["invalid-value", "packages[0].sdist.upload-time", "2025-01-02"],
    ],
    [
      "a size in quotes",
      `[[packages]]\nname = "a"\nsdist = { path = "a-1.tar.gz", size = "1", ${HASHES} }\n`,
      ["invalid-value", "packages[0].sdist.size", '"1"'],
    ],
    [
      "a table that is none",
      '[[packages]]\nname = "a"\ndirectory = "."\n',
      ["invalid-value", "packages[0].directory", '"."'],
    ],
    [
      "a hash that is no text",
      '[[packages]]\nname = "a"\narchive = { path = "a.zip", hashes = { sha256 = 1 } }\n',
      ["invalid-value", "packages[0].archive.hashes", "1"],
    ],
    [
      "no hash among the hashes",
      '[[packages]]\nname = "a"\narchive = { path = "a.zip", hashes = {} }\n',
      ["missing-hash", "packages[0].archive.hashes", "hashes = {}"],
    ],
    [
      "hashes that are no table",
      '[[packages]]\nname = "a"\narchive = { path = "a.zip", hashes = 1 }\n',
      ["invalid-value", "packages[0].archive.hashes", "1"],
    ],
    [
      "a repository without its commit",
      '[[packages]]\nname = "a"\nvcs = { type = "git", url = "https://h/r" }\n',
      ["missing-key", "packages[0].vcs.commit-id", "vcs"],
    ],
    [
      "a directory without its path",
      '[[packages]]\nname = "a"\ndirectory = {}\n',
      ["missing-key", "packages[0].directory.path", "directory"],
    ],
    ["packages that are no list", "packages = 1\n", ["invalid-value", "packages", "1"]],
    ["a package that is no table", "packages = [1]\n", ["invalid-value", "packages[0]", "1"]],
    [
      "two sources",
      '[[packages]]\nname = "a"\ndirectory = { path = "." }\nvcs = { type = "git", url = "https://h/r", commit-id = "1" }\n',
      ["several-sources", "packages[0]", "[[packages]]"],
    ],
    [
      "a file of another release",
      `[[packages]]\nname = "a"\nversion = "2"\nwheels = [${WHEEL}]\n`,
      ["other-version", "packages[0].wheels[0]", "https://files.example/a-1.0-py3-none-any.whl"],
    ],
  ];
  for (const [what, body, [code, where, written]] of rows) {
    it(`tell ${what}`, () => {
      const { errors, text } = read(body);
      assert.deepEqual(
        errors.map((error) => [error.code, error.where, text.slice(error.span.start, error.span.end)]),
        [[code, where, written]],
      );
    });
  }

  it("of a file without a place are told, and its name is asked of nothing", () => {
    const { errors } = one(`version = "1"\nsdist = { ${HASHES} }\n`);
    assert.deepEqual(
      errors.map(({ code, where }) => [code, where]),
      [["missing-place", "packages[0].sdist"]],
    );
    assert.equal(pylockFileName({}), "");
    assert.equal(pylockFileName({ url: "https://h/a%zz-1.zip?x#y" }), "a%zz-1.zip");
  });
});

describe("a pylock.toml that is whole", () => {
  it("gives free tables as plain values, what JSON has not as texts", () => {
    const { pylock, errors } = read(`packages = []
[tool.x]
yes = true
count = 1_000
ratio = 2.5
never = inf
day = 2025-01-02
list = [[1, "a"], { b = false }]
[[tool.x.many]]
c = "d"
[tool.x.below.deep]
e = {}
`);
    assert.deepEqual(errors, []);
    assert.deepEqual(pylock?.tool, {
      x: {
        yes: true,
        count: 1000,
        ratio: 2.5,
        never: "inf",
        day: "2025-01-02",
        list: [[1, "a"], { b: false }],
        many: [{ c: "d" }],
        below: { deep: { e: {} } },
      },
    });
  });

  it("says of repositories, directories and archives which part of them is meant", () => {
    const vcs = one(
      'vcs = { type = "git", url = "https://h/r", requested-revision = "main", commit-id = "1a", subdirectory = "s" }\n',
    );
    assert.deepEqual(vcs.errors, []);
    assert.deepEqual(vcs.pylock!.packages[0]!.vcs, {
      type: "git",
      url: "https://h/r",
      requestedRevision: "main",
      commitId: "1a",
      subdirectory: "s",
    });
    const [entry] = vcs.entries;
    assert.equal(entry!.subdirectory, "s");
    assert.equal(entry!.vcs?.reference?.text, "1a");
    const directory = one('directory = { path = "./a", editable = true, subdirectory = "s" }\n');
    assert.deepEqual(directory.pylock!.packages[0]!.directory, {
      path: "./a",
      editable: true,
      subdirectory: "s",
    });
    assert.equal(directory.entries[0]!.editable, true);
    const archive = one(`archive = { path = "a.zip", subdirectory = "s", ${HASHES} }\n`);
    assert.equal(archive.pylock!.packages[0]!.archive!.subdirectory, "s");
    assert.equal(archive.entries[0]!.hashes[0]!.algorithm, "sha256");
  });

  it("keeps a system for repositories that no installer knows as data, and shows no reference to it", () => {
    const { entries, pylock } = one('vcs = { type = "fossil", url = "https://h/r", commit-id = "1a" }\n');
    assert.equal(pylock!.packages[0]!.vcs!.type, "fossil");
    assert.equal(entries[0]!.vcs, undefined);
  });

  it("reads the same behind a byte-order mark, every place being that in the text", () => {
    const text = `\ufeff${HEAD}[[packages]]\nname = "a"\ndirectory = { path = "." }\n`;
    const { errors, entries } = readPylock(text, toml);
    assert.deepEqual(errors, []);
    const { span } = entries[0]!.name!;
    assert.equal(text.slice(span.start, span.end), "a");
  });
});

const LINUX: MarkerEnvironment = {
  implementation_name: "cpython",
  implementation_version: "3.12.1",
  os_name: "posix",
  platform_machine: "x86_64",
  platform_release: "",
  platform_system: "Linux",
  platform_version: "",
  python_full_version: "3.12.1",
  platform_python_implementation: "CPython",
  python_version: "3.12",
  sys_platform: "linux",
};

function select(body: string, options: Partial<PylockSelectOptions> = {}) {
  const { pylock, errors } = read(body);
  assert.deepEqual(errors, []);
  return selectFromPylock(pylock!, { markers: LINUX, tags: ["py3-none-any"], ...options });
}

describe("what is installed from a lock", () => {
  const DIRECTORY = 'directory = { path = "." }\n';

  it("is nothing where the lock, or a package of it, is for another Python", () => {
    assert.deepEqual(select('requires-python = ">=3.13"\npackages = []\n'), {
      refused: "The lock is for Python >=3.13, not for 3.12.1.",
    });
    assert.deepEqual(select(`[[packages]]\nname = "a"\nrequires-python = "<3.12"\n${DIRECTORY}`), {
      refused: "a needs Python <3.12, and this is 3.12.1.",
    });
    assert.deepEqual(select('requires-python = ">=3.12"\npackages = []\n'), { packages: [] });
  });

  it("counts a pre-release of Python, and one built from changed sources, as what they are", () => {
    const on = (version: string) =>
      select('requires-python = ">=3.13"\npackages = []\n', {
        markers: { ...LINUX, python_full_version: version },
      });
    assert.deepEqual(on("3.13.0+"), { packages: [] });
    assert.deepEqual(on("3.14.0rc1"), { packages: [] });
    assert.ok("refused" in on("3.13.0rc1"));
  });

  it("is nothing where the lock is for other environments", () => {
    const lock = "environments = [\"sys_platform == 'win32'\"]\npackages = []\n";
    assert.deepEqual(select(lock), { refused: "The lock is not for this environment." });
    assert.deepEqual(select(lock, { markers: { ...LINUX, sys_platform: "win32" } }), { packages: [] });
  });

  it("is nothing where two entries of one name are for this environment", () => {
    const both = `[[packages]]\nname = "a"\n${DIRECTORY}[[packages]]\nname = "a"\nmarker = "os_name == 'posix'"\n${DIRECTORY}`;
    assert.deepEqual(select(both), { refused: "The lock has more than one a for this environment." });
    const onWindows = select(both, { markers: { ...LINUX, os_name: "nt" } });
    assert.ok("packages" in onWindows);
    assert.equal(onWindows.packages.length, 1);
  });

  it("is nothing where no wheel fits and there is no sdist", () => {
    assert.deepEqual(
      select(`[[packages]]\nname = "a"\nwheels = [${WHEEL}]\n`, { tags: ["cp312-cp312-win32"] }),
      {
        refused: "No wheel of a is for this environment, and it has no sdist.",
      },
    );
  });

  it("is the repository, the directory or the archive where the lock has one", () => {
    const kinds = [
      ['vcs = { type = "git", url = "https://h/r", commit-id = "1" }\n', "vcs"],
      [DIRECTORY, "directory"],
      [`archive = { path = "a.zip", ${HASHES} }\n`, "archive"],
    ] as const;
    for (const [body, kind] of kinds) {
      const answer = select(`[[packages]]\nname = "a"\n${body}`);
      assert.ok("packages" in answer);
      assert.deepEqual(
        answer.packages.map(({ source }) => source.kind),
        [kind],
      );
    }
  });
});

describe("a marker of which extras and groups are settled", () => {
  const rows: readonly (readonly [string, string | boolean])[] = [
    ["'gpu' in extras", true],
    ["'cpu' in extras", false],
    ["'dev' in dependency_groups", true],
    ["'gpu' not in extras", false],
    ["os_name == 'nt'", 'os_name == "nt"'],
    ["'gpu' in extras and os_name == 'nt'", 'os_name == "nt"'],
    ["'cpu' in extras and os_name == 'nt'", false],
    ["'gpu' in extras or os_name == 'nt'", true],
    ["'cpu' in extras or os_name == 'nt'", 'os_name == "nt"'],
    ["'gpu' in extras and 'dev' in dependency_groups", true],
    ["'cpu' in extras or 'test' in dependency_groups", false],
    [
      "'gpu' in extras and os_name == 'nt' and python_version < '3.9'",
      'os_name == "nt" and python_version < "3.9"',
    ],
    [
      "os_name == 'nt' and ('cpu' in extras or python_version < '3.9')",
      'os_name == "nt" and python_version < "3.9"',
    ],
  ];
  for (const [text, expected] of rows) {
    it(`${text} is ${expected} with the extra gpu and the group dev`, () => {
      const marker = readMarker(text);
      assert.ok(marker.ok);
      const settled = settleParts(marker.value, ["gpu"], ["dev"]);
      assert.equal(typeof settled === "boolean" ? settled : markerToString(settled), expected);
    });
  }

  it("a constant stays what it is", () => {
    for (const value of [true, false])
      assert.equal(settleParts({ kind: "constant", value, span: { start: 0, end: 0 } }, [], []), value);
  });
});
