// Groups that the kernel bounds: where one can be made, and what a keeper does with it. The files stand in for the kernel's,
// since few machines that run tests let a user make groups.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findGroupParent } from "./cgroup.ts";
import { runKept } from "./keeper.ts";

describe("a group of version 2", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "thoth-group-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** A process in `path`, with the hierarchy mounted from `root` on; `shares` are the groups that share out memory. */
  const machine = (path: string, root: string, shares: readonly string[]): string => {
    const point = join(folder, "cgroup");
    for (const group of ["", "slice", "slice/own.scope"]) {
      mkdirSync(join(point, group), { recursive: true });
      writeFileSync(
        join(point, group, "cgroup.subtree_control"),
        shares.includes(group) ? "cpu memory pids\n" : "cpu\n",
      );
      writeFileSync(join(point, group, "cgroup.procs"), "");
    }
    writeFileSync(join(folder, "cgroup-of-self"), "");
    const self = join(folder, "self");
    mkdirSync(self);
    writeFileSync(join(self, "cgroup"), `1:name=systemd:/x\n0::${path}\n`);
    writeFileSync(
      join(self, "mountinfo"),
      `20 1 0:5 / /proc rw - proc proc rw\n41 31 0:38 ${root} ${point} rw,relatime shared:9 - cgroup2 cgroup2 rw\n`,
    );
    return self;
  };

  it("is made beside the own one, which has processes, or below it where that shares memory out", () => {
    assert.equal(
      findGroupParent(machine("/slice/own.scope", "/", ["slice"])),
      join(folder, "cgroup", "slice"),
    );
    rmSync(join(folder, "self"), { recursive: true });
    const own = machine("/slice/own.scope", "/", ["slice", "slice/own.scope"]);
    assert.equal(findGroupParent(own), join(folder, "cgroup", "slice", "own.scope"));
    rmSync(join(folder, "self"), { recursive: true });
    assert.equal(
      findGroupParent(machine("/above/slice", "/above", ["slice"])),
      join(folder, "cgroup", "slice"),
    );
  });

  it("is not made where memory is not shared out, outside of what is mounted, or where there is no such file", () => {
    assert.equal(findGroupParent(machine("/slice/own.scope", "/", [])), undefined);
    rmSync(join(folder, "self"), { recursive: true });
    assert.equal(findGroupParent(machine("/other", "/above", [""])), undefined);
    assert.equal(findGroupParent(join(folder, "none")), undefined);
  });

  it("gets its bound before the command, and the command from its first moment", async () => {
    let text = "";
    const script = 'cd "$1"/thoth-*; cat memory.max; echo " $$ $(cat cgroup.procs)"';
    const result = await runKept({
      command: "/bin/sh",
      args: ["-c", script, "sh", folder],
      env: { PATH: "/usr/bin:/bin" },
      cwd: "/",
      group: { parent: folder, memory: 123_000_000 },
      deadline: 20_000,
      onOutput: (chunk) => {
        text += chunk;
      },
    });
    assert.equal(result.exit, 0, text);
    const [, bound, own, moved] = /^(\d+) (\d+) (\d+)\n$/.exec(text) ?? [];
    assert.equal(bound, "123000000");
    assert.equal(own, moved);
  });

  it("tells of memory where the kernel has killed for it", async () => {
    const script = 'printf "oom 1\\noom_kill 1\\n" > "$(echo "$1"/thoth-*)/memory.events"; kill -9 $$';
    const result = await runKept({
      command: "/bin/sh",
      args: ["-c", script, "sh", folder],
      env: { PATH: "/usr/bin:/bin" },
      cwd: "/",
      group: { parent: folder, memory: 123_000_000 },
      deadline: 20_000,
    });
    assert.equal(result.limit, "memory");
    assert.equal(result.signal, "SIGKILL");
  });

  it("is done without where it cannot be made", async () => {
    const missing = join(folder, "none");
    const result = await runKept({
      command: "/bin/sh",
      args: ["-c", "exit 7"],
      env: { PATH: "/usr/bin:/bin" },
      cwd: "/",
      group: { parent: missing, memory: 123_000_000 },
      deadline: 20_000,
    });
    assert.equal(result.exit, 7);
    assert.deepEqual(readdirSync(folder), []);
    assert.throws(() => readFileSync(missing));
  });
});
