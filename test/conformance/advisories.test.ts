// Advisories against an independent evaluator: Python's own `packaging` decides for every record of the shared set and every
// release of a frozen part of the public index, and for versions around every event.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { createRater, readFolder, readOsvRecord } from "../../runner/src/advisories/index.ts";
import { isAffected, soughtVersion } from "../../shared/src/advisory/index.ts";
import { normalizeName } from "../../shared/src/packaging/name.ts";

const folder = fileURLToPath(new URL("../../../shared/conformance/provenance/advisories/", import.meta.url));
const index = new URL("../../../shared/real-index/simple/", import.meta.url);

/** OSV's evaluation, told from its schema alone: `versions` or a range of type ECOSYSTEM, events in their order by version. */
const EVALUATOR = `
import json, sys
try:
    from packaging.version import Version, InvalidVersion
except ImportError:
    from pip._vendor.packaging.version import Version, InvalidVersion

def parse(text):
    try:
        return Version(text)
    except InvalidVersion:
        return None

def affected(ranges, versions, text):
    version = parse(text)
    if text in versions:
        return True
    if version is None:
        return False
    public = Version(version.public)
    for named in versions:
        one = parse(named)
        if one is not None and (one == public or one == version):
            return True
    for events in ranges:
        steps = []
        for event in events:
            for kind, at in event.items():
                if kind == "introduced" and at == "0":
                    steps.append((0, None, kind))
                elif parse(at) is not None:
                    steps.append((1, parse(at), kind))
        place = lambda step: (step[0], step[1]) if step[0] else (0, Version("0.dev0"))
        in_order = all(place(one) <= place(two) for one, two in zip(steps, steps[1:]))
        # Pairs out of order may touch: what is fixed and introduced at one version is then introduced anew.
        steps.sort(key=lambda step: (place(step), not in_order and step[2] == "introduced"))
        inside = False
        for rank, at, kind in steps:
            if kind == "introduced" and (rank == 0 or public >= at):
                inside = True
            elif kind == "fixed" and public >= at:
                inside = False
            elif kind == "last_affected" and public > at:
                inside = False
        if inside:
            return True
    return False

for line in sys.stdin:
    ask = json.loads(line)
    print("".join("1" if affected(ask["ranges"], ask["versions"], one) else "0" for one in ask["ask"]))
`;

interface Asked {
  readonly id: string;
  readonly name: string;
  readonly ask: readonly string[];
  readonly ours: string;
  readonly line: string;
}

interface Osv {
  readonly id: string;
  readonly affected: readonly {
    readonly package: { readonly name: string };
    readonly ranges?: readonly {
      readonly type: string;
      readonly events: readonly Record<string, string>[];
    }[];
    readonly versions?: readonly string[];
  }[];
}

/** Releases of a project on the frozen index. */
function frozenVersions(name: string): string[] {
  const page = new URL(`${name}.json.gz`, index);
  if (!existsSync(page)) return [];
  const { versions = [] } = JSON.parse(gunzipSync(readFileSync(page)).toString("utf8")) as {
    versions?: string[];
  };
  return versions;
}

/** Versions around those that a record names: where a rule of order would go wrong first. */
function around(versions: readonly string[]): string[] {
  return versions.flatMap((one) => [
    one,
    `${one}.dev1`,
    `${one}rc1`,
    `${one}.post1`,
    `${one}+cu118`,
    `${one}.0`,
    `${one}.1`,
  ]);
}

async function askAll(): Promise<Asked[]> {
  const rate = await createRater();
  const asked: Asked[] = [];
  for await (const item of readFolder(folder, { signal: new AbortController().signal })) {
    assert.ok("value" in item, item.name);
    const read = readOsvRecord(item.value, rate);
    assert.ok("records" in read, item.name);
    const said = item.value as Osv;
    for (const { package: name, record } of read.records) {
      const parts = said.affected.filter((one) => normalizeName(one.package.name) === name);
      const ranges = parts.flatMap(({ ranges: all = [] }) =>
        all.flatMap(({ type, events }) => (type === "ECOSYSTEM" ? [events] : [])),
      );
      const versions = parts.flatMap((one) => one.versions ?? []);
      const named = [...ranges.flat().flatMap((event) => Object.values(event)), ...versions.slice(-5)];
      const ask = [
        ...new Set([...versions, ...frozenVersions(name), ...around(named), "not-a-version", "1!1.0"]),
      ];
      const ours = ask.map((one) => (isAffected(record, soughtVersion(one)) ? "1" : "0")).join("");
      asked.push({ id: read.id, name, ask, ours, line: JSON.stringify({ ranges, versions, ask }) });
    }
  }
  return asked;
}

describe("the shared advisory set", function () {
  this.timeout(120_000);
  const python = spawnSync("python3", ["-c", "import packaging.version"]).status === 0 ? "packaging" : "pip";
  const isHere = existsSync(folder);
  const hasPython =
    spawnSync("python3", ["-c", "import packaging.version"]).status === 0 ||
    spawnSync("python3", ["-c", "import pip._vendor.packaging.version"]).status === 0;
  if (!isHere || !hasPython) {
    it.skip(
      isHere
        ? "is evaluated (there is no python3 with packaging or pip)"
        : "is read (it is not beside this clone)",
    );
    return;
  }

  it(`is evaluated as ${python}'s packaging evaluates it, for every version`, async () => {
    const asked = await askAll();
    assert.ok(asked.length >= 458);
    const input = asked.map(({ line }) => line).join("\n");
    const answer = spawnSync("python3", ["-c", EVALUATOR], { input, encoding: "utf8", maxBuffer: 1 << 28 });
    assert.equal(answer.status, 0, answer.stderr);
    const theirs = answer.stdout.trim().split("\n");
    assert.equal(theirs.length, asked.length);
    const differences = asked.flatMap(({ id, name, ask, ours }, at) =>
      ask.flatMap((version, place) =>
        ours[place] === theirs[at]![place] ? [] : [`${id} ${name} ${version}: ${ours[place]} here`],
      ),
    );
    assert.deepEqual(differences.slice(0, 20), []);
    const questions = asked.reduce((sum, { ask }) => sum + ask.length, 0);
    assert.ok(questions > 50_000, `only ${questions} questions`);
    assert.ok(theirs.some((line) => line.includes("1")) && theirs.some((line) => line.includes("0")));
  });

  it("is read whole: every file is a record, and three are withdrawn", async () => {
    const files = readdirSync(folder, { recursive: true }).filter((name) => /\.yaml$/.test(String(name)));
    const rate = await createRater();
    let withdrawn = 0;
    let rated = 0;
    let count = 0;
    for await (const item of readFolder(folder, { signal: new AbortController().signal })) {
      const read = "value" in item ? readOsvRecord(item.value, rate) : item;
      assert.ok("records" in read, item.name);
      count++;
      if (read.records.some(({ record }) => record.withdrawn !== undefined)) withdrawn++;
      if (read.records.some(({ record }) => record.score !== undefined)) rated++;
    }
    assert.deepEqual([count, withdrawn, rated], [files.length, 3, 38]);
  });
});
