// What pip and uv say of a stack that does not resolve, in the house's words.
import assert from "node:assert/strict";
import { explainFailure } from "./explain.ts";
import type { ResolveRequest } from "./resolving.ts";
import { line } from "./testing.ts";

function explain(output: string, texts: readonly string[], more: Partial<ResolveRequest> = {}) {
  const request: ResolveRequest = {
    interpreter: {
      executable: "/usr/bin/python3",
      version: "3.11.7",
      implementation: "cpython",
      platform: "linux-x86_64",
      prefixes: [],
    },
    requirements: texts.map((text, index) => line(text, index + 1)),
    constraints: [],
    indexes: {},
    resolver: "pip",
    offline: false,
    onlyListed: false,
    folder: "/run",
    cwd: "/run",
    env: {},
    deadline: 1000,
    onOutput: () => {},
    ...more,
  };
  const answer = explainFailure({ exit: 1, signal: null, output }, request);
  assert.ok(!answer.ok);
  return answer;
}

const uv = (cause: string): string =>
  `error: No solution found when resolving dependencies\n  cause: ${cause.replaceAll("\n", "\n         ")}\n`;

describe("what a resolver said", () => {
  it("becomes the steps of a conflict with the lines that can be changed", () => {
    const pip =
      "ERROR: Cannot install tensorflow==2.15.0 and numpy>=2 because these package versions have conflicting dependencies.\n\nThe conflict is caused by:\n    The user requested numpy>=2\n    tensorflow 2.15.0 depends on numpy<2.0.0 and >=1.23.5\n\nERROR: ResolutionImpossible: for help visit https://pip.pypa.io\n";
    const answer = explain(pip, ["tensorflow==2.15.0", "numpy>=2"]);
    assert.equal(answer.outcome, "install-failed");
    assert.equal(
      answer.message,
      "tensorflow 2.15.0 needs numpy<2.0.0 and >=1.23.5; requirements.txt line 2 asks for numpy>=2.",
    );
    assert.deepEqual(answer.names.slice(0, 2), ["tensorflow", "numpy"]);
  });

  it("becomes the same from uv, without what uv concluded on its way", () => {
    const said = uv(
      "Because tensorflow==2.15.0 depends on numpy>=1.23.5,<2.0.0 and you require tensorflow==2.15.0, we can conclude that you require numpy>=1.23.5,<2.0.0.\nAnd because you require numpy>=2, we can conclude that your requirements are unsatisfiable.",
    );
    assert.equal(
      explain(said, ["tensorflow==2.15.0", "numpy>=2"]).message,
      "tensorflow 2.15.0 needs numpy>=1.23.5,<2.0.0; requirements.txt line 2 asks for numpy>=2.",
    );
    const both = uv(
      "Because left==1.0 depends on middle<2 and right==1.0 depends on middle>=2, we can conclude that left==1.0 and right==1.0 are incompatible.",
    );
    assert.equal(
      explain(both, ["left", "right"]).message,
      "left 1.0 needs middle<2; right 1.0 needs middle>=2.",
    );
  });

  it("names both lines where the person asks twice for one project", () => {
    const said = uv(
      "Because you require numpy<2 and numpy>=2, we can conclude that your requirements are unsatisfiable.",
    );
    assert.equal(
      explain(said, ["numpy<2", "numpy>=2"]).message,
      "requirements.txt line 1 asks for numpy<2; requirements.txt line 2 asks for numpy>=2.",
    );
    const pip =
      "ERROR: Double requirement given: numpy>=2 (from -r /run/requirements.txt (line 2)) (already in numpy<2 (from -r /run/requirements.txt (line 1)), name='numpy')\n";
    assert.match(explain(pip, ["numpy<2", "numpy>=2"]).message, /line 1 asks for numpy<2; /);
  });

  it("is no conflict where an index lacks what is asked for", () => {
    const absent = uv(
      "Because nothing was not found in the package registry and you require nothing, we can conclude that your requirements are unsatisfiable.",
    );
    assert.match(
      explain(absent, ["nothing"]).message,
      /^No wheel of nothing matches on Python 3\.11 here\.$/,
    );
    const high = uv(
      "Because only flask<=3.1.3 is available and you require flask>=99, we can conclude that your requirements are unsatisfiable.",
    );
    assert.match(explain(high, ["flask>=99"]).message, /^No wheel of flask matches/);
    const offline = explain(absent, ["nothing"], { offline: true });
    assert.equal(offline.outcome, "infrastructure-failed");
    assert.match(offline.message, /^nothing is not among the wheels kept on this machine/);
  });

  it("names the one file that has another digest, of several that were looked at", () => {
    const pip =
      "Collecting aaa==1.0 (from -r /run/requirements.txt (line 1))\nERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE. If you have updated the package versions, please update the hashes.\n    bbb==1.0 from https://example.com/bbb-1.0-py3-none-any.whl (from -r /run/requirements.txt (line 2)):\n        Expected sha256 00\n             Got        11\n";
    const answer = explain(pip, ["aaa==1.0 --hash=sha256:22", "bbb==1.0 --hash=sha256:00"]);
    assert.equal(answer.names[0], "bbb");
    assert.equal(answer.settled, true);
    assert.ok(answer.lines.some((text) => /Expected sha256 00/.test(text)));
  });
});
