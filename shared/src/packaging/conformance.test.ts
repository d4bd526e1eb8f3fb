// The tables of the reference implementation, row by row: one test per table, which lists the rows that differ.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import {
  androidPlatforms,
  bestTagRank,
  canonicalVersion,
  compareVersions,
  iosPlatforms,
  isNormalizedName,
  isValidName,
  type MarkerEnvironment,
  macBinaryFormats,
  macPlatforms,
  manylinuxPlatforms,
  markerToString,
  musllinuxPlatforms,
  normalizeName,
  parseVersion,
  rankWheels,
  readCoreMetadata,
  readLicenseExpression,
  readMarker,
  readRequirement,
  readSdistFilename,
  readSpecifierSet,
  readVersion,
  readWheelFilename,
  requirementsEqual,
  requirementToString,
  resolveDependencyGroups,
  type SpecifierSet,
  supportedTags,
  tagRanks,
  tryEvaluateMarker,
} from "./index.ts";

const folder = new URL("../../../../shared/conformance/pep/", import.meta.url);
const isPresent = existsSync(folder);

// biome-ignore lint/suspicious/noExplicitAny: the tables are data of many shapes, each checked by what is asserted of it
type Table = any;

function load(name: string): Table {
  return JSON.parse(readFileSync(new URL(name, folder), "utf8"));
}

/** Asserts that no row of a table fails, and that there were rows. */
function everyRow<Row>(rows: readonly Row[], fault: (row: Row) => string | undefined): void {
  assert.ok(rows.length > 0, "the table is empty");
  const faults: string[] = [];
  for (const row of rows) {
    const text = fault(row);
    if (text !== undefined) faults.push(`${JSON.stringify(row).slice(0, 300)}: ${text}`);
  }
  assert.equal(
    faults.length,
    0,
    `${faults.length} of ${rows.length} rows differ:\n${faults.slice(0, 20).join("\n")}`,
  );
}

function differs(actual: unknown, expected: unknown): string | undefined {
  const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)];
  return a === b ? undefined : `got ${a}, expected ${b}`;
}

function specifierOf(text: string, prereleases?: boolean | null): SpecifierSet {
  const result = readSpecifierSet(text);
  assert.ok(result.ok, `${text} is not read`);
  return result.value.withPrereleases(prereleases ?? undefined);
}

describe("the conformance tables of the packaging standards", () => {
  before(function () {
    if (!isPresent) {
      console.log("skipped: ../shared/conformance/pep is not beside the repository");
      this.skip();
    }
  });

  describe("versions.json", () => {
    const table = (): Table => load("versions.json");

    it("orders every pair of versions as the reference does", () => {
      const { sorted, pypi_sample_sorted } = table();
      for (const list of [sorted, pypi_sample_sorted] as string[][]) {
        const versions = list.map((text) => parseVersion(text)!);
        for (let i = 0; i < versions.length; i++) {
          for (let j = 0; j < versions.length; j++) {
            const expected = Math.sign(i - j);
            assert.equal(
              Math.sign(compareVersions(versions[i]!, versions[j]!)),
              expected,
              `${list[i]} ${list[j]}`,
            );
            const [a, b] = [versions[i]!.key, versions[j]!.key];
            assert.equal(a < b ? -1 : a > b ? 1 : 0, expected, `keys of ${list[i]} ${list[j]}`);
          }
        }
      }
    });
    it("refuses what is no version and says where", () => {
      const { invalid, pypi_sample_invalid } = table();
      everyRow([...invalid, ...pypi_sample_invalid] as string[], (text) => {
        const result = readVersion(text);
        if (result.ok) return "accepted";
        const { offset, length } = result.error;
        return offset + length <= text.length && length > 0 ? undefined : `place ${offset}+${length}`;
      });
    });
    it("normalizes", () => {
      everyRow(table().normalized as Table[], (row) =>
        differs(parseVersion(row.version)?.toString(), row.normalized),
      );
    });
    it("breaks a version into its fields", () => {
      everyRow(table().fields as Table[], (row) => {
        const version = parseVersion(row.version)!;
        return differs(
          {
            version: row.version,
            normalized: version.toString(),
            epoch: version.epoch,
            release: version.release,
            pre: version.pre ?? null,
            post: version.post ?? null,
            dev: version.dev ?? null,
            local: version.local ?? null,
            public: version.public,
            base: version.base,
            is_prerelease: version.isPrerelease,
            is_postrelease: version.isPostrelease,
            is_devrelease: version.isDevrelease,
          },
          row,
        );
      });
    });
    it("gives the canonical form", () => {
      everyRow(table().canonical as Table[], (row) => differs(canonicalVersion(row.version), row.canonical));
    });
    it("takes two spellings of one version as equal", () => {
      everyRow(table().equal as [string, string][], ([a, b]) => {
        const [left, right] = [parseVersion(a)!, parseVersion(b)!];
        return compareVersions(left, right) === 0 && left.key === right.key ? undefined : "not equal";
      });
    });
  });

  describe("specifiers.json", () => {
    const table = (): Table => load("specifiers.json");

    it("reads what is valid", () => {
      const { valid, normalised_forms_valid } = table();
      everyRow([...valid] as string[], (text) => (readSpecifierSet(text).ok ? undefined : "refused"));
      everyRow(normalised_forms_valid as string[], (text) =>
        readSpecifierSet(`==${text}`).ok ? undefined : "refused",
      );
    });
    it("refuses what is not and says where", () => {
      everyRow(table().invalid as string[], (text) => {
        const result = readSpecifierSet(text);
        if (result.ok) return "accepted";
        const { offset, length } = result.error;
        return offset + length <= text.length && length > 0 ? undefined : `place ${offset}+${length}`;
      });
    });
    it("says whether a version is contained", () => {
      everyRow(table().contains as Table[], (row) => {
        const version = row.parsed ? parseVersion(row.version)! : row.version;
        const answer = specifierOf(row.spec, row.prereleases).contains(version, {
          prereleases: row.call_prereleases ?? undefined,
          installed: row.installed ?? undefined,
        });
        return differs(answer, row.expected);
      });
    });
    it("filters", () => {
      everyRow(table().filter as Table[], (row) => {
        const answer = specifierOf(row.spec, row.prereleases).filter(row.input as string[], {
          prereleases: row.call_prereleases ?? undefined,
        });
        return differs(answer, row.expected);
      });
    });
    it("sees that a clause asks for pre-releases", () => {
      everyRow(table().prereleases_detection as Table[], (row) =>
        differs(specifierOf(row.spec).prereleases ?? false, row.prereleases),
      );
    });
    it("prints", () => {
      everyRow(table().str as Table[], (row) => differs(specifierOf(row.spec).toString(), row.str));
    });
    it("knows subsets, supersets and disjoint sets", () => {
      everyRow(table().relations as Table[], (row) => {
        const [left, right] = [specifierOf(row.left).toVersionSet(), specifierOf(row.right).toVersionSet()];
        const answer =
          row.op === "subset"
            ? left.isSubset(right)
            : row.op === "superset"
              ? right.isSubset(left)
              : left.isDisjoint(right);
        return differs(answer, row.expected);
      });
    });
    it("sees that no version can meet the clauses", () => {
      everyRow(table().unsatisfiable as Table[], (row) =>
        differs(specifierOf(row.spec, row.prereleases).isUnsatisfiable(), row.unsatisfiable),
      );
    });
    it("answers the matrices of specifiers and versions", () => {
      const { matrix, matrix_versions, pypi_matrix, pypi_versions } = table();
      const check = (rows: Table[], versions: string[]): void =>
        everyRow(rows, (row) => {
          for (const mode of ["default", "true", "false"]) {
            if (row[mode] === undefined) continue;
            const set = specifierOf(row.spec, mode === "default" ? undefined : mode === "true");
            const bits = versions.map((version) => (set.contains(version) ? "1" : "0")).join("");

            if (bits !== row[mode]) return `${mode}: got ${bits}`;
          }
          return undefined;
        });
      check(matrix, matrix_versions);
      check(pypi_matrix, pypi_versions);
    });
    it("prints real specifiers", () => {
      everyRow(table().pypi_matrix as Table[], (row) => differs(specifierOf(row.spec).toString(), row.str));
    });
  });

  describe("markers.json", () => {
    const table = (): Table => load("markers.json");
    const evaluate = (text: string, environment: Partial<MarkerEnvironment>): string => {
      const marker = readMarker(text);
      assert.ok(marker.ok, `${text} is not read`);
      const result = tryEvaluateMarker(marker.value, environment);
      return result.ok ? (result.value ? "1" : "0") : "E";
    };

    it("evaluates", () => {
      const { evaluate: rows, base_environment } = table();
      everyRow(rows as Table[], (row) => {
        const context = row.context === "metadata" ? { extra: "" } : {};
        const value = evaluate(row.marker, { ...base_environment, ...context, ...row.environment });
        return differs(value, row.expected === true ? "1" : row.expected === false ? "0" : "E");
      });
    });
    it("prints", () => {
      everyRow([...table().str, ...table().environment_matrix] as Table[], (row) => {
        const marker = readMarker(row.marker);
        return differs(marker.ok && markerToString(marker.value), row.str);
      });
    });
    it("tells markers apart", () => {
      everyRow(table().different as [string, string][], (pair) => {
        const [a, b] = pair.map((text) => readMarker(text));
        return a!.ok && b!.ok && markerToString(a!.value) !== markerToString(b!.value) ? undefined : "equal";
      });
    });
    it("refuses what is no marker", () => {
      everyRow(table().invalid as string[], (text) => (readMarker(text).ok ? "accepted" : undefined));
    });
    it("reads every operator with every variable and value", () => {
      const { valid_pep508, valid_pep345, valid_setuptools_legacy } = table();
      everyRow([...valid_pep508, ...valid_pep345, ...valid_setuptools_legacy] as string[], (text) =>
        readMarker(text).ok ? undefined : "refused",
      );
    });
    it("evaluates real markers in ten environments", () => {
      const { environment_matrix, environments } = table();
      everyRow(environment_matrix as Table[], (row) => {
        const bits = Object.values(environments as Record<string, MarkerEnvironment>)
          .map((environment) => evaluate(row.marker, { ...environment, extra: "" }))
          .join("");
        return differs(bits, row.bits);
      });
    });
  });

  describe("requirements.json", () => {
    const table = (): Table => load("requirements.json");

    it("reads and prints every valid requirement", () => {
      const { valid, pypi_valid } = table();
      everyRow([...valid, ...pypi_valid] as Table[], (row) => {
        const result = readRequirement(row.input);
        if (!result.ok) return result.error.message;
        const { name, extras, specifier, url, marker } = result.value;
        return differs(
          {
            input: row.input,
            name: name.text,
            extras: [...new Set(extras.map((extra) => extra.text))].sort(),
            specifier: specifier.toString(),
            url: url?.text ?? null,
            marker: marker ? markerToString(marker) : null,
            str: requirementToString(result.value),
          },
          row,
        );
      });
    });
    it("refuses invalid requirements at the place where the reference does", () => {
      const { invalid, pypi_invalid } = table();
      everyRow(invalid as Table[], (row) => {
        const result = readRequirement(row.input);
        if (result.ok) return "accepted";
        if (row.column === null) return undefined;
        const { offset, length } = result.error;
        return differs([offset, offset + length], [row.column, Math.min(row.end, row.input.length)]);
      });
      everyRow(pypi_invalid as string[], (text) => (readRequirement(text).ok ? "accepted" : undefined));
    });
    it("knows equal requirements", () => {
      everyRow(table().equality as Table[], (row) => {
        const [a, b] = [readRequirement(row.a), readRequirement(row.b)];
        return a.ok && b.ok ? differs(requirementsEqual(a.value, b.value), row.equal) : "refused";
      });
    });
  });

  describe("names.json", () => {
    const table = (): Table => load("names.json");

    it("normalizes names", () => {
      const { canonicalize, pypi } = table();
      everyRow([...canonicalize, ...pypi] as Table[], (row) =>
        differs(normalizeName(row.name), row.canonical),
      );
    });
    it("refuses invalid names", () => {
      everyRow(table().invalid as Table[], (row) =>
        differs([normalizeName(row.name), isValidName(row.name)], [row.canonical, row.valid]),
      );
    });
    it("knows which names are normal", () => {
      everyRow(table().is_normalized as Table[], (row) =>
        differs(isNormalizedName(row.name), row.name === row.normalized),
      );
    });
  });

  describe("tags.json", () => {
    const table = (): Table => load("tags.json");

    it("reads wheel names", () => {
      const { wheel_valid, wheel_real, wheel_unsorted_compressed_ok_unless_strict } = table();
      everyRow([...wheel_valid, ...wheel_real] as Table[], (row) => {
        const result = readWheelFilename(row.filename);
        if (!result.ok) return result.error.message;
        const { name, version, build, tags } = result.value;
        return differs(
          { filename: row.filename, name, version: version.toString(), build: build ?? [], tags },
          row,
        );
      });
      everyRow(wheel_unsorted_compressed_ok_unless_strict as string[], (name) =>
        readWheelFilename(name).ok ? undefined : "refused",
      );
    });
    it("refuses what is no wheel's name", () => {
      everyRow(table().wheel_invalid as string[], (name) =>
        readWheelFilename(name).ok ? "accepted" : undefined,
      );
    });
    it("reads names of source distributions", () => {
      const { sdist_valid, sdist_real } = table();
      everyRow([...sdist_valid, ...sdist_real] as Table[], (row) => {
        const result = readSdistFilename(row.filename);
        if (!result.ok) return result.error.message;
        const { name, version } = result.value;
        return differs({ filename: row.filename, name, version: version.toString() }, row);
      });
    });
    it("refuses what is no source distribution's name", () => {
      everyRow(table().sdist_invalid as string[], (name) =>
        readSdistFilename(name).ok ? "accepted" : undefined,
      );
    });
    it("climbs the ladders of platforms", () => {
      const { macos_platforms, macos_binary_formats, ios_platforms, android_platforms } = table();
      everyRow(macos_platforms as Table[], (row) =>
        differs(macPlatforms(row.version, row.arch), row.platforms),
      );
      everyRow(macos_binary_formats as Table[], (row) =>
        differs(macBinaryFormats(row.version, row.arch), row.formats),
      );
      everyRow(ios_platforms as Table[], (row) =>
        differs(iosPlatforms(row.version, row.multiarch), row.platforms),
      );
      everyRow(android_platforms as Table[], (row) =>
        differs(androidPlatforms(row.api_level, row.abi), row.platforms),
      );
    });
    it("climbs the ladders of Linux", () => {
      const { manylinux_platforms, musllinux_platforms } = table();
      everyRow(manylinux_platforms as Table[], (row) =>
        differs(manylinuxPlatforms(row.arch, row.glibc), row.platforms),
      );
      everyRow(musllinux_platforms as Table[], (row) =>
        differs(musllinuxPlatforms(row.arch, row.musl), row.platforms),
      );
    });
    it("lists the tags of whole environments, best first", () => {
      everyRow(table().environments as Table[], (row) =>
        differs(
          supportedTags({
            python: row.python,
            abis: row.abis,
            implementation: row.interpreter.slice(0, 2),
            platforms: row.platforms,
          }),
          row.tags,
        ),
      );
    });
    it("selects by tag", () => {
      everyRow(table().selector as Table[], (row) => {
        const ranks = tagRanks(row.supported);
        const chosen = (row.things as string[])
          .map((thing) => ({ thing, rank: bestTagRank(thing.split("."), ranks) }))
          .filter((one) => one.rank !== undefined)
          .sort((a, b) => a.rank! - b.rank!)
          .map((one) => one.thing);
        return differs(chosen, row.expected);
      });
    });
    it("prefers wheels as installers do", () => {
      const { environments, wheel_preference } = table();
      everyRow(wheel_preference as Table[], (row) => {
        const environment = (environments as Table[]).find((one) => one.name === row.env);
        const own = (wheel_preference as Table[])
          .filter((one) => one.case === row.case)
          .flatMap((one) => one.compatible as string[]);
        return differs(rankWheels(new Set(own), tagRanks(environment.tags)), row.compatible);
      });
    });
  });

  it("licenses.json: reads and normalizes licence expressions", () => {
    const { valid, invalid } = load("licenses.json");
    everyRow(valid as Table[], (row) => {
      const result = readLicenseExpression(row.input);
      return result.ok ? differs(result.value, row.normalized) : result.error.message;
    });
    everyRow(invalid as string[], (text) => (readLicenseExpression(text).ok ? "accepted" : undefined));
  });

  it("dependency_groups.json: resolves dependency groups and tells every fault", () => {
    const codes: Readonly<Record<string, string>> = {
      "unknown-group": "LookupError",
      "duplicate-group": "DuplicateGroupNames",
      "cyclic-group": "CyclicDependencyGroup",
      "invalid-group": "TypeError",
      "invalid-group-entry": "InvalidDependencyGroupObject",
      "invalid-requirement": "InvalidRequirement",
    };
    everyRow(load("dependency_groups.json").cases as Table[], (row) => {
      const { requirements, errors } = resolveDependencyGroups(row.groups, row.resolve);
      const names = [...new Set(errors.map((error) => codes[error.code]))].sort();
      return row.error
        ? differs(names, row.error)
        : (differs(requirements, row.expected) ?? differs(names, []));
    });
  });

  it("everything.metadata: reads every field", () => {
    const { metadata } = readCoreMetadata(readFileSync(new URL("everything.metadata", folder)));
    assert.equal(metadata.name, "BeagleVote");
    assert.equal(metadata.version, "1.0a2");
    assert.equal(metadata.requiresPython, ">=3");
    assert.equal(metadata.requiresDist.length, 5);
    assert.deepEqual(metadata.providesExtra, ["pdf"]);
    assert.deepEqual(metadata.dynamic, ["obsoletes-dist"]);
    assert.deepEqual(metadata.keywords, ["dog", "puppy", "voting", "election"]);
    assert.deepEqual(metadata.importNames, ["beaglevote", "_beaglevote ; private"]);
    assert.equal(metadata.projectUrls[0]?.label, "Bug Tracker");
    assert.equal(metadata.downloadUrl, "…/BeagleVote-0.45.tgz");
    assert.deepEqual(metadata.unknown, [["ThisIsNotReal", "Hello!"]]);
    assert.match(metadata.description ?? "", /intentionally left blank/);
  });
});
