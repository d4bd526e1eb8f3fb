// Requirements that come from addresses, folders and repositories, from end to end.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { buildSdist, buildWheel, type RunningIndex, startIndex } from "../support/index.ts";
import { makePlace, type Place } from "./thoth.ts";

const PROJECT = (name: string, more = "") =>
  `[project]\nname = "${name}"\nversion = "1.5"\ndependencies = ["werkzeug>=3"]\n${more}`;

/** A repository of its own, nothing of the machine's configuration in it; gives the commit. */
function makeRepository(
  place: Place,
  name: string,
  files: Readonly<Record<string, string>>,
  tag?: string,
): string {
  for (const [path, text] of Object.entries(files)) place.write(`${name}/${path}`, text);
  const folder = join(place.folder, name);
  const git = (...args: string[]): string =>
    execFileSync("git", ["-C", folder, "-c", "user.name=a", "-c", "user.email=a@b.c", ...args], {
      env: { ...place.env, GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_NOSYSTEM: "1" },
      encoding: "utf8",
    }).trim();
  git("init", "--quiet", "--initial-branch=main");
  git("add", ".");
  git("commit", "--quiet", "-m", "one");
  if (tag !== undefined) git("tag", tag);
  return git("rev-parse", "HEAD");
}

describe("requirements from addresses, folders and repositories", () => {
  let index: RunningIndex;
  let place: Place;
  const lock = async (...args: string[]) => {
    const ran = await place.run(["lock", ...args, "--index-url", index.url, "--quiet", "--format", "json"]);
    const packages = ran.status === 0 ? JSON.parse(ran.stdout).result.packages : [];
    return { ...ran, packages: packages as Record<string, unknown>[] };
  };
  const subjects = (packages: readonly Record<string, unknown>[]) =>
    packages.map(({ name, version }) => `${name} ${version}`);

  before(async () => {
    index = await startIndex({
      werkzeug: [
        buildWheel({ name: "werkzeug", version: "2.3.0" }),
        buildWheel({ name: "werkzeug", version: "3.1.0" }),
      ],
      loose: [
        buildWheel({ name: "loose", version: "1.0", requires: ["werkzeug>=3"] }),
        buildSdist({ name: "loose", version: "1.0", requires: ["werkzeug>=3"] }),
      ],
    });
  });
  beforeEach(() => {
    place = makePlace();
  });
  afterEach(() => place.remove());
  after(() => index.close());

  it("takes a local project with what its pyproject.toml says, extras included, and writes it as it stands", async () => {
    place.write(
      "here/pyproject.toml",
      PROJECT("Here", '[project.optional-dependencies]\nmore = ["loose"]\n'),
    );
    place.write("requirements.in", "-e ./here[more]\n");
    const { packages, stderr } = await lock("requirements.in");
    assert.equal(stderr, "");
    assert.deepEqual(subjects(packages), ["here 1.5", "loose 1.0", "werkzeug 3.1.0"]);
    assert.deepEqual(packages[0]?.artifacts, []);
    const { stdout } = await place.run([
      "lock",
      "requirements.in",
      "-q",
      "-o",
      "-",
      "--index-url",
      index.url,
    ]);
    assert.match(stdout, /^-e \.\/here\[more\]\n/m);
  });

  it("takes a project whose version only a build tells, and says that clauses on it are not checked", async () => {
    place.write(
      "here/pyproject.toml",
      '[project]\nname = "here"\ndynamic = ["version"]\ndependencies = ["werkzeug"]\n',
    );
    place.write(
      "other/pyproject.toml",
      '[project]\nname = "other"\nversion = "1"\ndependencies = ["here>=7"]\n',
    );
    place.write("requirements.in", "./here\n./other\n");
    const { packages, stderr } = await lock("requirements.in");
    assert.deepEqual(subjects(packages), ["here 0", "other 1", "werkzeug 3.1.0"]);
    assert.match(
      stderr,
      /here gets its version when it is built: what other lines ask of it is not checked\./,
    );
    const told = await place.run(["explain", "requirements.in", "werkzeug", "-q", "--index-url", index.url]);
    assert.match(told.stdout, /What it needs is read from werkzeug-3\.1\.0-py3-none-any\.whl\./);
  });

  it("takes wheels and sdists by their address and by their path", async () => {
    const wheel = `${index.origin}/files/loose/loose-1.0-py3-none-any.whl`;
    const built = buildWheel({ name: "near", version: "2.0", requires: ["werkzeug<3"] });
    place.write(`files/${built.filename}`, built.bytes);
    place.write("requirements.in", `./files/${built.filename}\n`);
    const near = await lock("requirements.in");
    assert.deepEqual(subjects(near.packages), ["near 2.0", "werkzeug 2.3.0"]);
    assert.equal(near.packages[0]?.url, pathToFileURL(join(place.folder, "files", built.filename)).href);
    const [artifact] = near.packages[0]!.artifacts as { sha256: string }[];
    assert.equal(artifact?.sha256, built.sha256);
    place.write("requirements.in", `loose @ ${wheel}\n`);
    assert.deepEqual(subjects((await lock("requirements.in")).packages), ["loose 1.0", "werkzeug 3.1.0"]);
    place.write("requirements.in", `${index.origin}/files/loose/loose-1.0.tar.gz\n`);
    assert.deepEqual(subjects((await lock("requirements.in")).packages), ["loose 1.0", "werkzeug 3.1.0"]);
  });

  it("takes a repository at a branch, a tag or a commit, and locks the commit", async function () {
    this.timeout(120_000);
    const commit = makeRepository(
      place,
      "repo",
      { "pyproject.toml": PROJECT("demo"), "sub/pyproject.toml": PROJECT("inner") },
      "v1",
    );
    const url = pathToFileURL(join(place.folder, "repo")).href;
    for (const reference of ["", "@main", "@v1", `@${commit}`, `@${commit.slice(0, 10)}`]) {
      place.write("requirements.in", `git+${url}${reference}\n`);
      const { packages, stderr } = await lock("requirements.in");
      assert.equal(stderr, "", reference);
      assert.deepEqual(subjects(packages), ["demo 1.5", "werkzeug 3.1.0"], reference);
      assert.equal((packages[0]!.vcs as { commit: string }).commit, commit, reference);
      assert.equal(packages[0]?.url, url, reference);
    }
    place.write("requirements.in", `-e git+${url}@main#egg=inner&subdirectory=sub\n`);
    const { stdout } = await place.run([
      "lock",
      "requirements.in",
      "-q",
      "-o",
      "-",
      "--index-url",
      index.url,
    ]);
    assert.match(stdout, new RegExp(`^-e git\\+${url}@${commit}#egg=inner&subdirectory=sub\n`, "m"));
  });

  it("says what is wrong with a repository, and what would help", async () => {
    makeRepository(place, "repo", { "setup.py": "raise SystemExit\n" });
    const url = pathToFileURL(join(place.folder, "repo")).href;
    const tell = async (line: string): Promise<string> => {
      place.write("requirements.in", `${line}\n`);
      const { status, stderr } = await lock("requirements.in");
      assert.equal(status, 3, stderr);
      return stderr;
    };
    assert.match(
      await tell(`git+${url}@nothere`),
      /line 1: .*\/repo@nothere has no nothere\.\n.*Check the branch/,
    );
    assert.match(await tell(`git+${url}`), /says what it needs only when built\.\n.*\[project\]/);
    assert.match(
      await tell(`demo @ git+${url}-absent`),
      /demo cannot be resolved: .* cannot be read: .*\n.*Check the address/,
    );
    assert.match(
      await tell("demo @ hg+https://example.invalid/demo"),
      /is a hg repository, which is not read here/,
    );
  });

  it("keeps a login out of everything that it writes", async () => {
    const wheel = `${index.origin.replace("://", "://me:hidden@")}/files/loose/loose-1.0-py3-none-any.whl`;
    place.write("requirements.in", `loose @ ${wheel}\n`);
    const good = await lock("requirements.in");
    assert.deepEqual(subjects(good.packages), ["loose 1.0", "werkzeug 3.1.0"]);
    place.write(
      "requirements.in",
      `demo @ git+${index.origin.replace("://", "://me:hidden@")}/none.git@main\n`,
    );
    const bad = await lock("requirements.in");
    assert.equal(bad.status, 3);
    assert.match(bad.stderr, /none\.git@main cannot be read/);
    for (const { stdout, stderr } of [good, bad]) assert.doesNotMatch(stdout + stderr, /hidden/);
  });

  it("takes an address that another package names, as pip does, and says so", async () => {
    place.write("inner/pyproject.toml", PROJECT("inner"));
    const address = pathToFileURL(join(place.folder, "inner")).href;
    place.write(
      "outer/pyproject.toml",
      `[project]\nname = "outer"\nversion = "1"\ndependencies = ["inner @ ${address}"]\n`,
    );
    place.write("requirements.in", "./outer\n");
    const { packages, stderr } = await lock("requirements.in");
    assert.deepEqual(subjects(packages), ["inner 1.5", "outer 1", "werkzeug 3.1.0"]);
    assert.match(stderr, /inner 1\.5 comes from file:.* because outer names that address, not an index\./);
  });

  it("takes uv's sources of a pyproject.toml: a path, a repository, a member of the workspace", async () => {
    place.write("near/pyproject.toml", PROJECT("near"));
    place.write("packages/one/pyproject.toml", PROJECT("one"));
    const commit = makeRepository(place, "repo", { "pyproject.toml": PROJECT("demo") }, "v1");
    const url = pathToFileURL(join(place.folder, "repo")).href;
    const project = (more: string) =>
      `[project]\nname = "mine"\nversion = "1"\ndependencies = ["near", "demo", "one"]\n\n[tool.uv.sources]\nnear = {path = "near"}\ndemo = {git = "${url}", tag = "v1"}\none = {workspace = true}\n${more}`;
    place.write("pyproject.toml", project('[tool.uv.workspace]\nmembers = ["packages/*"]\n'));
    const { packages, stderr } = await lock("pyproject.toml");
    assert.equal(stderr, "");
    assert.deepEqual(subjects(packages), ["demo 1.5", "near 1.5", "one 1.5", "werkzeug 3.1.0"]);
    assert.equal((packages[0]!.vcs as { commit: string }).commit, commit);
    place.write("pyproject.toml", project(""));
    assert.match(
      (await lock("pyproject.toml")).stderr,
      /one comes from a workspace that this pyproject\.toml does not list/,
    );
  });

  it("takes a Pipfile's path and repository", async () => {
    place.write("here/pyproject.toml", PROJECT("here"));
    const commit = makeRepository(place, "repo", { "pyproject.toml": PROJECT("demo") });
    const url = pathToFileURL(join(place.folder, "repo")).href;
    place.write(
      "Pipfile",
      `[[source]]\nname = "here"\nurl = "${index.url}"\nverify_ssl = false\n\n[packages]\nhere = {path = "./here", editable = true}\ndemo = {git = "${url}", ref = "main"}\n`,
    );
    const { packages, stderr } = await lock("Pipfile");
    assert.equal(stderr, "");
    assert.deepEqual(subjects(packages), ["demo 1.5", "here 1.5", "werkzeug 3.1.0"]);
    assert.deepEqual(packages[0]?.vcs, { system: "git", commit, requested: "main" });
    assert.equal(packages[1]?.editable, true);
  });
});
