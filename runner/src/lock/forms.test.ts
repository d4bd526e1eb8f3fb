// The writers of locks on made-up stacks: stable bytes, places seen from the lock, and what no form can hold.
import assert from "node:assert/strict";
import { readPipfileLock } from "../../../shared/src/manifest/pipfileLock.ts";
import { readPylock } from "../../../shared/src/manifest/pylock.ts";
import { readRequirements } from "../../../shared/src/manifest/requirements.ts";
import type { LockedPackage, LockOutput } from "../../../shared/src/protocol/lock.ts";
import { tomlForTests } from "../../../test/support/toml.ts";
import {
  checkFormName,
  formOfName,
  LockRefused,
  writePipfileLock,
  writePylock,
  writeRequirements,
} from "./index.ts";

const FOLDER = { folder: "/work/project" };
const DIGEST = "a".repeat(64);
const OTHER = "b".repeat(64);

function packageOf(name: string, version: string, more: Partial<LockedPackage> = {}): LockedPackage {
  const file = `${name}-${version}-py3-none-any.whl`;
  const artifacts = [
    {
      filename: file,
      sha256: DIGEST,
      url: `https://example.org/f/${file}`,
      size: 12,
      uploadTime: "2026-01-02T03:04:05Z",
    },
    {
      filename: `${name}-${version}.tar.gz`,
      sha256: OTHER,
      url: `https://example.org/f/${name}-${version}.tar.gz`,
    },
  ];
  return { name, version, extras: [], artifacts, via: ["-r requirements.in"], ...more };
}

function lockOf(packages: LockedPackage[], more: Partial<LockOutput> = {}): LockOutput {
  return {
    path: "requirements.in",
    environment: "Python 3.11.7 on linux x86_64",
    form: "requirements",
    resolves: true,
    packages,
    changed: [],
    removed: [],
    indexOptions: [],
    ...more,
  };
}

const PIPFILE = {
  hash: DIGEST,
  requires: {},
  sources: [{ name: "here", url: "https://example.org/simple", verify_ssl: true }],
  categories: ["default", "develop"],
  unused: [],
};

describe("the requirements form", () => {
  it("gives markers, extras, every digest once and who asks", () => {
    const one = packageOf("a", "1.0", {
      extras: ["x", "y"],
      marker: 'python_version < "3.12"',
      via: ["b", "c"],
    });
    const text = writeRequirements(
      lockOf([one], { indexOptions: ["--index-url https://example.org/simple"] }),
      FOLDER,
    );
    assert.equal(
      text,
      [
        "# The stack of requirements.in for Python 3.11.7 on linux x86_64, made by thoth lock.",
        "--index-url https://example.org/simple",
        'a[x,y]==1.0 ; python_version < "3.12" \\',
        `    --hash=sha256:${DIGEST} \\`,
        `    --hash=sha256:${OTHER}`,
        "    # via",
        "    #   b",
        "    #   c",
        "",
      ].join("\n"),
    );
    assert.deepEqual(readRequirements(text, { kind: "requirements" }).errors, []);
  });

  it("names folders as they are written, repositories by their commit, and gives no digest where one has none", () => {
    const folder = packageOf("near", "1", {
      url: "file:///work/project/near",
      directory: true,
      artifacts: [],
    });
    const repository = packageOf("far", "1", {
      url: "https://example.org/far.git",
      vcs: { system: "git", commit: "c".repeat(40), requested: "main", subdirectory: "sub" },
      artifacts: [],
    });
    const text = writeRequirements(
      lockOf([
        packageOf("a", "1.0"),
        repository,
        folder,
        { ...folder, name: "written", path: "../written", editable: true, extras: ["more"] },
        { ...repository, name: "edited", editable: true },
      ]),
      FOLDER,
    );
    const lines = text.split("\n").filter((line) => !line.startsWith(" "));
    assert.deepEqual(lines.slice(1, -1), [
      "# Without digests: far has none, and pip takes all or none.",
      "a==1.0",
      `far @ git+https://example.org/far.git@${"c".repeat(40)}#subdirectory=sub`,
      "./near",
      "-e ../written[more]",
      `-e git+https://example.org/far.git@${"c".repeat(40)}#egg=edited&subdirectory=sub`,
    ]);
  });

  it("lets no name and no path end a line", () => {
    const text = writeRequirements(
      lockOf([packageOf("a", "1.0", { via: ["-r evil\n--index-url x"] })]),
      FOLDER,
    );
    assert.doesNotMatch(text, /^--index-url/m);
  });
});

describe("the Pipfile.lock form", () => {
  it("sorts keys, writes ASCII alone and ends with a line end", () => {
    const one = packageOf("zope-event", "5.0", {
      key: "zope.event",
      source: "hiér",
      marker: "python_version > '3'",
      categories: ["default"],
    });
    const text = writePipfileLock(lockOf([one], { pipfile: PIPFILE, path: "Pipfile" }), FOLDER);
    assert.equal(
      text,
      `{
    "_meta": {
        "hash": {
            "sha256": "${DIGEST}"
        },
        "pipfile-spec": 6,
        "requires": {},
        "sources": [
            {
                "name": "here",
                "url": "https://example.org/simple",
                "verify_ssl": true
            }
        ]
    },
    "default": {
        "zope.event": {
            "hashes": [
                "sha256:${DIGEST}",
                "sha256:${OTHER}"
            ],
            "index": "hi\\u00e9r",
            "markers": "python_version > '3'",
            "version": "==5.0"
        }
    },
    "develop": {}
}
`,
    );
    assert.deepEqual(readPipfileLock(text).errors, []);
  });

  it("refuses two versions of a project in one category, and takes them in two", () => {
    const one = packageOf("a", "1.0", { categories: ["default"], marker: "python_version < '3.12'" });
    const two = packageOf("a", "2.0", { categories: ["default"], marker: "python_version >= '3.12'" });
    assert.throws(
      () => writePipfileLock(lockOf([one, two], { pipfile: PIPFILE }), FOLDER),
      (error) =>
        error instanceof LockRefused &&
        /this stack needs a 1\.0 and 2\.0, each by its marker\.$/.test(error.message),
    );
    const apart = writePipfileLock(
      lockOf([one, { ...two, categories: ["develop"] }], { pipfile: PIPFILE }),
      FOLDER,
    );
    assert.deepEqual(Object.keys(JSON.parse(apart).develop), ["a"]);
  });

  it("refuses what is made from no Pipfile", () => {
    assert.throws(() => writePipfileLock(lockOf([]), FOLDER), LockRefused);
  });
});

describe("the pylock form", () => {
  it("is a lock without faults that says what the stack says, in the standard's order", async () => {
    const packages = [
      packageOf("a", "1.0", {
        index: "https://example.org/simple",
        requiresPython: ">=3.8",
        dependencies: [
          { name: "b", version: "1.0" },
          { name: "b", version: "2.0", marker: 'os_name == "nt"' },
          { name: "c", version: "1.0" },
        ],
        attestationIdentities: [{ kind: "GitHub", repository: "a/a" }],
      }),
      packageOf("b", "1.0", { marker: 'os_name != "nt"' }),
      packageOf("b", "2.0", { marker: 'os_name == "nt"' }),
      packageOf("c", "1.0", {
        url: "file:///work/other/c-1.0.tar.gz",
        artifacts: [{ filename: "c-1.0.tar.gz", sha256: DIGEST, url: "file:///work/other/c-1.0.tar.gz" }],
      }),
      packageOf("d", "1", { url: "file:///work/project", directory: true, editable: true, artifacts: [] }),
      packageOf("e", "1", {
        url: "https://example.org/e.git",
        vcs: { system: "git", commit: "c".repeat(40), requested: "v1" },
        artifacts: [],
      }),
    ];
    const text = writePylock(
      lockOf(packages, {
        requiresPython: "==3.11.*",
        environments: ['sys_platform == "linux"'],
        extras: ["x"],
        groups: ["dev"],
        defaultGroups: ["dev"],
      }),
      FOLDER,
    );
    const { errors, pylock } = readPylock(text, await tomlForTests());
    assert.deepEqual(errors, []);
    assert.deepEqual(
      pylock!.packages.map(({ name, version }) => [name, version]),
      [
        ["a", "1.0"],
        ["b", "1.0"],
        ["b", "2.0"],
        ["c", "1.0"],
        ["d", undefined],
        ["e", undefined],
      ],
    );
    const [a] = pylock!.packages;
    assert.deepEqual(a!.dependencies, [
      { name: "b", version: "1.0" },
      { name: "b", version: "2.0" },
      { name: "c" },
    ]);
    assert.deepEqual(a!.attestationIdentities, [{ kind: "GitHub", repository: "a/a" }]);
    assert.equal(pylock!.packages[3]!.archive!.path, "../other/c-1.0.tar.gz");
    assert.deepEqual(pylock!.packages[4]!.directory, { path: ".", editable: true });
    assert.equal(pylock!.packages[5]!.vcs!.requestedRevision, "v1");
    const head = text.slice(0, text.indexOf("[[packages]]", text.indexOf("[[packages]]") + 1));
    assert.deepEqual(
      head.split("\n").flatMap((line) => /^([\w-]+) =/.exec(line)?.[1] ?? []),
      [
        "lock-version",
        "environments",
        "requires-python",
        "extras",
        "dependency-groups",
        "default-groups",
        "created-by",
        "name",
        "version",
        "requires-python",
        "dependencies",
        "index",
        "sdist",
        "wheels",
        "attestation-identities",
      ],
    );
  });

  it("keeps quotes, backslashes and control characters what they are", async () => {
    const odd = 'C:\\a "b"\u0001\u007f';
    const text = writePylock(
      lockOf([packageOf("a", "1.0", { attestationIdentities: [{ kind: odd, "a key": [true, 1] }] })]),
      FOLDER,
    );
    const { errors, pylock } = readPylock(text, await tomlForTests());
    assert.deepEqual(errors, []);
    assert.deepEqual(pylock!.packages[0]!.attestationIdentities, [{ kind: odd, "a key": [true, 1] }]);
  });

  it("says so where nothing is to be installed", async () => {
    const { errors, pylock } = readPylock(writePylock(lockOf([]), FOLDER), await tomlForTests());
    assert.deepEqual(errors, []);
    assert.deepEqual(pylock!.packages, []);
  });
});

describe("the name of a lock", () => {
  it("tells its form", () => {
    assert.equal(formOfName("a/Pipfile.lock"), "pipfile-lock");
    assert.equal(formOfName("pylock.dev.toml"), "pylock");
    assert.equal(formOfName("requirements.txt"), "requirements");
    assert.equal(formOfName("stack.lock"), undefined);
  });

  it("is refused where the tools would read it as something else, or not at all", () => {
    checkFormName("requirements.txt", "requirements");
    checkFormName("locks/stack.lock", "pipfile-lock");
    assert.throws(() => checkFormName("stack.toml", "pylock"), /do not read stack\.toml as a pylock/);
    assert.throws(() => checkFormName("pylock.a.b.toml", "pylock"), LockRefused);
    assert.throws(() => checkFormName("Pipfile.lock", "requirements"), /the name of a Pipfile\.lock/);
  });
});
