// Includes followed as pip does: order, nature, cycles, bombs, what cannot be read; and names and targets.
import assert from "node:assert/strict";
import { resolveInclude, sameFileKey } from "./includeTarget.ts";
import { manifestKindOf, manifestKindOfText } from "./kind.ts";
import { readPipfileLock } from "./pipfileLock.ts";
import { readRequirements } from "./requirements.ts";
import { loadManifestTree, loadManifestTreeSync, type ReadAnswer, type TreeOptions } from "./tree.ts";

function load(
  files: Record<string, ReadAnswer>,
  root = "file:///p/requirements.txt",
  options: TreeOptions = {},
) {
  return loadManifestTreeSync(root, (uri) => files[uri.replace("file:///p/", "")], options);
}

function names(tree: ReturnType<typeof load>): string[] {
  return tree.files.map(
    (file) => `${file.as === "constraints" ? "c " : ""}${file.uri.replace("file:///p/", "")}`,
  );
}

describe("a tree of manifests", () => {
  it("has every file where its include stands, once for each way it counts", () => {
    const tree = load({
      "requirements.txt": "-r a.txt\n-c c.txt\n-r b.txt\n",
      "a.txt": "-r sub/d.txt\nx\n",
      "sub/d.txt": "-c ../c.txt\n",
      "c.txt": "-r b.txt\n",
      "b.txt": "y\n",
    });
    assert.deepEqual(names(tree), ["requirements.txt", "a.txt", "sub/d.txt", "c c.txt", "b.txt"]);
    assert.deepEqual(tree.faults, []);
    assert.equal(tree.files[2]!.includedBy?.uri, "file:///p/a.txt");
    assert.equal(tree.files[3]!.manifest.kind, "constraints");
  });

  it("reads a file that is required and constrains twice", () => {
    const tree = load({ "requirements.txt": "-r a.txt\n-c a.txt\n", "a.txt": "x\n" });
    assert.deepEqual(names(tree), ["requirements.txt", "a.txt", "c a.txt"]);
    assert.deepEqual(
      tree.files.slice(1).map((file) => file.manifest.entries[0]!.kind),
      ["requirement", "constraint"],
    );
  });

  it("tells faults on the line that includes", () => {
    const tree = load({
      "requirements.txt":
        "x\n-r gone.txt\n-r http://h/r.txt\n-r \u0024{A}.txt\n-r locked.txt\n-r secret.txt\n-r a.txt\n",
      "locked.txt": { code: "unreadable" },
      "secret.txt": { code: "not-allowed" },
      "a.txt": "-r ./requirements.txt\n",
    });
    assert.deepEqual(
      tree.faults.map((fault) => fault.code),
      ["not-found", "remote", "unreadable", "unreadable", "not-allowed", "cycle"],
    );
    assert.deepEqual(tree.faults[0]!.span, { start: 2, end: 13 });
    assert.equal(tree.faults[5]!.uri, "file:///p/a.txt");
    for (const fault of tree.faults) assert.match(fault.message, /\.$/);
  });

  it("stops at its limits", () => {
    const deep: Record<string, string> = { "requirements.txt": "-r 1.txt" };
    for (let at = 1; at < 100; at++) deep[`${at}.txt`] = `-r ${at + 1}.txt`;
    assert.deepEqual(
      load(deep, undefined, { depth: 10 }).faults.map((fault) => fault.code),
      ["too-deep"],
    );
    const wide = load({ "requirements.txt": "-r a\n-r b\n-r c\n", a: "", b: "", c: "" }, undefined, {
      files: 2,
    });
    assert.deepEqual(
      wide.faults.map((fault) => fault.code),
      ["too-many", "too-many"],
    );
    const bomb: Record<string, string> = { "requirements.txt": "-r 1\n-c 1\n" };
    for (let at = 1; at < 30; at++) bomb[`${at}`] = `-r ${at + 1}\n-c ${at + 1}\n`;
    bomb["30"] = "x";
    assert.ok(load(bomb).files.length < 70);
  });

  it("takes manifests at hand, and survives a reader that throws", async () => {
    const manifest = readRequirements("x\n", { kind: "requirements" });
    const files: Record<string, ReadAnswer> = {
      "file:///p/requirements.txt": "-r a\n-r b\n",
      "file:///p/a": { manifest },
    };
    const read = (uri: string) => {
      if (uri.endsWith("b")) throw new Error("no");
      return files[uri];
    };
    for (const tree of [
      loadManifestTreeSync("file:///p/requirements.txt", read),
      await loadManifestTree("file:///p/requirements.txt", async (uri) => read(uri)),
    ]) {
      assert.equal(tree.files[1]!.manifest, manifest);
      assert.deepEqual(
        tree.faults.map((fault) => fault.code),
        ["unreadable"],
      );
    }
  });

  it("says so where the root itself cannot be read", () => {
    const tree = load({});
    assert.deepEqual(tree.files, []);
    assert.equal(tree.faults[0]!.message, "requirements.txt does not exist.");
  });

  it("sets the lock beside its Pipfile, and the Pipfile beside its lock", () => {
    const options: TreeOptions = { parse: (text) => readPipfileLock(text) };
    const files = { Pipfile: "{}", "Pipfile.lock": "{}" };
    assert.equal(load(files, "file:///p/Pipfile", options).companion?.uri, "file:///p/Pipfile.lock");
    assert.equal(load(files, "file:///p/Pipfile.lock", options).companion?.uri, "file:///p/Pipfile");
    assert.equal(load({ Pipfile: "{}" }, "file:///p/Pipfile", options).companion, undefined);
    assert.equal(
      load({ x: "{}" }, "file:///p/x", { ...options, rootKind: "pipfile-lock" }).companion,
      undefined,
    );
    assert.equal(load({ x: "a" }, "file:///p/x", { rootKind: "constraints" }).files[0]!.as, "constraints");
  });
});

describe("the target of an include", () => {
  const rows: readonly (readonly [string, string, string])[] = [
    ["file:///p/a.txt", "b.txt", "file:///p/b.txt"],
    ["file:///p/q/a.txt", "../b c#.txt", "file:///p/b%20c%23.txt"],
    ["file:///p/a.txt", "/etc/b.txt", "file:///etc/b.txt"],
    ["file:///p/a.txt", "../../../../b", "file:///b"],
    ["file:///p/a.txt", "http://h/b", "http://h/b"],
    ["http://h/x/a.txt", "../b.txt", "http://h/b.txt"],
    ["file:///p/a.txt", "file:///q/b.txt", "file:///q/b.txt"],
    ["file:///p/a.txt", "file://localhost/q/b.txt", "file:///q/b.txt"],
    ["file:///p/a.txt", "file:/q/b.txt", "file:///q/b.txt"],
    ["file:///p/a.txt", "file:b.txt", "file:///p/b.txt"],
    ["file:///p/a.txt", "file://host", "file://host/"],
    ["file:///c%3A/p/a.txt", "sub\\b.txt", "file:///c%3A/p/sub/b.txt"],
    ["file:///c%3A/p/a.txt", "D:\\q\\b.txt", "file:///d%3A/q/b.txt"],
    ["file:///c%3A/p/a.txt", "/q/b.txt", "file:///c%3A/q/b.txt"],
    ["file:///c%3A/p/a.txt", "\\\\host\\share\\b.txt", "file://host/share/b.txt"],
    ["file://host/share/a.txt", "b.txt", "file://host/share/b.txt"],
    ["untitled:/p/a.txt", "b.txt", "file:///p/b.txt"],
    ["vscode-vfs://github/o/r/a.txt", "b.txt", "vscode-vfs://github/o/r/b.txt"],
    ["file:///p/a.txt", "\ud800", "file:///p/%EF%BF%BD"],
  ];
  for (const [from, target, wanted] of rows) {
    it(`${JSON.stringify(target)} in ${from} is ${wanted}`, () => {
      assert.deepEqual(resolveInclude(from, target), { uri: wanted });
    });
  }

  it("is not known from nowhere, nor through a variable", () => {
    assert.deepEqual(resolveInclude("untitled:Untitled-1", "b.txt"), { reason: "no-folder" });
    assert.deepEqual(resolveInclude("untitled:Untitled-1", "file:b.txt"), { reason: "no-folder" });
    assert.deepEqual(resolveInclude("no uri", "b.txt"), { reason: "no-folder" });
    assert.deepEqual(resolveInclude("http://[", "b.txt"), { reason: "no-folder" });
    assert.deepEqual(resolveInclude("file:///a", "\u0024{A}/b.txt"), { reason: "variable" });
  });

  it("is the same file however it is spelled", () => {
    assert.equal(sameFileKey("file:///C%3A/a%20b"), sameFileKey("file:///c:/a b"));
    assert.equal(sameFileKey("file:///a%zz"), "file:///a%zz");
    assert.equal(sameFileKey("nothing"), "nothing");
  });
});

describe("the kind of a file", () => {
  const rows: readonly (readonly [string, string | undefined, string | undefined])[] = [
    ["/p/requirements.txt", undefined, "requirements"],
    ["requirements-dev.in", undefined, "requirements"],
    ["dev_requirements.txt", undefined, "requirements"],
    ["C:\\p\\requirements\\base.txt", undefined, "requirements"],
    ["requirements.pip", undefined, "requirements"],
    ["app.requirements", undefined, "requirements"],
    ["constraints.txt", undefined, "constraints"],
    ["/p/constraints/base.txt", undefined, "constraints"],
    ["requirements-constraints.txt", undefined, "constraints"],
    ["file:///p/Pipfile?x#y", undefined, "pipfile"],
    ["Pipfile.lock", undefined, "pipfile-lock"],
    ["notes.txt", undefined, undefined],
    ["notes.txt", "pip-requirements", "requirements"],
    ["my-constraint.cfg", "pip-requirements", "constraints"],
    ["requirements.py", undefined, undefined],
    ["%zz", undefined, undefined],
  ];
  for (const [path, language, kind] of rows) {
    it(`of ${path}${language ? ` as ${language}` : ""} is ${kind}`, () =>
      assert.equal(manifestKindOf(path, language), kind));
  }

  const texts: readonly (readonly [string, string | undefined])[] = [
    ['{\n  "default": {}}', "pipfile-lock"],
    ["{}", "pipfile-lock"],
    ["{% if x %}\nflask\n{% endif %}", undefined],
    ['# made by a tool\nlock-version = "1.0"\n', "pylock"],
    ["[[packages]]\nname = 'a'\n[packages.vcs]\n", "pylock"],
    ["[[source]]\nurl = 'x'\n", "pipfile"],
    ["[packages]\na = '*'\n", "pipfile"],
    ["[project]\nname = 'a'\n", "pyproject"],
    ["[tool.poetry]\n", "pyproject"],
    ["flask[async]\n", undefined],
    ["", undefined],
  ];
  for (const [text, kind] of texts) {
    it(`whose name tells none is ${kind} for ${JSON.stringify(text)}`, () =>
      assert.equal(manifestKindOfText(text), kind));
  }
});
