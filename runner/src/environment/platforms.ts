// Platforms by name: uv's names, target triples and raw wheel platform tags, each as what a runtime environment says.

/** What a platform's name fixes; everything else comes from the interpreter. */
export interface NamedPlatform {
  /** `sys.platform`. */
  readonly platform: "linux" | "darwin" | "win32";
  /** `platform.machine()`. */
  readonly architecture: string;
  readonly libc?: { readonly family: "glibc" | "musl"; readonly version: string };
  /** Version of macOS. */
  readonly macos?: readonly [number, number];
}

/** Names without a version, as `uv pip compile --python-platform` gives them. */
const NAMES: Readonly<Record<string, NamedPlatform>> = {
  linux: glibc("x86_64", "2.28"),
  macos: mac("arm64", 14, 0),
  windows: windows("AMD64"),
  "x86_64-unknown-linux-gnu": glibc("x86_64", "2.28"),
  "aarch64-unknown-linux-gnu": glibc("aarch64", "2.28"),
  "riscv64-unknown-linux": glibc("riscv64", "2.39"),
  "x86_64-unknown-linux-musl": musl("x86_64", "1.2"),
  "aarch64-unknown-linux-musl": musl("aarch64", "1.2"),
  "x86_64-apple-darwin": mac("x86_64", 14, 0),
  "aarch64-apple-darwin": mac("arm64", 14, 0),
  "x86_64-pc-windows-msvc": windows("AMD64"),
  "aarch64-pc-windows-msvc": windows("ARM64"),
  "i686-pc-windows-msvc": windows("x86"),
  win_amd64: windows("AMD64"),
  win_arm64: windows("ARM64"),
  win32: windows("x86"),
};

/** glibc of the manylinux names that came before PEP 600. */
const LEGACY_MANYLINUX: Readonly<Record<string, string>> = { "1": "2.5", "2010": "2.12", "2014": "2.17" };

function glibc(architecture: string, version: string): NamedPlatform {
  return { platform: "linux", architecture, libc: { family: "glibc", version } };
}
function musl(architecture: string, version: string): NamedPlatform {
  return { platform: "linux", architecture, libc: { family: "musl", version } };
}
function mac(architecture: string, major: number, minor: number): NamedPlatform {
  return { platform: "darwin", architecture, macos: [major, minor] };
}
function windows(architecture: string): NamedPlatform {
  return { platform: "win32", architecture };
}

/**
 * Reads a platform's name: `linux`, `x86_64-manylinux_2_28`, `aarch64-apple-darwin`, `manylinux2014_x86_64`,
 * `musllinux_1_2_aarch64`, `macosx_11_0_arm64`, `win_amd64`. Undefined for a name that means nothing.
 */
export function parsePlatform(text: string): NamedPlatform | undefined {
  const name = text.trim();
  const known = Object.hasOwn(NAMES, name) ? NAMES[name] : undefined;
  if (known) return known;

  const target = /^([a-z0-9_]+)-(manylinux|musllinux)_?(\d+)(?:_(\d+))?$/.exec(name);
  if (target) return linux(target[1]!, target[2]!, target[3]!, target[4]);
  const tag = /^(manylinux|musllinux)_?(\d+)(?:_(\d+))?_([a-z]\w*)$/.exec(name);
  if (tag) return linux(tag[4]!, tag[1]!, tag[2]!, tag[3]);
  const bare = /^linux_(\w+)$/.exec(name);
  if (bare) return glibc(bare[1]!, "2.28");
  const macos = /^macosx_(\d+)_(\d+)_(x86_64|arm64|universal2)$/.exec(name);
  if (macos) {
    return mac(macos[3] === "universal2" ? "arm64" : macos[3]!, Number(macos[1]), Number(macos[2]));
  }
  return undefined;
}

function linux(
  architecture: string,
  kind: string,
  major: string,
  minor: string | undefined,
): NamedPlatform | undefined {
  if (minor === undefined) {
    const legacy = kind === "manylinux" ? LEGACY_MANYLINUX[major] : undefined;
    return legacy === undefined ? undefined : glibc(architecture, legacy);
  }
  return kind === "manylinux"
    ? glibc(architecture, `${major}.${minor}`)
    : musl(architecture, `${major}.${minor}`);
}

/** Examples for a message, in the order people need them. */
export const PLATFORM_EXAMPLES = "linux, macos, windows, x86_64-manylinux_2_28 or win_amd64";
