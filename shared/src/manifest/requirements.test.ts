// Lines of requirements and constraints files: what they say, and the code of what is wrong with them.
import assert from "node:assert/strict";
import type { RequirementEntry } from "./model.ts";
import { readRequirements } from "./requirements.ts";

function codes(text: string, kind: "requirements" | "constraints" = "requirements"): string[] {
  return readRequirements(text, { kind }).errors.map((error) => error.code);
}

function first(text: string): RequirementEntry {
  return readRequirements(text, { kind: "requirements" }).entries[0] as RequirementEntry;
}

describe("faults of a requirements file", () => {
  const rows: readonly (readonly [string, readonly string[]])[] = [
    ["flask --hash=abc", ["invalid-hash"]],
    ["flask --hash=md5:abc", ["weak-hash"]],
    ["flask --hash=:abc", ["weak-hash"]],
    ["flask -C x", ["invalid-setting"]],
    ["flask --config-settings=a=b", []],
    ["flask --global-option=x", ["removed-option"]],
    ["flask -Z", ["removed-option"]],
    ["--use-feature=no", ["unknown-feature"]],
    ["--use-feature=fast-deps", []],
    ["--require x", ["ambiguous-option"]],
    ["--no-index=1", ["unexpected-value"]],
    ["--index-url", ["missing-value"]],
    ["-i", ["missing-value"]],
    ["-x", ["unknown-option"]],
    [`--${"y".repeat(60)}`, ["unknown-option"]],
    ["--index-url=", []],
    ["-r ''", []],
    ["-- -r x", ["ignored-text"]],
    ["-r 'x", ["unclosed-quote"]],
    ["flask==1.0 \\ \n--pre", ["unexpected-text"]],
    ["flask\\ ", ["unexpected-text"]],
    [".\\folder\\x", []],
    ["-r x\\", []],
    ['-r "a\\"b"', []],
    ["--pre \\ x", ["ignored-text"]],
    ["-e ./x --pre", ["ignored-option"]],
    ["-e ./x -C a=b", []],
    ["-e ./x y", ["ignored-text"]],
    ["-e https://h/x.zip", ["invalid-editable"]],
    ["-e git+https://h/r", ["missing-name"]],
    ["-e git://h/r#egg=a", []],
    ["-e ssh://h/r", ["missing-name"]],
    ["-e file:./x[a]", []],
    ["-e 'a @ git+https://h/r'", []],
    ["-e 'a\"b'", []],
    ['-e "./a\\\\b"', []],
    ["https://h/x y", ["unexpected-text"]],
    ["https://h/x.whl", ["invalid-wheel-name"]],
    ["git+https://h/r#egg=%", ["invalid-egg"]],
    ["git+https://h/r#egg=a[b]", ["invalid-egg"]],
    ["git+git@h:o/r.git", ["invalid-url"]],
    ["-e git+git@h:o/r.git", ["invalid-url"]],
    ["s3://h/x", ["invalid-url"]],
    ["git://h/x", ["invalid-url"]],
    ["a @ nowhere", ["invalid-url"]],
    ["; os_name == 'nt'", ["missing-name"]],
    ["a ; nonsense", ["invalid-marker"]],
    ["--hash=sha256:a", ["hash-without-requirement"]],
    ["-c a -r b", ["ignored-option"]],
    ["a @ ./x", []],
    ["./a%zz-1.0.tar.gz", []],
    ["C:\\x\\a-1.0.zip[b]", []],
    ["a@b/c[", ["invalid-url"]],
    ["--index-url \u0024{A} --no-such", []],
  ];
  for (const [text, wanted] of rows) {
    it(`of ${JSON.stringify(text).slice(0, 50)} are ${wanted.join(", ") || "none"}`, () =>
      assert.deepEqual(codes(text), wanted));
  }

  it("in constraints are what pip refuses there", () => {
    assert.deepEqual(codes("-e ./x", "constraints"), ["editable-constraint"]);
    assert.deepEqual(codes("./x", "constraints"), ["unnamed-constraint"]);
    assert.deepEqual(codes("a[b,c]==1", "constraints"), ["constraint-with-extras"]);
    assert.deepEqual(codes("a==1", "constraints"), []);
  });
});

describe("places in a requirements file", () => {
  it("lead back through joined lines", () => {
    const text = "fl\\\nask>=1,\\\r\n<2 ; python_version \\\n< '3'";
    const entry = first(text);
    assert.equal(entry.name!.text, "flask");
    assert.deepEqual(entry.name!.span, { start: 0, end: 7 });
    const [, second] = entry.specifier.clauses;
    assert.equal(text.slice(second!.span.start, second!.span.end), "<2");
    assert.equal(entry.marker?.kind, "comparison");
  });

  it("of quoted values are inside the quotes", () => {
    const text = "-r 'a b.txt' # c";
    const [include] = readRequirements(text, { kind: "requirements" }).entries;
    assert.ok(include?.kind === "include");
    assert.equal(text.slice(include.target.span.start, include.target.span.end), "a b.txt");
    assert.equal(include.comment?.text, "# c");
  });

  it("of a repository are those of its parts", () => {
    const text = "a @ git+https://u:\u0024{T}@h/r.git@v1#subdirectory=s";
    const entry = first(text);
    assert.equal(
      text.slice(entry.vcs!.url.span.start, entry.vcs!.url.span.end),
      "https://u:\u0024{T}@h/r.git",
    );
    assert.equal(entry.vcs!.reference?.text, "v1");
    assert.equal(entry.subdirectory, "s");
    assert.equal(entry.hasVariables, true);
    assert.equal(first("-e git://h/r@v2#egg=a").vcs!.reference?.text, "v2");
    assert.equal(first("-e git+ssh:#egg=a").vcs?.reference, undefined);
  });

  it("name what a file's or a fragment's name tells", () => {
    assert.equal(first("https://h/a_b-1.0-py3-none-any.whl").normalizedName, "a-b");
    assert.equal(first("./dist/a_b-1.0.tar.gz").normalizedName, "a-b");
    assert.equal(first("./x#egg=A.B").normalizedName, "a-b");
    assert.equal(first("https://h/x-1.zip#md5=00#egg=A.B&x=y").normalizedName, "a-b");
    assert.equal(first("https://h/master.zip").normalizedName, undefined);
    assert.equal(first(`https://h/${"x".repeat(400)}.zip`).normalizedName, undefined);
  });

  it("hold what is meant where pip 26 refuses what older ones took", () => {
    const egg = first("git+https://h/r.git#egg=A.B[c]>=0.4.dev4");
    assert.equal(egg.normalizedName, "a-b");
    assert.deepEqual(
      egg.extras.map((extra) => extra.text),
      ["c"],
    );
    assert.equal(egg.specifier.toString(), ">=0.4.dev4");
    const scp = first("git+git@h:o/r.git@v1#egg=A.B");
    assert.equal(scp.normalizedName, "a-b");
    assert.equal(scp.url?.text, "git+git@h:o/r.git@v1#egg=A.B");
    const { errors } = readRequirements("git+git@h:o/r.git@v1#egg=A.B", { kind: "requirements" });
    assert.equal(errors[0]?.message, "This is no URL for pip: write git+ssh://git@h/o/r.git@v1.");
  });

  it("of the file's own remarks are before the first entry", () => {
    const { ignores, entries } = readRequirements(
      "# thoth: ignore[a, b]\n\nx # thoth: ignore\n# thoth: ignore[c]\n",
      { kind: "requirements" },
    );
    assert.deepEqual(ignores, ["a", "b"]);
    assert.deepEqual((entries[0] as RequirementEntry).ignores, []);
  });
});
