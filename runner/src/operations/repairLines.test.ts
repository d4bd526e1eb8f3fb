// Lines that a repair edits and adds: each in the form that its file has, and no more of it than has to be.
import assert from "node:assert/strict";
import type { FixOutput } from "../../../shared/src/protocol/fix.ts";
import { buildWheel, type IndexedFile, type RunningIndex, startIndex } from "../../../test/support/index.ts";
import { advisory, makeOperationPlace, NOW, type OperationPlace } from "../../../test/support/operations.ts";

const old = new Date(NOW - 400 * 86_400_000).toISOString();
const releases = (name: string, versions: Readonly<Record<string, readonly string[]>>) => ({
  files: Object.entries(versions).map(
    ([version, requires]): IndexedFile => ({
      artifact: buildWheel({ name, version, requires: [...requires] }),
      uploadTime: old,
    }),
  ),
});

describe("the lines of a repair", function () {
  this.timeout(60_000);
  let place: OperationPlace;
  let index: RunningIndex;

  before(async () => {
    index = await startIndex({
      lib: releases("lib", { "1.0": [], "1.2": [], "2.0": [], "2.1": [] }),
      app: releases("app", { "1.0": ["lib<2"], "2.0": ["lib>=2", "more"] }),
      wide: releases("wide", { "1.0": ["lib<2"], "2.0": ["lib"] }),
      far: releases("far", { "1.0": ["lib<2"], "2.0": ["lib"], "3.0": ["lib<2.1", "more"] }),
      more: releases("more", { "1.0": [] }),
      solo: releases("solo", { "1.0": [], "1.4": [], "2.0": [], "2.3.1": [] }),
    });
  });
  beforeEach(async () => {
    place = makeOperationPlace();
    await place.advise(advisory("GHSA-1", "lib", "2.0"), advisory("GHSA-3", "solo", "2.0"), {
      id: "GHSA-2",
      modified: new Date(NOW - 86_400_000).toISOString(),
      affected: [{ package: { ecosystem: "PyPI", name: "lib" }, versions: ["2.1"] }],
    });
  });
  afterEach(() => place.remove());
  after(() => index.close());

  const fix = async (name: string, text: string) => {
    place.write(name, text);
    const { result } = await place.run<FixOutput>("fix", {
      paths: [name],
      constraints: [],
      rules: {},
      choose: [],
      write: true,
      allowDowngrade: false,
      only: ["known-vulnerability"],
      index: { indexUrl: index.url },
    });
    return {
      text: place.read(name),
      titles: result.files.flatMap(({ fixes }) =>
        fixes.map(({ title }) => title.replace(/; \d check.*/, ")")),
      ),
      left: result.left.map(({ reason }) => reason),
    };
  };
  const pinned = (name: string, version: string): string => {
    const { files } = index.projects[name] as { files: readonly IndexedFile[] };
    const found = files.find(({ artifact }) => artifact.filename.startsWith(`${name}-${version}-`))!;
    return `${name}==${version} \\\n    --hash=sha256:${found.artifact.sha256}\n`;
  };

  it("pins what comes in where lines are pinned by hashes, since pip takes nothing without one there", async () => {
    const before = `${pinned("app", "1.0")}${pinned("lib", "1.2")}`;
    const { text, left } = await fix("requirements.txt", before);
    assert.deepEqual(left, []);
    assert.equal(
      text,
      `${pinned("app", "2.0")}${pinned("lib", "2.0")}${pinned("more", "1.0")}    # via app\n`,
    );
  });

  it("holds what only another package brings in by a line of its own, and says who does", async () => {
    const { text, titles } = await fix("requirements.txt", "wide==1.0");
    assert.equal(text, "wide==2.0\nlib>=2.0,<2.1  # brought in by wide\n");
    assert.deepEqual(titles, [
      "Raise wide to 2.0 and hold lib to >=2.0,<2.1 (fixes 1 advisory; resolves with 2 packages)",
    ]);
  });

  it("holds it in uv's table of constraints, below those that are there", async () => {
    const project = '[project]\nname = "me"\nversion = "1"\ndependencies = ["wide==1.0"]\n';
    const raised = project.replace("wide==1.0", "wide==2.0");
    const cases: [before: string, after: string][] = [
      [
        "[tool.uv]\npackage = false\n",
        '[tool.uv]\nconstraint-dependencies = ["lib>=2.0,<2.1"]  # brought in by wide\npackage = false\n',
      ],
      [
        '[tool.uv]\nconstraint-dependencies = ["more<2"] # mine\n',
        '[tool.uv]\nconstraint-dependencies = ["more<2", "lib>=2.0,<2.1"] # mine\n',
      ],
      [
        '[tool.uv]\nconstraint-dependencies = [\n  "more<2", # mine\n]\n',
        '[tool.uv]\nconstraint-dependencies = [\n  "more<2", # mine\n  "lib>=2.0,<2.1",\n]\n',
      ],
      [
        '[tool.uv]\nconstraint-dependencies = [\n  "more<2" # mine\n]\n',
        '[tool.uv]\nconstraint-dependencies = [\n  "more<2", # mine\n  "lib>=2.0,<2.1"\n]\n',
      ],
      [
        "[tool.uv.sources]\nmore = { index = 'x' }\n\n[[tool.uv.index]]\nname = 'x'\nurl = 'INDEX'\n",
        "[tool.uv.sources]\nmore = { index = 'x' }\n\n[[tool.uv.index]]\nname = 'x'\nurl = 'INDEX'\n\n[tool.uv]\nconstraint-dependencies = [\"lib>=2.0,<2.1\"]  # brought in by wide\n",
      ],
    ];
    for (const [before, after] of cases) {
      const own = (text: string) => text.replace("INDEX", index.url);
      const { text } = await fix("pyproject.toml", own(`${project}\n${before}`));
      assert.equal(text, own(`${raised}\n${after}`));
    }
  });

  it("keeps the spacing, extras, marker and comment of a line", async () => {
    const cases: [before: string, after: string][] = [
      ["solo ~= 1.0 ; python_version >= '3.8'  # why", "solo >= 2.0, < 3.0 ; python_version >= '3.8'  # why"],
      ["Solo[x]>=1.0, <2  # why", "Solo[x]>=2.0, <3.0  # why"],
      ["solo (==1.4)", "solo (==2.0)"],
      ["solo ===1.4", "solo ===2.0"],
      ["solo!=1.4,<2", "solo>=2.0,<3.0,!=1.4"],
      ["solo == 1.*", "solo == 2.*"],
    ];
    for (const [before, after] of cases) {
      const { text, left } = await fix("requirements.txt", `# head\n${before}\n`);
      assert.equal(text, `# head\n${after}\n`, left.join());
    }
  });

  it("keeps poetry's operators", async () => {
    const project = (line: string) =>
      `[tool.poetry]\nname = "me"\nversion = "1"\n\n[tool.poetry.dependencies]\npython = "^3.9"\n${line}\n`;
    const cases: [before: string, after: string][] = [
      ['solo = "^1.0"', 'solo = "^2.0"'],
      ['solo = "~1.4"  # why', 'solo = "~2.0"  # why'],
      ['solo = { version = "1.*", optional = false }', 'solo = { version = "2.*", optional = false }'],
      ['solo = "1.4"', 'solo = "2.0"'],
      ['solo = ">=1.0,<2.0"', 'solo = ">=2.0,<3.0"'],
      // The newest of `^2.0` is affected again.
      ['lib = "^1.0"', 'lib = ">=2.0,<2.1"'],
    ];
    for (const [before, after] of cases) {
      const { text, left } = await fix("pyproject.toml", project(before));
      assert.equal(text, project(after), left.join());
    }
  });

  it("plans without such a line where a file has no place for one, and says where nothing else helps", async () => {
    const pipfile = (line: string) =>
      `[[source]]\nurl = "${index.url}"\nverify_ssl = true\nname = "pypi"\n\n[packages]\n${line}\n`;
    const further = await fix("Pipfile", pipfile('far = "==1.0"'));
    assert.equal(further.text, pipfile('far = "==3.0"'));
    assert.deepEqual(further.titles, [
      "Raise far to 3.0 (brings lib 2.0; fixes 1 advisory; resolves with 3 packages)",
    ]);
    const none = await fix("Pipfile", pipfile('wide = "==1.0"'));
    assert.equal(none.text, pipfile('wide = "==1.0"'));
    assert.deepEqual(none.left, [
      "it needs a constraint (lib>=2.0,<2.1), and this kind of file has no place for one",
    ]);
  });
});
