// Project URLs against the signer: on forges only, and a match is no news.
import assert from "node:assert/strict";
import { type Identity, judgeProjectUrls } from "./index.ts";

const signedBy = (repository: string | undefined): Identity => ({
  kind: "GitHub",
  issuer: "https://token.actions.githubusercontent.com",
  san: "x",
  repository,
});

describe("a project's URLs", () => {
  const rows: readonly (readonly [string | undefined, readonly string[], boolean])[] = [
    ["https://github.com/octo/demo", ["https://github.com/octo/demo"], false],
    ["https://github.com/octo/demo", ["git+https://www.github.com/Octo/Demo.git"], false],
    ["https://github.com/octo/demo", ["https://github.com/octo/demo/issues?q=1#x"], false],
    [
      "https://github.com/octo/demo",
      ["https://github.com/evil/demo", "https://github.com/octo/demo/wiki"],
      false,
    ],
    ["https://github.com/octo/demo", ["https://github.com/evil/demo"], true],
    ["https://github.com/octo/demo", ["https://gitlab.com/octo/demo"], true],
    ["https://github.com/octo/demo", ["https://demo.example/github.com/evil/demo"], false],
    ["https://github.com/octo/demo", ["https://github.com.evil.example/octo/demo"], false],
    ["https://github.com/octo/demo", ["https://github.com/octo", "not a url", ""], false],
    ["https://github.com/octo/demo", [], false],
    ["https://gitlab.com/group/sub/demo", ["https://gitlab.com/group/sub/demo/-/issues"], false],
    ["https://gitlab.com/group/sub/demo", ["https://gitlab.com/group/sub/demo/issues"], false],
    ["https://gitlab.com/group/sub/demo", ["https://gitlab.com/group/sub"], true],
    ["github.com/octo/demo", ["https://github.com/octo/demo"], false],
    [undefined, ["https://github.com/octo/demo"], false],
  ];
  for (const [repository, urls, told] of rows) {
    it(`${JSON.stringify(urls)} beside ${repository} ${told ? "are told" : "are no news"}`, () => {
      const note = judgeProjectUrls(signedBy(repository), urls);
      assert.equal(note !== undefined, told, note?.sentence);
      if (note) assert.equal(note.severity, "information");
    });
  }

  it("are told as the repository that is named and the one that has signed", () => {
    const note = judgeProjectUrls(signedBy("https://github.com/octo/demo"), ["https://github.com/evil/demo"]);
    assert.equal(note?.sentence, "The project's pages name github.com/evil/demo; it is signed by octo/demo.");
  });
});
