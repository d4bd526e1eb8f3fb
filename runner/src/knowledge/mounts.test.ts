// Which file systems are a network: by the number that the kernel gives, and for FUSE by the table of mounts.
import assert from "node:assert/strict";
import { networkFileSystem } from "./mounts.ts";

function probe(type: number, mounts = "") {
  return { statfsType: () => type, mounts: () => mounts };
}

describe("a network file system", () => {
  for (const [number, name] of [
    [0x6969, "nfs"],
    [0xff534d42, "cifs"],
    [0xff534d42 | 0, "cifs"],
    [0xfe534d42, "smb2"],
    [0x01021997, "9p"],
    [0x0bd00bd0, "lustre"],
    [0x00c36400, "ceph"],
  ] as const) {
    it(`is told by the number ${number}: ${name}`, () => {
      assert.equal(networkFileSystem("/home/ada", "linux", probe(number)), name);
    });
  }

  for (const [name, number] of Object.entries({
    ext4: 0xef53,
    tmpfs: 0x01021994,
    btrfs: 0x9123683e,
    overlay: 0x794c7630,
  })) {
    it(`is not ${name}`, () => {
      assert.equal(networkFileSystem("/home/ada", "linux", probe(number)), undefined);
    });
  }

  const mounts = [
    "/dev/vda / ext4 rw 0 0",
    "ada@host: /home/ada/far fuse.sshfs rw 0 0",
    "ada@host: /home/ada/two\\040words fuse.sshfs rw 0 0",
    "crypt /home/ada/near fuse.gocryptfs rw 0 0",
    "/dev/sdb1 /media/stick fuseblk rw 0 0",
    "",
  ].join("\n");
  for (const [path, kind] of [
    ["/home/ada/far/thoth", "fuse.sshfs"],
    ["/home/ada/far", "fuse.sshfs"],
    ["/home/ada/two words/thoth", "fuse.sshfs"],
    ["/home/ada/near/thoth", undefined],
    ["/media/stick/thoth", undefined],
  ] as const) {
    it(`under FUSE at ${path} is ${kind ?? "none"}`, () => {
      assert.equal(networkFileSystem(path, "linux", probe(0x65735546, mounts)), kind);
    });
  }

  it("is guessed for a FUSE that the table of mounts does not tell", () => {
    const unreadable = {
      statfsType: () => 0x65735546,
      mounts: () => {
        throw new Error("no /proc");
      },
    };
    assert.equal(networkFileSystem("/x", "linux", unreadable), "fuse");
  });

  it("is looked for at the nearest folder that exists", () => {
    const only = {
      statfsType: (path: string) => {
        if (path !== "/home") throw new Error("ENOENT");
        return 0x6969;
      },
      mounts: () => "",
    };
    assert.equal(networkFileSystem("/home/ada/.local/share/thoth", "linux", only), "nfs");
  });

  it("on Windows is a UNC path, but not a device path", () => {
    assert.equal(networkFileSystem("\\\\server\\share\\thoth", "win32"), "a network share");
    assert.equal(networkFileSystem("\\\\?\\C:\\thoth", "win32"), undefined);
    assert.equal(networkFileSystem("C:\\thoth", "win32"), undefined);
  });
});
