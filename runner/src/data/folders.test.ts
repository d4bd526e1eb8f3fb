// Where data, cache and state lie on each platform, asked from any platform.
import assert from "node:assert/strict";
import { cacheFolder, dataFolder, type PlatformInfo, stateFolder } from "./index.ts";

function folders(platform: NodeJS.Platform, env: PlatformInfo["env"], home: string): string[] {
  const info = { platform, env, home };
  return [dataFolder(info), cacheFolder(info), stateFolder(info)];
}

describe("the platform's folders", () => {
  it("follow XDG on Linux", () => {
    assert.deepEqual(folders("linux", {}, "/home/ada"), [
      "/home/ada/.local/share/thoth",
      "/home/ada/.cache/thoth",
      "/home/ada/.local/state/thoth",
    ]);
    const env = { XDG_DATA_HOME: "/d", XDG_CACHE_HOME: "/c", XDG_STATE_HOME: "/s" };
    assert.deepEqual(folders("linux", env, "/home/ada"), ["/d/thoth", "/c/thoth", "/s/thoth"]);
  });

  it("ignore a relative or empty XDG value, as its specification asks", () => {
    const env = { XDG_DATA_HOME: "data", XDG_CACHE_HOME: "" };
    assert.deepEqual(folders("linux", env, "/home/ada").slice(0, 2), [
      "/home/ada/.local/share/thoth",
      "/home/ada/.cache/thoth",
    ]);
  });

  it("are in Library on macOS", () => {
    assert.deepEqual(folders("darwin", {}, "/Users/ada"), [
      "/Users/ada/Library/Application Support/Thoth",
      "/Users/ada/Library/Caches/Thoth",
      "/Users/ada/Library/Logs/Thoth",
    ]);
  });

  it("are local, not roaming, on Windows", () => {
    assert.deepEqual(folders("win32", { LOCALAPPDATA: "D:\\Local" }, "C:\\Users\\ada"), [
      "D:\\Local\\Thoth\\Data",
      "D:\\Local\\Thoth\\Cache",
      "D:\\Local\\Thoth\\Logs",
    ]);
    assert.equal(folders("win32", {}, "C:\\Users\\ada")[0], "C:\\Users\\ada\\AppData\\Local\\Thoth\\Data");
  });
});
