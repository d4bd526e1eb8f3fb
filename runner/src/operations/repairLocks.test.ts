// Locks that move along with a repair: pylock.toml and compiled requirements, of which only what has to move moves.
import assert from "node:assert/strict";
import type { FixOutput } from "../../../shared/src/protocol/fix.ts";
import { buildWheel, type IndexedFile, type RunningIndex, startIndex } from "../../../test/support/index.ts";
import { advisory, makeOperationPlace, NOW, type OperationPlace } from "../../../test/support/operations.ts";

const old = new Date(NOW - 400 * 86_400_000).toISOString();
const file = (
  name: string,
  version: string,
  requires: readonly string[] = [],
  tag?: string,
): IndexedFile => ({
  artifact: buildWheel({ name, version, requires: [...requires], ...(tag ? { tag } : {}) }),
  uploadTime: old,
});

describe("locks that move with a repair", function () {
  this.timeout(60_000);
  let place: OperationPlace;
  let index: RunningIndex;

  before(async () => {
    index = await startIndex({
      app: {
        files: [
          file("app", "1.0", ["lib==1.0", "gone"]),
          file("app", "1.1", ["lib==1.1", "new", "gone"]),
          file("app", "2.0", ["lib==1.1", "new"]),
        ],
      },
      lib: { files: [file("lib", "1.0"), file("lib", "1.1"), file("lib", "1.2")] },
      gone: { files: [file("gone", "1.0")] },
      new: { files: [file("new", "3.0")] },
      other: { files: [file("other", "1.0"), file("other", "2.0")] },
      split: {
        files: [
          file("split", "1.0"),
          file("split", "1.1", [], "cp311-cp311-manylinux_2_28_x86_64"),
          file("split", "1.2"),
        ],
      },
    });
  });
  beforeEach(() => {
    place = makeOperationPlace();
  });
  afterEach(() => place.remove());
  after(() => index.close());

  const sha = (name: string, version: string): string => {
    const all = index.projects[name] as readonly IndexedFile[] | { files: readonly IndexedFile[] };
    const files = "files" in all ? all.files : all;
    const found = files.find(({ artifact }) => artifact.filename.startsWith(`${name}-${version}-`))!;
    return found.artifact.sha256;
  };
  const fix = async (...paths: string[]) => {
    const { result } = await place.run<FixOutput>("fix", {
      paths,
      constraints: [],
      rules: {},
      choose: [],
      write: true,
      allowDowngrade: false,
      only: ["known-vulnerability"],
      index: { indexUrl: index.url },
    });
    return result;
  };
  const pylockPackage = (name: string, version: string, more = ""): string =>
    `[[packages]]\nname = "${name}"\nversion = "${version}"\nindex = "${index.url}"\n${more}wheels = [\n    { url = "${index.origin}/files/${name}-${version}-py3-none-any.whl", hashes = { sha256 = "${sha(name, version)}" } },\n]\n`;
  const head = '# kept as it is\nlock-version = "1.0"\ncreated-by = "pip"\n\n';

  it("moves the packages of a pylock.toml that move, adds and drops what the stack does, and keeps all else byte for byte", async () => {
    await place.advise(advisory("GHSA-1", "lib", "1.1"));
    place.write("requirements.txt", "app==1.0\nother\n");
    const identities = 'attestation-identities = [{ kind = "GitHub", repository = "octo/other" }]\n';
    const other = pylockPackage("other", "1.0", identities);
    const [app, gone, lib] = [
      pylockPackage("app", "1.0"),
      pylockPackage("gone", "1.0"),
      pylockPackage("lib", "1.0"),
    ];
    place.write("pylock.toml", `${head}${[app, gone, lib, other].join("\n")}`);
    const result = await fix("requirements.txt");
    assert.equal(place.read("requirements.txt"), "app==1.1\nother\n", JSON.stringify(result));
    const after = place.read("pylock.toml");
    assert.ok(after.startsWith(`${head}[[packages]]\nname = "app"\nversion = "1.1"\n`), after);
    assert.ok(after.includes(`\n${gone}\n`) && after.endsWith(`\n${other}`), after);
    const names = [...after.matchAll(/^name = "(.*)"\nversion = "(.*)"$/gm)].map(
      (one) => `${one[1]} ${one[2]}`,
    );
    assert.deepEqual(names, ["app 1.1", "gone 1.0", "lib 1.1", "new 3.0", "other 1.0"]);
    for (const [name, version] of [
      ["app", "1.1"],
      ["lib", "1.1"],
      ["new", "3.0"],
    ] as const)
      assert.ok(after.includes(`hashes = { sha256 = "${sha(name, version)}" }`), `${name} ${version}`);
    assert.match(result.files.flatMap(({ fixes }) => fixes)[0]?.title ?? "", /with the lock/);
  });

  it("moves a pylock.toml alone where the lines take the fixed release already, named or from its own path", async () => {
    await place.advise(advisory("GHSA-1", "lib", "1.1"));
    place.write("pyproject.toml", '[project]\nname = "me"\nversion = "1"\ndependencies = ["lib>=1"]\n');
    const before = place.read("pyproject.toml");
    for (const named of ["pyproject.toml", "pylock.toml"]) {
      place.write("pylock.toml", `${head}${pylockPackage("lib", "1.0")}`);
      const result = await fix(named);
      assert.match(place.read("pylock.toml"), /^version = "1\.1"$/m, JSON.stringify(result));
      assert.equal(place.read("pyproject.toml"), before);
    }
  });

  it("holds for all that a universal pylock is for", async () => {
    await place.advise(advisory("GHSA-1", "split", "1.1"));
    place.write("requirements.txt", "split\n");
    const everywhere = 'lock-version = "1.0"\nrequires-python = ">=3.11"\ncreated-by = "thoth"\n\n';
    place.write("pylock.toml", everywhere + pylockPackage("split", "1.0"));
    const result = await fix("requirements.txt");
    assert.match(place.read("pylock.toml"), /^version = "1\.2"$/m, JSON.stringify(result));
    place.write("pylock.toml", head + pylockPackage("split", "1.0"));
    await fix("requirements.txt");
    assert.match(place.read("pylock.toml"), /^version = "1\.1"$/m);
  });

  it("leaves a pylock.toml alone that is of another manifest", async () => {
    await place.advise(advisory("GHSA-1", "lib", "1.1"));
    place.write("requirements.txt", "lib==1.0\n");
    const text = `${head}${pylockPackage("lib", "1.0")}\n${pylockPackage("other", "1.0")}`;
    place.write("pylock.toml", text);
    await fix("requirements.txt");
    assert.equal(place.read("requirements.txt"), "lib==1.1\n");
    assert.equal(place.read("pylock.toml"), text);
  });

  const line = (name: string, version: string, via: string): string =>
    `${name}==${version} \\\n    --hash=sha256:${sha(name, version)}\n${via}`;
  const uv =
    "# This file was autogenerated by uv via the following command:\n#    uv pip compile --generate-hashes requirements.in -o requirements.txt\n";
  const compiled = (head_: string): string =>
    head_ +
    line("app", "1.0", "    # via -r requirements.in\n") +
    line("gone", "1.0", "    # via app\n") +
    line("lib", "1.0", "    # via app\n") +
    line("other", "1.0", "    # via -r requirements.in\n");
  const moved = (head_: string): string =>
    head_ +
    line("app", "1.1", "    # via -r requirements.in\n") +
    line("gone", "1.0", "    # via app\n") +
    line("lib", "1.1", "    # via app\n") +
    line("new", "3.0", "    # via app\n") +
    line("other", "1.0", "    # via -r requirements.in\n");

  for (const [by, text] of [
    ["uv", uv],
    [
      "pip-tools",
      "#\n# This file is autogenerated by pip-compile with Python 3.11\n# by the following command:\n#\n#    pip-compile --generate-hashes --output-file=requirements.txt requirements.in\n#\n",
    ],
    ["thoth", "# The stack of requirements.in for Python 3.11.7 on linux x86_64, made by thoth lock.\n"],
  ] as const) {
    it(`moves what ${by} compiled along with its .in, hashes and who asks for it included`, async () => {
      await place.advise(advisory("GHSA-1", "lib", "1.1"));
      for (const named of [["requirements.in"], ["requirements.txt"], ["."]]) {
        place.write("requirements.in", "app==1.0  # mine\nother\n");
        place.write("requirements.txt", compiled(text));
        const result = await fix(...named);
        assert.equal(place.read("requirements.in"), "app==1.1  # mine\nother\n", JSON.stringify(result));
        assert.equal(place.read("requirements.txt"), moved(text));
      }
    });
  }

  it("drops from a compiled file what nothing needs any more, and sets right who asks for what stays", async () => {
    await place.advise(advisory("GHSA-1", "app", "2.0"));
    place.write("requirements.in", "app\nlib\n");
    place.write(
      "requirements.txt",
      uv +
        line("app", "1.0", "    # via -r requirements.in\n") +
        line("gone", "1.0", "    # via app\n") +
        line("lib", "1.0", "    # via\n    #   -r requirements.in\n    #   app\n"),
    );
    await fix("requirements.in");
    assert.equal(
      place.read("requirements.txt"),
      uv +
        line("app", "2.0", "    # via -r requirements.in\n") +
        line("lib", "1.1", "    # via\n    #   -r requirements.in\n    #   app\n") +
        line("new", "3.0", "    # via app\n"),
    );
  });

  it("offers nothing where a lock that was made from several files would be left behind", async () => {
    await place.advise(advisory("GHSA-1", "lib", "1.1"));
    place.write("requirements.in", "lib==1.0\n");
    const text = uv.replace("requirements.in", "requirements.in dev.in") + line("lib", "1.0", "");
    place.write("requirements.txt", text);
    const { left } = await fix("requirements.in");
    assert.equal(place.read("requirements.in"), "lib==1.0\n");
    assert.match(left[0]?.reason ?? "", /requirements\.txt is compiled from several files: compile it anew/);
  });
});
