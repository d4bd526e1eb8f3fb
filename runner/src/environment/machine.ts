// This machine as Python would describe it, found without running anything.
import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync } from "node:fs";
import { release, version } from "node:os";
import type { NamedPlatform } from "./platforms.ts";

const LINUX_MACHINES: Readonly<Record<string, string>> = {
  x64: "x86_64",
  arm64: "aarch64",
  ia32: "i686",
  arm: "armv7l",
  ppc64: "ppc64le",
};
const WINDOWS_MACHINES: Readonly<Record<string, string>> = { x64: "AMD64", arm64: "ARM64", ia32: "x86" };

/** `platform.machine()` for what Node calls an architecture. */
export function machineName(platform: NodeJS.Platform, arch: string): string {
  if (platform === "win32") return WINDOWS_MACHINES[arch] ?? arch;
  if (platform === "darwin") return arch === "x64" ? "x86_64" : arch;
  return LINUX_MACHINES[arch] ?? arch;
}

/** The machine that this process runs on. `executable` tells which C library the interpreter is linked with. */
export function thisMachine(executable?: string): NamedPlatform {
  const architecture = machineName(process.platform, process.arch);
  if (process.platform === "win32") return { platform: "win32", architecture };
  if (process.platform === "darwin") {
    const macos = macosVersion();
    return { platform: "darwin", architecture, ...(macos === undefined ? {} : { macos }) };
  }
  const libc = linuxLibc(executable);
  return { platform: "linux", architecture, ...(libc === undefined ? {} : { libc }) };
}

/** `platform.release()` and `platform.version()` of this machine. */
export function kernelNames(): { readonly release: string; readonly version: string } {
  return { release: release(), version: version() };
}

function macosVersion(): readonly [number, number] | undefined {
  // Darwin 20 is macOS 11, one apart each year until Darwin 24; from macOS 26 on the two numbers are one apart.
  const darwin = Number.parseInt(release(), 10);
  if (!Number.isFinite(darwin)) return undefined;
  if (darwin >= 25) return [darwin + 1, 0];
  return darwin >= 20 ? [darwin - 9, 0] : [10, Math.max(0, darwin - 4)];
}

/**
 * The C library of an interpreter: its ELF file names the loader (PT_INTERP), and the loader's neighbour says its version.
 * Without a readable interpreter, the one that this machine's loaders belong to.
 */
export function linuxLibc(executable: string | undefined): NamedPlatform["libc"] {
  const loader = (executable && readLoader(executable)) || anyLoader();
  if (!loader) return undefined;
  return loader.includes("ld-musl-") ? muslVersion(loader) : glibcVersion(loader);
}

/** The path in PT_INTERP of an ELF file (System V ABI, chapter 5), or undefined for anything else. */
export function readLoader(path: string): string | undefined {
  let handle: number;
  try {
    handle = openSync(path, "r");
  } catch {
    return undefined;
  }
  try {
    const header = Buffer.alloc(64);
    if (readSync(handle, header, 0, 64, 0) < 64 || header.readUInt32BE(0) !== 0x7f454c46) return undefined;
    const wide = header[4] === 2;
    const little = header[5] === 1;
    const half = (buffer: Buffer, at: number) => (little ? buffer.readUInt16LE(at) : buffer.readUInt16BE(at));
    const word = (buffer: Buffer, at: number) => (little ? buffer.readUInt32LE(at) : buffer.readUInt32BE(at));
    const long = (buffer: Buffer, at: number) =>
      wide ? Number(little ? buffer.readBigUInt64LE(at) : buffer.readBigUInt64BE(at)) : word(buffer, at);
    const tableAt = long(header, wide ? 32 : 28);
    const size = half(header, wide ? 54 : 42);
    const count = Math.min(half(header, wide ? 56 : 44), 64);
    if (size < (wide ? 56 : 32)) return undefined;
    const table = Buffer.alloc(size * count);
    if (readSync(handle, table, 0, table.length, tableAt) < table.length) return undefined;
    for (let at = 0; at < table.length; at += size) {
      if (word(table, at) !== 3) continue;
      const start = long(table, at + (wide ? 8 : 4));
      const length = Math.min(long(table, at + (wide ? 32 : 16)), 4096);
      const text = Buffer.alloc(length);
      if (readSync(handle, text, 0, length, start) < length) return undefined;
      return text.toString("latin1").replace(/\0.*$/s, "");
    }
    return undefined;
  } catch {
    return undefined;
  } finally {
    closeSync(handle);
  }
}

function anyLoader(): string | undefined {
  const glibcLoaders = [
    "/lib64/ld-linux-x86-64.so.2",
    "/lib/ld-linux-aarch64.so.1",
    "/lib/ld-linux-armhf.so.3",
    "/lib64/ld64.so.2",
    "/lib/ld64.so.1",
  ];
  const glibcLoader = glibcLoaders.find((path) => existsSync(path));
  if (glibcLoader) return glibcLoader;
  try {
    const loader = readdirSync("/lib").find((name) => name.startsWith("ld-musl-"));
    return loader === undefined ? undefined : `/lib/${loader}`;
  } catch {
    return undefined;
  }
}

/** musl's loader is the library itself and holds its version as a text of its own. */
function muslVersion(loader: string): NamedPlatform["libc"] {
  const version = /\0(1\.\d+)\.\d+\0/.exec(readLatin1(loader) ?? "")?.[1];
  return { family: "musl", version: version ?? "1.1" };
}

function glibcVersion(loader: string): NamedPlatform["libc"] {
  const triple = {
    x64: "x86_64-linux-gnu",
    arm64: "aarch64-linux-gnu",
    arm: "arm-linux-gnueabihf",
  } as Record<string, string>;
  const folders = ["/lib64", `/lib/${triple[process.arch] ?? ""}`, "/usr/lib64", "/lib", "/usr/lib"];
  for (const path of [loader, ...folders.map((folder) => `${folder}/libc.so.6`)]) {
    const version = /stable release version (\d+\.\d+)/.exec(readLatin1(path) ?? "")?.[1];
    if (version) return { family: "glibc", version };
  }
  return undefined;
}

function readLatin1(path: string): string | undefined {
  try {
    const bytes = readFileSync(path);
    return bytes.length > 32 * 1024 * 1024 ? undefined : bytes.toString("latin1");
  } catch {
    return undefined;
  }
}
