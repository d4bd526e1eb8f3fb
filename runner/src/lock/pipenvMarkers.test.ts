// Markers as pipenv 2026.10.3 writes them: each row was made by it.
import assert from "node:assert/strict";
import { markerOfPython, parsePipfileMarkers, pipenvMarker } from "./pipenvMarkers.ts";

const ROWS: readonly (readonly [requiresPython: string, marker: string | undefined])[] = [
  [">=3.6", "python_version >= '3.6'"],
  [
    ">=3.9, <4, !=3.9.1",
    "python_version >= '3.9' and python_full_version != '3.9.1' and python_version < '4'",
  ],
  [">3.6", "python_version >= '3.7'"],
  ["<=3.8", "python_version < '3.9'"],
  ["<=3.11", "python_version <= '3.11'"],
  [">3.12", "python_version > '3.12'"],
  ["==3.*", "python_version == '3'"],
  ["3.7", "python_version == '3.7'"],
  ["~=3.8", "python_version ~= '3.8'"],
  [">=3.6,>=3.8", "python_version >= '3.6'"],
  ["==2.7,==3.6", "python_version == '2.7' or python_version == '3.6'"],
  [
    ">=2.7, !=3.0.*, !=3.1.*, !=3.2.*",
    "python_version >= '2.7' and python_version != '3.0' and python_version != '3.1' and python_version != '3.2'",
  ],
  [">=3.10.2", "python_full_version >= '3.10.2'"],
  ["*", undefined],
  ["any", undefined],
  ["not a specifier", undefined],
];

describe("markers of a Pipfile.lock", () => {
  for (const [text, marker] of ROWS) {
    it(`say of Requires-Python ${text}: ${marker ?? "nothing"}`, () => {
      assert.equal(markerOfPython(text), marker);
    });
  }

  const own = (...keys: (readonly [string, string])[]) =>
    parsePipfileMarkers(keys.map(([key, value]) => ({ key, value })));

  it("are the Pipfile's where its entry has markers, whatever the release asks", () => {
    const markers = own(["markers", 'sys_platform == "win32"'], ["version", "*"]);
    assert.equal(pipenvMarker({ requiresPython: ">=3.9", own: markers }), "sys_platform == 'win32'");
  });

  it("join what the release asks and the entry's keys", () => {
    const keys = own(["python_version", ">= '3.6'"]);
    const python = "python_version >= '2.7' and python_version != '3.0'";
    assert.equal(
      pipenvMarker({ requiresPython: ">=2.7,!=3.0.*", own: keys }),
      `${python} and python_version >= '3.6'`,
    );
    assert.equal(
      pipenvMarker({ requiresPython: ">=2.7,!=3.0.*", own: { ...keys!, isKey: true } }),
      `(${python}) and python_version >= '3.6' and python_version >= '3.6'`,
    );
    assert.equal(pipenvMarker({ own: own(["os_name", "== 'posix'"]) }), "os_name == 'posix'");
  });

  it("keep an or in parentheses beside other parts", () => {
    const markers = own(["markers", "os_name == 'nt' or os_name == 'posix'"], ["python_version", "> '3'"]);
    assert.equal(
      pipenvMarker({ own: markers }),
      "(os_name == 'nt' or os_name == 'posix') and python_version > '3'",
    );
  });

  it("are none of an entry without any", () => {
    assert.equal(own(["version", "*"], ["index", "here"]), undefined);
    assert.equal(pipenvMarker({}), undefined);
  });
});
