// pylock.toml against the tables and files of the reference implementation: names, versions, validity with the place of the fault, selection.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { readPylock } from "../../shared/src/manifest/pylock.ts";
import { isPylockName, pylockFileName, readsLockVersion } from "../../shared/src/manifest/pylockModel.ts";
import { selectFromPylock } from "../../shared/src/manifest/pylockSelect.ts";
import type { TomlParser } from "../../shared/src/manifest/toml.ts";
import type { MarkerEnvironment } from "../../shared/src/packaging/marker.ts";
import { tomlForTests } from "../support/toml.ts";

const folder = fileURLToPath(new URL("../../../shared/conformance/pep/", import.meta.url));
const isHere = existsSync(folder);

interface Tables {
  readonly file_names: readonly { file: string; valid: boolean }[];
  readonly versions: readonly { version: string; supported: boolean }[];
  readonly documents: readonly {
    data: Record<string, unknown>;
    valid: boolean;
    where: string | null;
    from: string;
  }[];
  readonly dist_filename: readonly {
    name: string | null;
    path: string | null;
    url: string | null;
    filename: string;
  }[];
  readonly extras_and_groups: readonly {
    extras: string[] | null;
    dependency_groups: string[] | null;
    selected: string[];
  }[];
  readonly prefer_sdist: readonly {
    wheel_python_tag: string | null;
    has_sdist: boolean;
    prefer_sdist: boolean;
    selected: string;
  }[];
}

const MARKERS: MarkerEnvironment = {
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
const TAGS = ["cp312-cp312-manylinux_2_17_x86_64", "py3-none-any"];

/** The data as TOML with inline tables, which is what a row was read from. */
function toToml(data: Record<string, unknown>): string {
  return Object.entries(data)
    .map(([key, value]) => `${key} = ${valueToToml(value)}\n`)
    .join("");
}

function valueToToml(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(valueToToml).join(", ")}]`;
  if (typeof value === "string") return JSON.stringify(value);
  // The tables hold one number that is no integer, a version written without quotes.
  if (typeof value === "number")
    return Number.isInteger(value) && value !== 1 ? String(value) : value.toFixed(1);
  if (typeof value !== "object" || value === null) return String(value);
  if ("$datetime" in value) return String(value.$datetime);
  const pairs = Object.entries(value).map(([key, item]) => `${key} = ${valueToToml(item)}`);
  return `{ ${pairs.join(", ")} }`;
}

describe("pylock.toml as the reference reads it", () => {
  if (!isHere) {
    it.skip("is read (the conformance set is not beside this clone)");
    return;
  }
  const tables = JSON.parse(readFileSync(`${folder}pylock.json`, "utf8")) as Tables;
  let toml: TomlParser;
  before(async () => {
    toml = await tomlForTests();
  });

  for (const { file, valid } of tables.file_names) {
    it(`${file} is ${valid ? "" : "not "}the name of a lock`, () => assert.equal(isPylockName(file), valid));
  }

  for (const { version, supported } of tables.versions) {
    it(`version ${version} is ${supported ? "" : "not "}read`, () =>
      assert.equal(readsLockVersion(version), supported));
  }

  for (const [index, { data, valid, where, from }] of tables.documents.entries()) {
    it(`document ${index} of ${from} is ${valid ? "valid" : `refused at ${where}`}`, () => {
      const { errors } = readPylock(toToml(data), toml);
      if (valid) assert.deepEqual(errors, []);
      else {
        const expected = where === "unsupported_version" ? "lock-version" : where;
        assert.deepEqual(
          errors.map((error) => error.where),
          [expected],
        );
      }
    });
  }

  for (const { name, path, url, filename } of tables.dist_filename) {
    it(`a file of name ${name}, path ${path}, url ${url} is ${filename}`, () => {
      const place = { name: name ?? undefined, path: path ?? undefined, url: url ?? undefined };
      assert.equal(pylockFileName(place), filename);
    });
  }

  for (const { extras, dependency_groups: groups, selected } of tables.extras_and_groups) {
    it(`extras ${extras} and groups ${groups} take ${selected.join(", ")}`, () => {
      const markers = {
        foo: "",
        "foo-dev": "'dev' in dependency_groups",
        "foo-docs": "'docs' in dependency_groups",
        "foo-feat1": "'feat1' in extras",
        "foo-feat2": "'feat2' in extras",
      };
      const text = toToml({
        "lock-version": "1.0",
        "created-by": "tests",
        extras: ["feat1", "feat2"],
        "dependency-groups": ["dev", "docs"],
        "default-groups": ["dev"],
        packages: Object.entries(markers).map(([name, marker]) => ({
          name,
          ...(marker === "" ? {} : { marker }),
          directory: { path: `./${name}` },
        })),
      });
      const { pylock, errors } = readPylock(text, toml);
      assert.deepEqual(errors, []);
      const answer = selectFromPylock(pylock!, {
        markers: MARKERS,
        tags: TAGS,
        extras: extras ?? undefined,
        dependencyGroups: groups ?? undefined,
      });
      assert.ok("packages" in answer);
      assert.deepEqual(answer.packages.map((one) => one.package.name).sort(), selected);
    });
  }

  for (const row of tables.prefer_sdist) {
    const { wheel_python_tag: tag, has_sdist: hasSdist, prefer_sdist: prefers, selected } = row;
    it(`of a wheel for ${tag}${hasSdist ? " and an sdist" : ""} the ${selected} is taken${prefers ? " where sdists are preferred" : ""}`, () => {
      const hashes = { sha256: "f".repeat(64) };
      const text = toToml({
        "lock-version": "1.0",
        "created-by": "tests",
        packages: [
          {
            name: "foo",
            ...(hasSdist ? { sdist: { path: "./foo-1.0.tar.gz", hashes } } : {}),
            ...(tag === null ? {} : { wheels: [{ path: `./foo-1.0-${tag}-none-any.whl`, hashes }] }),
          },
        ],
      });
      const { pylock, errors } = readPylock(text, toml);
      assert.deepEqual(errors, []);
      const answer = selectFromPylock(pylock!, { markers: MARKERS, tags: TAGS, prefersSdist: () => prefers });
      assert.ok("packages" in answer);
      assert.deepEqual(
        answer.packages.map(({ source }) => source.kind),
        [selected],
      );
    });
  }

  it("reads the example of the standard whole", () => {
    const { pylock, errors, entries } = readPylock(
      readFileSync(`${folder}pylock.spec-example.toml`, "utf8"),
      toml,
    );
    assert.deepEqual(errors, []);
    assert.equal(entries.length, 3);
    assert.equal(pylock!.createdBy, "mousebender");
    assert.deepEqual(
      pylock!.environments.map(({ text }) => text),
      ['sys_platform == "win32"', 'sys_platform == "linux"'],
    );
    const [attrs, cattrs, numpy] = pylock!.packages;
    assert.deepEqual(attrs!.attestationIdentities, [
      {
        environment: "release-pypi",
        kind: "GitHub",
        repository: "python-attrs/attrs",
        workflow: "pypi-package.yml",
      },
    ]);
    assert.equal(attrs!.wheels[0]!.uploadTime, "2025-01-25T11:30:10.164985+00:00");
    assert.deepEqual(cattrs!.dependencies, [{ name: "attrs" }]);
    assert.equal(numpy!.wheels.length, 2);
    assert.equal(numpy!.wheels[1]!.size, 16116679);
    assert.deepEqual(pylock!.tool, {
      mousebender: {
        command: [
          ".",
          "lock",
          "--platform",
          "cpython3.12-windows-x64",
          "--platform",
          "cpython3.12-manylinux2014-x64",
          "cattrs",
          "numpy",
        ],
        "run-on": "2025-03-06T12:28:57.760769",
      },
    });
  });

  /** What other tools' tests have as bad locks, and what is wrong in them: the reference refuses the same. */
  const FAULTS: Readonly<Record<string, readonly string[]>> = {
    "pylock.invalid.toml": ["missing-key", "missing-source"],
    "osv-scalibr/empty.toml": ["missing-key"],
    "osv-scalibr/names-outside-package-block.toml": ["missing-source"],
    // PDM leaves the addresses out unless it is told otherwise.
    "osv-scalibr/pdm-full.toml": ["missing-place"],
  };
  const files = readdirSync(`${folder}pylock-files`, { recursive: true, encoding: "utf8" });
  for (const file of files.filter((name) => name.endsWith(".toml")).sort()) {
    it(`${file} has the faults that are known, and no others`, () => {
      const text = readFileSync(`${folder}pylock-files/${file}`, "utf8");
      const { errors, entries, pylock } = readPylock(text, toml);
      assert.deepEqual([...new Set(errors.map(({ code }) => code))], FAULTS[file] ?? []);
      assert.equal(entries.length, pylock!.packages.length);
      for (const entry of entries) {
        assert.equal(text.slice(entry.name!.span.start, entry.name!.span.end), entry.name!.text);
      }
    });
  }
});
