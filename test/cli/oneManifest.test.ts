// Which manifest `lock`, `explain` and `validate` take of a folder: the same for all, and its lock where what is installed is wanted.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildWheel } from "../support/wheels.ts";
import { makePlace, type Place } from "./thoth.ts";

const REQUIREMENTS = "calm\n";
const PIPFILE = '[packages]\ncalm = "*"\n';
const PYPROJECT = '[project]\nname = "app"\nversion = "1"\ndependencies = ["calm"]\n';
const PYLOCK = 'lock-version = "1.0"\ncreated-by = "test"\npackages = []\n';
const PIPFILE_LOCK = '{"_meta": {}, "default": {}, "develop": {}}\n';

/** The files of a folder; what people declare in it; what would be installed, where that is another one. */
const CASES: readonly (readonly [Record<string, string>, string | undefined, string?])[] = [
  [{ "requirements.txt": REQUIREMENTS }, "requirements.txt"],
  [{ "requirements-dev.txt": REQUIREMENTS, "constraints.txt": REQUIREMENTS }, "requirements-dev.txt"],
  [{ "requirements.txt": REQUIREMENTS, "pyproject.toml": PYPROJECT }, "pyproject.toml"],
  [{ "requirements.txt": REQUIREMENTS, "pyproject.toml": PYPROJECT, Pipfile: PIPFILE }, "Pipfile"],
  [{ Pipfile: PIPFILE, "Pipfile.lock": PIPFILE_LOCK, "requirements.txt": REQUIREMENTS }, "Pipfile"],
  [{ Pipfile: PIPFILE, "requirements.in": REQUIREMENTS }, "requirements.in"],
  [
    { "requirements.in": REQUIREMENTS, "requirements.txt": REQUIREMENTS },
    "requirements.in",
    "requirements.txt",
  ],
  [{ "pyproject.toml": PYPROJECT, "pylock.toml": PYLOCK }, "pyproject.toml", "pylock.toml"],
  [{ "pylock.toml": PYLOCK, "pylock.test.toml": PYLOCK }, undefined, "pylock.toml"],
];

describe("of a folder", function () {
  this.timeout(60_000);
  let place: Place;
  let options: string[];
  /** The interpreter's own folder: where the home folder lies in it, nothing is run. */
  let prefix: string;

  beforeEach(function () {
    const found = spawnSync("python3", ["-c", "import sys; print(sys.executable, sys.base_prefix)"]);
    if (found.status !== 0) {
      console.log("      skipped: there is no python3; apt-get install python3");
      return this.skip();
    }
    const [executable = "", base = ""] = found.stdout.toString().trim().split(" ");
    prefix = base;
    place = makePlace();
    const wheels = join(place.folder, "..", "wheels");
    mkdirSync(wheels);
    const built = buildWheel({ name: "calm", version: "1.0" });
    writeFileSync(join(wheels, built.filename), built.bytes);
    options = ["--python", executable, "--no-index", "--find-links", wheels, "--format", "json"];
  });
  afterEach(() => place?.remove());

  for (const [files, declared, installed = declared] of CASES) {
    const names = Object.keys(files).join(", ");
    it(`with ${names}: ${declared ?? "nothing"} is resolved, ${installed} validated`, async () => {
      for (const [name, text] of Object.entries(files)) place.write(`app/${name}`, text);
      for (const command of ["lock", "explain"]) {
        const { status, stdout, stderr } = await place.run([command, "app", ...options]);
        if (declared === undefined) {
          assert.equal(status, 2, stdout);
          assert.match(stderr, /app has no requirements file, no Pipfile and no pyproject\.toml/);
        } else assert.equal(JSON.parse(stdout).result.path, `app/${declared}`, `${command} ${stderr}`);
      }
      const { stdout, stderr } = await place.run(["validate", "app", ...options], { env: { HOME: prefix } });
      assert.equal(JSON.parse(stdout).result.path, `app/${installed}`, stderr);
    });
  }

  it("without any: all three say so", async () => {
    place.write("app/readme.md", "");
    for (const command of ["lock", "explain", "validate"]) {
      const { status, stderr } = await place.run([command, "app", ...options]);
      assert.equal(status, 2, command);
      assert.match(stderr, /app has no manifest: no requirements file, no Pipfile/);
    }
  });
});
