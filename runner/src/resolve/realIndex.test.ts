// The frozen part of the public index: the same stacks as uv's, each valid by a checker that shares nothing with the resolver.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { readWheelFilename } from "../../../shared/src/packaging/filename.ts";
import { readRequirementLenient } from "../../../shared/src/packaging/lenient.ts";
import { evaluateMarker, type Marker, readMarker } from "../../../shared/src/packaging/marker.ts";
import { MarkerDiagram } from "../../../shared/src/packaging/markerDiagram.ts";
import { normalizeName } from "../../../shared/src/packaging/name.ts";
import { boundPythons } from "../../../shared/src/packaging/pythonRange.ts";
import { readSpecifierSet } from "../../../shared/src/packaging/specifier.ts";
import { Catalogue } from "./python/catalogue.ts";
import type { Pin, Question, Target, Universe } from "./python/model.ts";
import { resolve } from "./resolve.ts";
import { makeTarget, openSnapshot, readDemands, readSpecifier } from "./testing.ts";
import { createScopeCatalogue, resolveUniversal } from "./universal/resolve.ts";

const FOLDER = new URL("../../../../shared/real-index/", import.meta.url);
const WHEELS_ONLY = { onlyBinary: { all: true, names: new Set<string>() } };

const TAGS = {
  py311: { python: "3.11.7", platform: "linux", resolution: "highest" },
  py313: { python: "3.13.1", platform: "linux", resolution: "highest" },
  "py311-lowest": { python: "3.11.7", platform: "linux", resolution: "lowest-direct" },
  "py311-windows": { python: "3.11.7", platform: "win32", resolution: "highest" },
} as const;

/** The tag `universal`: every platform, from Python 3.11.7 on. */
const SCOPE = { requiresPython: readSpecifier(">=3.11.7") };

/** Environments that a universal stack is tried in. */
const CONCRETE = ["3.11.7", "3.12.4", "3.13.1", "3.15.0"].flatMap((python) => [
  makeTarget(python),
  makeTarget(python, "win32"),
]);

/** Where another valid stack than uv's is found, and why that is no worse. */
const DIFFERENCES: Readonly<Record<string, { readonly ours: readonly string[]; readonly why: string }>> = {
  "mlflow-old-sklearn.py311": {
    ours: ["numpy==1.26.4", "pandas==2.1.4", "scikit-learn==1.3.2"],
    why:
      "pandas and scikit-learn are asked for, numpy is not: both stay at the newest that their lines admit, and numpy " +
      "follows. uv goes back to older ones of both for a newer numpy.",
  },
  "mlflow-old-sklearn.py311-windows": {
    ours: ["numpy==1.26.4", "pandas==2.1.4", "scikit-learn==1.3.2"],
    why: "The same as on Linux.",
  },
  "mlflow-old-sklearn.universal": {
    ours: ["contourpy==1.3.3", "numpy==1.26.4", "pandas==2.1.4", "scikit-learn==1.3.2", "scipy==1.17.1"],
    why:
      "The same again: with that numpy, one contourpy and one scipy do for every Python, so that their pins have no markers where " +
      "uv has two of each.",
  },
};

function ask(set: string, tag: keyof typeof TAGS): { question: Question; target: Target } {
  const { python, platform, resolution } = TAGS[tag];
  const lines = readFileSync(new URL(`sets/${set}.in`, FOLDER), "utf8").split("\n");
  return { question: { requirements: readDemands(lines), resolution }, target: makeTarget(python, platform) };
}

/** What is wrong with a stack, by the metadata texts alone. */
async function faultsOf(
  pins: readonly Pin[],
  question: Question,
  target: Target,
  universe: Universe,
): Promise<string[]> {
  const faults = await unmetIn(pins, question, target, universe);
  for (const { file } of pins) {
    const wheel = readWheelFilename(file.filename);
    if (!wheel.ok || !wheel.value.tags.some((tag) => target.tags.includes(tag))) {
      faults.push(`${file.filename} does not fit`);
    }
    const python = readSpecifierSet(file.requiresPython ?? "");
    if (python.ok && !python.value.contains(target.python))
      faults.push(`${file.filename} needs another Python`);
  }
  return faults;
}

/** Requirements that are not met, pins that nothing asks for, and yanked files. */
async function unmetIn(
  pins: readonly Pin[],
  question: Question,
  target: Target,
  universe: Universe,
): Promise<string[]> {
  const faults: string[] = [];
  const byName = new Map(pins.map((pin) => [pin.name, pin]));
  const reached = new Set<string>();
  const check = async (text: string, extras: readonly string[], asker: string): Promise<void> => {
    const read = readRequirementLenient(text);
    if (!read.ok) {
      faults.push(`${asker}: ${text} cannot be read`);
      return;
    }
    const { requirement } = read.value;
    if (requirement.marker && !evaluateMarker(requirement.marker, target.markers, extras)) return;
    const name = normalizeName(requirement.name.text);
    const pin = byName.get(name);
    if (pin === undefined || !requirement.specifier.contains(pin.version)) {
      faults.push(`${asker} asks for ${text}, the stack has ${pin?.version ?? "none"}`);
      return;
    }
    const wanted = requirement.extras.map((extra) => normalizeName(extra.text));
    const key = `${name}[${wanted}]`;
    if (reached.has(key)) return;
    reached.add(key).add(name);
    const metadata = await universe.metadata(name, pin.version, pin.file);
    if ("failure" in metadata) faults.push(`${name}: ${metadata.failure.message}`);
    else for (const next of metadata.requiresDist) await check(next, wanted, `${name} ${pin.version}`);
  };
  for (const { text } of question.requirements) await check(text, [], "the set");
  for (const { name, file } of pins) {
    if (!reached.has(name)) faults.push(`nothing asks for ${name}`);
    if (file.yanked !== undefined) faults.push(`${file.filename} is yanked`);
  }
  return faults;
}

/** Lines such as `numpy==2.4.6 ; python_full_version < '3.12'`. */
function readAnswer(text: string): { readonly pin: string; readonly marker: Marker | undefined }[] {
  return text
    .trim()
    .split("\n")
    .map((line) => {
      const [pin = "", marker] = line.split(" ; ");
      if (marker === undefined) return { pin, marker };
      const read = readMarker(marker);
      assert.ok(read.ok, line);
      return { pin, marker: read.value };
    });
}

describe("the frozen part of the public index", () => {
  if (!existsSync(FOLDER)) {
    it.skip("is not checked: the snapshot is not here");
    return;
  }
  const sets = readdirSync(new URL("sets/", FOLDER)).map((file) => file.replace(/\.in$/, ""));
  let equal = 0;
  let all = 0;
  for (const set of sets) {
    for (const tag of Object.keys(TAGS) as (keyof typeof TAGS)[]) {
      const answer = new URL(`answers/${set}.${tag}.txt`, FOLDER);
      const isSolvable = existsSync(answer);
      it(`${set} on ${tag} ${isSolvable ? "gives uv's stack" : "has no solution"}`, async () => {
        const { question, target } = ask(set, tag);
        const universe = openSnapshot(FOLDER);
        const resolution = await resolve(new Catalogue(universe, target, WHEELS_ONLY), question);
        all++;
        assert.equal(resolution.kind, isSolvable ? "solved" : "impossible");
        if (resolution.kind !== "solved") {
          equal++;
          return;
        }
        assert.deepEqual(await faultsOf(resolution.pins, question, target, universe), []);
        const ours = resolution.pins.map(({ name, version }) => `${name}==${version}`);
        const theirs = readFileSync(answer, "utf8").trim().split("\n");
        const known = DIFFERENCES[`${set}.${tag}`];
        assert.deepEqual(
          ours.filter((pin) => !theirs.includes(pin)),
          known?.ours ?? [],
        );
        if (!known) assert.deepEqual(ours, theirs);
        if (!known) equal++;
      });
    }
  }
  for (const set of sets) {
    const answer = new URL(`answers/${set}.universal.txt`, FOLDER);
    const isSolvable = existsSync(answer);
    it(`${set} for everything ${isSolvable ? "gives uv's stack" : "has no solution"}`, async () => {
      const { question } = ask(set, "py311");
      const universe = openSnapshot(FOLDER);
      const resolution = await resolveUniversal(createScopeCatalogue(universe, SCOPE, WHEELS_ONLY), question);
      all++;
      assert.equal(resolution.kind, isSolvable ? "solved" : "impossible");
      if (resolution.kind !== "solved") {
        equal++;
        return;
      }
      for (const target of CONCRETE) {
        const selected: readonly Pin[] = resolution.pins.filter(
          ({ marker }) => marker === undefined || evaluateMarker(marker, target.markers),
        );
        assert.equal(new Set(selected.map(({ name }) => name)).size, selected.length, "one pin of each name");
        assert.deepEqual(await unmetIn(selected, question, target, universe), []);
      }
      const diagram = new MarkerDiagram();
      const supported = diagram.pythonsIn(boundPythons(SCOPE.requiresPython));
      const meaningOf = (marker: Marker | undefined): number => diagram.and(diagram.of(marker), supported);
      const ours = resolution.pins.map(({ name, version, marker }) => [
        `${name}==${version}`,
        meaningOf(marker),
      ]);
      const theirs = readAnswer(readFileSync(answer, "utf8")).map(({ pin, marker }) => [
        pin,
        meaningOf(marker),
      ]);
      const known = DIFFERENCES[`${set}.universal`];
      assert.deepEqual(
        ours.filter(([pin, where]) => !theirs.some((their) => their[0] === pin && their[1] === where)),
        known?.ours.map((pin) => [pin, meaningOf(undefined)]) ?? [],
      );
      if (!known) assert.deepEqual(ours, theirs);
      if (!known) equal++;
    });
  }
  it("ends where a search for everything goes back before what it had found unfit", async () => {
    const requirements = readDemands(["requests", "transformers>=5.19.0", "botocore", "protobuf==7.36.*"]);
    const scope = { requiresPython: readSpecifier(">=3.9") };
    const where = createScopeCatalogue(openSnapshot(FOLDER), scope, WHEELS_ONLY);
    const resolution = await resolveUniversal(where, { requirements, resolution: "lowest-direct" });
    assert.equal(resolution.kind, "impossible");
  });
  it("gives uv's stack for at least 95 % of them", () => {
    assert.ok(equal >= 0.95 * all, `${equal} of ${all}`);
  });
});
