// Tells a network file system from a local one: SQLite's WAL needs memory shared by all users of the file, which only one machine has.
import { readFileSync, statfsSync } from "node:fs";
import { dirname, posix } from "node:path";

/** How the machine is asked; handed in by tests. Both may throw. */
export interface MountProbe {
  /** `f_type` of statfs(2) for a path. */
  statfsType(path: string): number;
  /** The text of `/proc/self/mounts`. */
  mounts(): string;
}

const SYSTEM_PROBE: MountProbe = {
  statfsType: (path) => statfsSync(path).type,
  mounts: () => readFileSync("/proc/self/mounts", "utf8"),
};

/** Magic numbers of statfs(2) and linux/magic.h that are always a network or a host's share. */
const NETWORK_TYPES: ReadonlyMap<number, string> = new Map([
  [0x6969, "nfs"],
  [0xff534d42, "cifs"],
  [0xfe534d42, "smb2"],
  [0x517b, "smb"],
  [0x01021997, "9p"],
  [0x5346414f, "afs"],
  [0x6b414653, "afs"],
  [0x73757245, "coda"],
  [0x00c36400, "ceph"],
  [0x0bd00bd0, "lustre"],
  [0x47504653, "gpfs"],
  [0x7461636f, "ocfs2"],
  [0x01161970, "gfs2"],
  [0x19830326, "beegfs"],
  [0x786f4256, "vboxsf"],
  [0xbacbacbc, "vmhgfs"],
]);

const FUSE = 0x65735546;

/** FUSE file systems whose bytes lie on this machine; any other FUSE is taken for a network, which is the safe guess. */
const LOCAL_FUSE = new Set([
  "fuseblk",
  "fuse.bindfs",
  "fuse.cryfs",
  "fuse.encfs",
  "fuse.fuse-overlayfs",
  "fuse.gocryptfs",
  "fuse.mergerfs",
  "fuse.ntfs-3g",
]);

/**
 * The kind of network file system that `folder` lies on, or `undefined` for a local one or an unknown.
 * `folder` must be absolute; where it does not exist yet, its nearest existing ancestor is asked.
 * On Linux the kernel is asked; elsewhere only a UNC path can be told.
 */
export function networkFileSystem(
  folder: string,
  platform: NodeJS.Platform,
  probe: MountProbe = SYSTEM_PROBE,
): string | undefined {
  if (platform === "win32") return /^[\\/]{2}(?![.?][\\/])/.test(folder) ? "a network share" : undefined;
  if (platform !== "linux") return undefined;
  const type = nearestType(folder, probe);
  if (type === undefined) return undefined;
  const known = NETWORK_TYPES.get(type);
  if (known !== undefined) return known;
  if (type !== FUSE) return undefined;
  const kind = mountedKind(folder, probe);
  if (kind === undefined) return "fuse";
  return LOCAL_FUSE.has(kind) ? undefined : kind;
}

function nearestType(folder: string, probe: MountProbe): number | undefined {
  for (let path = folder; ; path = dirname(path)) {
    try {
      // Some file systems' numbers do not fit a signed 32-bit long and come back negative.
      return probe.statfsType(path) >>> 0;
    } catch {
      if (dirname(path) === path) return undefined;
    }
  }
}

function mountedKind(folder: string, probe: MountProbe): string | undefined {
  let text: string;
  try {
    text = probe.mounts();
  } catch {
    return undefined;
  }
  const path = posix.resolve(folder);
  let best: { length: number; kind: string } | undefined;
  for (const line of text.split("\n")) {
    const [, point, kind] = line.split(" ");
    if (point === undefined || kind === undefined) continue;
    const mounted = point.replace(/\\([0-7]{3})/g, (_, octal: string) =>
      String.fromCharCode(Number.parseInt(octal, 8)),
    );
    const within = mounted === "/" || path === mounted || path.startsWith(`${mounted}/`);
    // A later mount hides an earlier one on the same point.
    if (within && mounted.length >= (best?.length ?? 0)) best = { length: mounted.length, kind };
  }
  return best?.kind;
}
