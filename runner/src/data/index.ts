// Where this machine keeps a program's data, cache and configuration: XDG and its equals on macOS and Windows.
import { posix, win32 } from "node:path";

export { ensureFolder, type FolderFailure, folderFailure } from "./ensureFolder.ts";

/** What the folders depend on; handed in, so that every platform can be asked from any other. */
export interface PlatformInfo {
  env: Readonly<Record<string, string | undefined>>;
  platform: NodeJS.Platform;
  home: string;
}

/**
 * The folder for data that a person would miss: `$XDG_DATA_HOME/thoth` or `~/.local/share/thoth`;
 * `~/Library/Application Support/Thoth`; `%LOCALAPPDATA%\Thoth\Data`.
 * A relative `XDG_*` is ignored, as the XDG Base Directory Specification asks.
 */
export function dataFolder(info: PlatformInfo): string {
  return platformFolder(info, {
    xdg: "XDG_DATA_HOME",
    unix: [".local", "share"],
    mac: "Application Support",
    windows: "Data",
  });
}

/** The folder for what can be fetched or built again: `$XDG_CACHE_HOME/thoth`, `~/Library/Caches/Thoth`, `%LOCALAPPDATA%\Thoth\Cache`. */
export function cacheFolder(info: PlatformInfo): string {
  return platformFolder(info, { xdg: "XDG_CACHE_HOME", unix: [".cache"], mac: "Caches", windows: "Cache" });
}

/** The folder for logs and other state: `$XDG_STATE_HOME/thoth`, `~/Library/Logs/Thoth`, `%LOCALAPPDATA%\Thoth\Logs`. */
export function stateFolder(info: PlatformInfo): string {
  return platformFolder(info, {
    xdg: "XDG_STATE_HOME",
    unix: [".local", "state"],
    mac: "Logs",
    windows: "Logs",
  });
}

interface FolderNames {
  xdg: string;
  unix: readonly string[];
  mac: string;
  windows: string;
}

function platformFolder({ env, platform, home }: PlatformInfo, names: FolderNames): string {
  if (platform === "win32") {
    const local = env.LOCALAPPDATA;
    const base =
      local !== undefined && win32.isAbsolute(local) ? local : win32.join(home, "AppData", "Local");
    return win32.join(base, "Thoth", names.windows);
  }
  const xdg = env[names.xdg];
  if (xdg !== undefined && posix.isAbsolute(xdg)) return posix.join(xdg, "thoth");
  if (platform === "darwin") return posix.join(home, "Library", names.mac, "Thoth");
  return posix.join(home, ...names.unix, "thoth");
}
