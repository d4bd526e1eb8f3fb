// Settings as editors give them.
import assert from "node:assert/strict";
import { defaultSettings, readSettings } from "./settings.ts";

describe("settings", () => {
  it("are read from nested objects and from flat names alike", () => {
    const nested = readSettings({ index: { url: "https://i.test/simple" }, offline: true });
    const flat = readSettings({ "index.url": "https://i.test/simple", offline: true });
    assert.deepEqual(nested, flat);
    assert.equal(nested.settings["index.url"], "https://i.test/simple");
  });
  it("take the default of a bad value and say so, and keep the good ones", () => {
    const { settings, problems } = readSettings({
      offline: "yes",
      inlayHints: { enable: false },
      rules: { x: "loud" },
    });
    assert.equal(settings.offline, false);
    assert.equal(settings["inlayHints.enable"], false);
    assert.deepEqual(settings.rules, {});
    assert.deepEqual(problems.map((problem) => problem.setting).sort(), ["thoth.offline", "thoth.rules"]);
    assert.ok(
      problems.some(
        ({ message }) =>
          message ===
          "The setting thoth.offline is not used: expected boolean, received string. The default is false.",
      ),
    );
  });
  it("never read what an object inherits", () => {
    assert.deepEqual(readSettings(JSON.parse('{"__proto__": {"offline": true}}')).settings, defaultSettings);
    assert.deepEqual(readSettings(null).settings, defaultSettings);
  });
});
