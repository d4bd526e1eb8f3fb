// What comparisons of Python's version admit, as stretches of releases.
import assert from "node:assert/strict";
import {
  boundPythons,
  nextSeries,
  pythonCode,
  pythonRangesOf,
  pythonRelease,
  pythonSeriesOf,
} from "./pythonRange.ts";
import type { Clause } from "./specifier.ts";
import { readSpecifierSet } from "./specifier.ts";

const END = Number.POSITIVE_INFINITY;
const at = (...release: number[]) => pythonCode(release);

describe("stretches of Pythons", () => {
  const rows: readonly (readonly [Clause["operator"], string, readonly (readonly [number, number])[]])[] = [
    ["~=", "3.8", [[at(3, 8), at(4)]]],
    ["~=", "3.8.2", [[at(3, 8, 2), at(3, 9)]]],
    ["==", "3.8.*", [[at(3, 8), at(3, 9)]]],
    [
      "!=",
      "3.8.*",
      [
        [0, at(3, 8)],
        [at(3, 9), END],
      ],
    ],
    ["!=", "0.*", [[at(1), END]]],
    ["===", "3.8.1", [[at(3, 8, 1), at(3, 8, 1) + 1]]],
    ["<", "0", []],
    [">", "3.8", [[at(3, 8) + 1, END]]],
  ];
  for (const [operator, text, expected] of rows) {
    it(`of ${operator}${text} are ${expected.length}`, () =>
      assert.deepEqual(
        pythonRangesOf(operator, text),
        expected.map(([low, high]) => ({ low, high })),
      ));
  }

  it("are not told of what is no version, or of a prefix that is ordered", () => {
    assert.equal(pythonRangesOf("==", "three"), undefined);
    assert.equal(pythonRangesOf(">=", "3.*"), undefined);
    assert.equal(pythonSeriesOf("==", "three"), undefined);
  });

  it("of python_version are whole series, and none where no series is meant", () => {
    assert.deepEqual(pythonSeriesOf(">", "3.8"), [{ low: at(3, 9), high: END }]);
    assert.deepEqual(pythonSeriesOf("==", "3.8.1"), []);
  });

  it("span a Requires-Python from end to end, and everything where it admits nothing", () => {
    const bounds = (text: string) => {
      const set = readSpecifierSet(text);
      assert.ok(set.ok);
      return boundPythons(set.value);
    };
    assert.deepEqual(bounds(">=3.8,!=3.9.*,<3.12"), { low: at(3, 8), high: at(3, 12) });
    assert.deepEqual(bounds(">=3.8,<3"), { low: 0, high: END });
  });

  it("have a release for each number, two parts at least", () => {
    assert.deepEqual(pythonRelease(at(3)), [3, 0]);
    assert.deepEqual(pythonRelease(at(3, 8, 2) + 1), [3, 8, 2]);
    assert.equal(nextSeries(at(3, 8, 2)), at(3, 9));
  });
});
