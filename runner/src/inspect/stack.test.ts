// Inspections of small stacks with the real bubblewrap, pip and Python of this machine.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { buildSdist } from "../../../test/support/wheels.ts";
import type { Inspection } from "./model.ts";
import { inspectStack } from "./stack.ts";
import { InspectionFixture, line, sandboxProblem } from "./testing.ts";

const MIB = 1024 * 1024;
const problem = sandboxProblem();
const stagesOf = (inspection: Inspection): string[] =>
  inspection.stages.map(({ name, outcome }) => `${name} ${outcome}`);
const logOf = (inspection: Inspection): string => readFileSync(inspection.log!, "utf8");

const digestOf = (path: string): string => createHash("sha256").update(readFileSync(path)).digest("hex");

/** Python that passes only where `statement` is refused with an OSError. */
const refused = (statement: string, prelude = "import os, socket"): string =>
  `${prelude}\ntry:\n    ${statement}\nexcept OSError as error:\n    print("refused", error)\nelse:\n    raise AssertionError("was let through")\n`;

const libc = "import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)";
const callRefused = (expression: string, errno: number): string =>
  `${libc}\nassert ${expression} == -1 and ctypes.get_errno() == ${errno}, (ctypes.get_errno(), os.strerror(ctypes.get_errno()))\n`;

describe(`inspectStack${problem ? ` (skipped: ${problem})` : ""}`, function () {
  this.timeout(60_000);
  let fixture: InspectionFixture;
  before(function () {
    if (problem) this.skip();
    fixture = new InspectionFixture();
  });
  after(() => fixture?.remove());

  it("passes a stack that installs and imports, and keeps its log", async () => {
    fixture.wheel("calm", "import calm_base\n", { requires: ["calm-base>=1"] });
    fixture.wheel("calm-base", "", { modules: { calm_base: "", "calm_base.inner": "" } });
    const result = await inspectStack(fixture.request(["calm==1.0"]));
    assert.equal(result.outcome, "passed", JSON.stringify(result.failures));
    assert.deepEqual(stagesOf(result), [
      "resolve passed",
      "fetch passed",
      "install passed",
      "check passed",
      "import passed",
    ]);
    assert.deepEqual(
      result.modules.map(({ module }) => module),
      ["calm", "calm_base"],
    );
    assert.deepEqual(
      result.packages.map(({ name, requested }) => [name, requested]),
      [
        ["calm", true],
        ["calm-base", false],
      ],
    );
    assert.ok(result.packages.every(({ sha256 }) => /^[0-9a-f]{64}$/.test(sha256 ?? "")));
    assert.match(logOf(result), /== import calm_base/);
    assert.deepEqual(readdirSync(join(fixture.folder, "cache", "runs")), []);
  });

  it("takes wheels from its cache the second time", async () => {
    fixture.wheel("kept", "");
    await inspectStack(fixture.request(["kept"]));
    const again = await inspectStack(fixture.request(["kept"]));
    assert.equal(again.stages.find(({ name }) => name === "fetch")?.detail, "1 wheel, 0 fetched");
  });

  it("passes an empty list of requirements", async () => {
    assert.equal((await inspectStack(fixture.request([]))).outcome, "passed");
  });

  it("ties each failing import to the requirement that brings it in, causes first, and goes on with the others", async () => {
    fixture.wheel("front", "import cause\n", { requires: ["cause"] });
    fixture.wheel("cause", "def dig():\n    from os import no_such_name\ndig()\n");
    fixture.wheel("lonely", "import module_that_nobody_brings\n");
    fixture.wheel("crash", "import ctypes\nctypes.string_at(0)\n");
    fixture.wheel("leaver", "import sys\nsys.exit(0)\n");
    fixture.wheel("vanisher", "import os\nos._exit(0)\n");
    fixture.wheel("fine", "");
    const names = ["front", "lonely", "crash", "leaver", "vanisher", "fine"];
    const result = await inspectStack(fixture.request(names));
    assert.equal(result.outcome, "import-failed");
    const [first] = result.failures;
    assert.equal(first?.package, "cause");
    assert.equal(first?.requirement?.name, "front");
    assert.equal(first?.requirement?.line, 1);
    assert.match(
      first?.message ?? "",
      /^cause 1\.0 fails when cause is imported: ImportError: cannot import name 'no_such_name'/,
    );
    assert.match(first?.lines.join("\n") ?? "", /cause\.py", line 2, in dig/);
    const messages = Object.fromEntries(result.failures.map((one) => [one.package, one.message]));
    assert.match(messages.lonely ?? "", /ModuleNotFoundError: No module named 'module_that_nobody_brings'/);
    assert.match(messages.crash ?? "", /crash 1\.0 fails when crash is imported: segmentation fault/);
    assert.match(messages.leaver ?? "", /ends the program/);
    assert.match(messages.vanisher ?? "", /ends the program/);
    assert.equal(result.modules.find(({ module }) => module === "fine")?.outcome, "passed");
    assert.equal(result.failures.length, 6);
  });

  it("keeps the stack from the network, the machine, its files and its processes", async () => {
    const outside = join(fixture.folder, "outside");
    const modules: Record<string, string> = {
      network: refused(`socket.create_connection(("192.0.2.1", 80), 2)`),
      loopback: refused(`socket.create_connection(("127.0.0.1", 22), 2)`),
      write_host: refused(`open(${JSON.stringify(outside)}, "w")`),
      write_usr: refused(`open("/usr/x", "w")`),
      write_root: refused(`open("/x", "w")`),
      write_dev: refused(`open("/dev/x", "w")`),
      write_input: refused(`open("/input/driver.py", "a")`),
      read_shadow: refused(`open("/etc/shadow")`),
      read_home: refused(`os.listdir(${JSON.stringify(join(homedir(), ".ssh"))})`),
      read_source: refused(`open(${JSON.stringify(import.meta.filename)})`),
      kernel_setting: refused(`open("/proc/sys/vm/swappiness", "w").write("61")`),
      sysrq: refused(`open("/proc/sysrq-trigger", "w").write("h")`),
      driver_memory: refused(`open("/proc/1/mem", "r+b")`),
      driver_events: refused(`open("/proc/1/fd/3", "w")`),
      become_root: refused("os.setuid(0)"),
      not_root:
        "import os\nassert os.getuid() > 0 and os.geteuid() > 0 and os.getgid() > 0 and 0 not in os.getgroups()\n",
      no_capabilities:
        "for line in open('/proc/self/status'):\n    key, _, value = line.partition(':')\n    if key in ('CapPrm', 'CapEff', 'CapAmb', 'CapBnd' if __import__('os').getuid() > 100000 else 'CapInh'): assert int(value, 16) == 0, line\n    if key == 'NoNewPrivs': assert value.strip() == '1'\n",
      no_secrets:
        "import os\nassert 'THOTH_TEST_SECRET' not in os.environ and 'SECRET' not in str(dict(os.environ))\n",
      few_descriptors:
        "import os\nopened = os.listdir('/proc/self/fd')\nassert len(opened) <= 4 and all(int(one) < 5 for one in opened), opened\nfor one in (3, 4, 5):\n    try:\n        os.write(one, b'x')\n    except OSError:\n        continue\n    raise AssertionError(one)\n",
      few_processes: "import os\nassert len([p for p in os.listdir('/proc') if p.isdigit()]) <= 3\n",
      ptrace: callRefused("libc.ptrace(16, 1, 0, 0)", 1),
      unshare: callRefused("libc.unshare(0x10000000)", 1),
      clone_namespace: callRefused(
        "libc.syscall(56 if os.uname().machine == 'x86_64' else 220, 0x10000011, 0, 0, 0, 0)",
        1,
      ),
      clone3: callRefused("libc.syscall(435, 0, 0)", 38),
      bpf: callRefused("libc.syscall(321 if os.uname().machine == 'x86_64' else 280, 0, 0, 0)", 1),
      mount: callRefused("libc.mount(b'none', b'/work', b'tmpfs', 0, None)", 1),
      keyring: callRefused("libc.syscall(250 if os.uname().machine == 'x86_64' else 219, 0, 0, 0)", 1),
      perf: callRefused("libc.syscall(298 if os.uname().machine == 'x86_64' else 241, 0, 0, -1, -1, 0)", 1),
      io_uring: callRefused("libc.syscall(425, 1, 0)", 38),
      vsock: callRefused("libc.socket(40, 1, 0)", 97),
      packet: callRefused("libc.socket(17, 3, 0)", 97),
      alg: callRefused("libc.socket(38, 5, 0)", 97),
      netfilter: callRefused("libc.socket(16, 3, 12)", 97),
      writable:
        "import os, tempfile, socket\nopen(os.path.expanduser('~/x'), 'w').write('x')\ntempfile.NamedTemporaryFile().write(b'x')\nopen('/dev/null','w').write('x')\nsocket.socketpair()\nimport multiprocessing\nmultiprocessing.Lock()\n",
    };
    fixture.wheel("prober", "", { modules });
    process.env.THOTH_TEST_SECRET = "SECRET";
    const result = await inspectStack(fixture.request(["prober"]));
    delete process.env.THOTH_TEST_SECRET;
    assert.deepEqual(
      result.failures.map(({ module, lines }) => [module, lines]),
      [],
    );
    assert.equal(result.modules.length, Object.keys(modules).length);
    assert.equal(existsSync(outside), false);
    assert.match(result.sandbox, /^bubblewrap/);
  });

  it("lets a module kill what it can without losing the others or the verdict", async () => {
    fixture.wheel(
      "aaa-killer",
      "import os, signal\nfor target in (1, -1):\n    try:\n        os.kill(target, signal.SIGKILL)\n    except OSError:\n        pass\nos.kill(os.getpid(), signal.SIGKILL)\n",
    );
    fixture.wheel("bystander", "");
    const result = await inspectStack(fixture.request(["aaa-killer", "bystander"]));
    assert.equal(result.outcome, "import-failed");
    assert.deepEqual(
      result.modules.map(({ module, outcome }) => `${module} ${outcome}`),
      ["aaa_killer import-failed", "bystander passed"],
    );
    assert.match(result.failures[0]?.message ?? "", /killed/);
  });

  it("runs a wheel's .pth file inside only", async () => {
    const marker = join(fixture.folder, "pth-ran-outside");
    const code = `import os, sys; sys.stderr.write("pth ran as %d\\n" % os.getuid()); os.path.isdir(${JSON.stringify(fixture.folder)}) and open(${JSON.stringify(marker)}, "w")\n`;
    fixture.wheel("pathy", "", { files: { "pathy.pth": code } });
    const result = await inspectStack(fixture.request(["pathy"]));
    assert.equal(result.outcome, "passed", JSON.stringify(result.failures));
    assert.match(logOf(result), /pth ran as [1-9]/);
    assert.doesNotMatch(logOf(result), /pth ran as 0$/m);
    assert.equal(existsSync(marker), false);
  });

  it("stops a fork bomb at the process limit", async () => {
    fixture.wheel(
      "bomb",
      "import os, time\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        time.sleep(1)\n",
    );
    const result = await inspectStack(fixture.request(["bomb"], { limits: { tasks: 64 } }));
    assert.equal(result.outcome, "process-limit", JSON.stringify(result.failures));
    assert.match(result.failures[0]?.message ?? "", /64/);
  });

  it("stops a stack that takes more memory than the limit", async () => {
    fixture.wheel("hog", "held = []\nwhile True:\n    held.append(bytearray(8 << 20))\n");
    const result = await inspectStack(fixture.request(["hog"], { limits: { memory: 256 * MIB } }));
    assert.equal(result.outcome, "out-of-memory", JSON.stringify(result.failures));
    assert.equal(result.stages.at(-1)?.outcome, "out-of-memory");
  });

  it("counts memory of all processes together", async () => {
    fixture.wheel(
      "herd",
      "import os, time\nfor _ in range(4):\n    if os.fork() == 0:\n        held = bytearray(b'x') * (100 << 20)\n        time.sleep(60)\nwhile True: time.sleep(1)\n",
    );
    const result = await inspectStack(
      fixture.request(["herd"], { limits: { memory: 256 * MIB, importSeconds: 30 } }),
    );
    assert.equal(result.outcome, "out-of-memory", JSON.stringify(result.failures));
  });

  it("stops a stack that fills its disk", async () => {
    fixture.wheel(
      "filler",
      "import os\nfile = open(os.path.expanduser('~/big'), 'wb', 0)\nwhile True:\n    file.write(b'x' * (1 << 20))\n",
    );
    const result = await inspectStack(fixture.request(["filler"], { limits: { disk: 48 * MIB } }));
    assert.equal(result.outcome, "disk-limit", JSON.stringify(result.failures));
  });

  it("stops a flood of output and keeps the log within bounds", async () => {
    fixture.wheel("flood", "import os\nwhile True:\n    os.write(1, b'y' * 65536 + b'\\n')\n");
    const result = await inspectStack(fixture.request(["flood"], { limits: { output: MIB } }));
    assert.equal(result.outcome, "output-limit", JSON.stringify(result.failures));
    assert.ok(logOf(result).length < 4 * MIB);
  });

  it("ends an import that takes longer than one may, and goes on", async () => {
    fixture.wheel("asleep", "import time\ntime.sleep(3600)\n");
    fixture.wheel("awake", "");
    const result = await inspectStack(fixture.request(["asleep", "awake"], { limits: { importSeconds: 1 } }));
    assert.equal(result.outcome, "timed-out");
    assert.equal(result.modules.find(({ module }) => module === "awake")?.outcome, "passed");
    assert.match(
      result.failures[0]?.message ?? "",
      /asleep 1\.0 is not done when asleep is imported after 1 s/,
    );
  });

  it("ends a process that an import leaves behind before the next one starts", async () => {
    fixture.wheel(
      "aaa-parent",
      "import os, time\nif os.fork() == 0:\n    os.setsid()\n    time.sleep(3600)\n",
    );
    fixture.wheel(
      "zzz-looker",
      "import os\nassert len([p for p in os.listdir('/proc') if p.isdigit()]) <= 2, os.listdir('/proc')\n",
    );
    const result = await inspectStack(fixture.request(["aaa-parent", "zzz-looker"]));
    assert.equal(result.outcome, "passed", JSON.stringify(result.failures));
  });

  it("runs a script after the imports, and says why it failed", async () => {
    fixture.wheel("subject", "value = 42\n");
    const script = join(fixture.folder, "smoke.py");
    writeFileSync(script, "import subject\nassert subject.value == 42\nprint('smoke is fine')\n");
    const good = await inspectStack(fixture.request(["subject"], { script }));
    assert.equal(good.outcome, "passed", JSON.stringify(good.failures));
    assert.match(logOf(good), /smoke is fine/);
    writeFileSync(script, "import subject\nassert subject.value == 43, 'value is off'\n");
    const bad = await inspectStack(fixture.request(["subject"], { script }));
    assert.equal(bad.outcome, "test-failed");
    assert.equal(bad.stages.at(-1)?.name, "test");
    assert.match(bad.failures[0]?.message ?? "", /^The script fails: AssertionError: value is off/);
    const none = await inspectStack(
      fixture.request(["subject"], { script: join(fixture.folder, "none.py") }),
    );
    assert.equal(none.outcome, "infrastructure-failed");
    assert.match(none.failures[0]?.message ?? "", /none\.py cannot be read/);
  });

  it("finds what a lock lacks at the check stage", async () => {
    fixture.wheel("needy", "", { requires: ["absent-thing>=2"] });
    const result = await inspectStack(fixture.request(["needy"], { onlyListed: true }));
    assert.equal(result.outcome, "check-failed");
    assert.match(result.failures[0]?.message ?? "", /needy 1\.0 lacks what it requires: .*absent-thing/);
    assert.equal(result.failures[0]?.requirement?.line, 1);
  });

  it("says which requirement does not resolve", async () => {
    const nothing = await inspectStack(fixture.request(["calm", "no-such-thing>=3"]));
    assert.equal(nothing.outcome, "install-failed");
    assert.equal(nothing.stages[0]?.name, "resolve");
    assert.match(nothing.failures[0]?.message ?? "", /No wheel of no-such-thing/);
    assert.equal(nothing.failures[0]?.requirement?.line, 2);
    assert.ok(nothing.notChecked.some(({ what }) => what === "import"));

    fixture.wheel("left", "", { requires: ["middle<2"] });
    fixture.wheel("right", "", { requires: ["middle>=2"] });
    fixture.wheel("middle", "");
    fixture.wheel("middle", "", { version: "2.0" });
    const conflict = await inspectStack(fixture.request(["left", "right"]));
    assert.equal(conflict.outcome, "install-failed");
    assert.match(
      conflict.failures[0]?.message ?? "",
      /^left 1\.0 needs middle<2; right 1\.0 needs middle>=2\.$/,
    );
    assert.ok(conflict.failures[0]?.lines.some((text) => /depends on middle/.test(text)));
    const own = await inspectStack(fixture.request(["left", "middle>1.5"]));
    assert.equal(
      own.failures[0]?.message,
      "left 1.0 needs middle<2; requirements.txt line 2 asks for middle>1.5.",
    );
    const narrowed = await inspectStack(
      fixture.request(["left"], { constraints: [{ ...line("middle>=2", 4), path: "c.txt" }] }),
    );
    assert.equal(narrowed.failures[0]?.message, "left 1.0 needs middle<2; c.txt line 4 asks for middle>=2.");
  });

  it("never builds, neither a source distribution nor what a wheel's metadata points at", async () => {
    const marker = join(fixture.folder, "built");
    const setupPy = `open(${JSON.stringify(marker)}, "w").write("built")\nfrom setuptools import setup\nsetup(name="sourcy", version="1.0")\n`;
    const source = buildSdist({ name: "sourcy", version: "1.0", setupPy });
    writeFileSync(join(fixture.wheels, source.filename), source.bytes);
    assert.equal((await inspectStack(fixture.request(["sourcy"]))).outcome, "install-failed");
    fixture.wheel("pointer", "", { requires: [`sourcy @ file://${join(fixture.wheels, source.filename)}`] });
    const pointed = await inspectStack(fixture.request(["pointer"]));
    assert.equal(pointed.outcome, "refused", JSON.stringify(pointed.failures));
    fixture.wheel("cloner", "", { requires: [`sourcy @ git+https://127.0.0.1:9/repository`] });
    const cloned = await inspectStack(fixture.request(["cloner"]));
    assert.equal(cloned.outcome, "refused", JSON.stringify(cloned.failures));
    assert.equal(existsSync(marker), false);
  });

  it("refuses a requirement that it was told not to take", async () => {
    const project = {
      ...line("./project", 3),
      obstacle: { reason: "needs-build" as const, message: "./project would have to be built.", next: "No." },
    };
    const result = await inspectStack({ ...fixture.request([]), requirements: [project] });
    assert.equal(result.outcome, "refused");
    assert.equal(result.failures[0]?.requirement?.line, 3);
    assert.equal(result.failures[0]?.reason, "needs-build");
  });

  it("refuses a digest that is not the wheel's", async () => {
    fixture.wheel("calm-base", "");
    fixture.wheel("good-base", "");
    const digest = digestOf(join(fixture.wheels, "good_base-1.0-py3-none-any.whl"));
    const good = `good-base==1.0 --hash=sha256:${"1".repeat(64)} --hash=sha256:${digest}`;
    const bad = `calm-base==1.0 --hash=sha256:${"0".repeat(64)}`;
    const result = await inspectStack(fixture.request([good, bad]));
    assert.equal(result.outcome, "install-failed");
    assert.match(result.failures[0]?.message ?? "", /^A file of calm-base is refused: .* the digest/);
    assert.equal(result.failures[0]?.requirement?.line, 2);
    assert.ok(result.failures[0]?.lines.some((text) => /Expected sha256 0{64}/.test(text)));
    const half = await inspectStack(fixture.request([good, "calm-base==1.0"]));
    assert.equal(half.outcome, "install-failed");
    assert.match(half.failures[0]?.message ?? "", /^calm-base is not pinned with its digest/);
    assert.equal((await inspectStack(fixture.request([good]))).outcome, "passed");
  });

  it("takes the wheels that are kept when it is offline, and names what is missing", async () => {
    fixture.wheel("kept-front", "", { requires: ["kept-back"] });
    fixture.wheel("kept-back", "");
    assert.equal((await inspectStack(fixture.request(["kept-front"]))).outcome, "passed");
    // A digest of the same name, kept beside the other one.
    fixture.wheel("kept-back", "import this_is_another");
    const other = digestOf(join(fixture.wheels, "kept_back-1.0-py3-none-any.whl"));
    await inspectStack(fixture.request([`kept-back==1.0 --hash=sha256:${other}`]));
    const away = {
      indexes: { indexUrl: "http://127.0.0.1:9/simple", usePipConfiguration: false },
      offline: true,
    };
    const result = await inspectStack(fixture.request(["kept-front"], away));
    assert.equal(result.resolver?.startsWith("pip"), true, JSON.stringify(result.failures));
    assert.deepEqual(
      result.packages.map(({ name }) => name),
      ["kept-back", "kept-front"],
    );
    const pinned = await inspectStack(
      fixture.request([`kept-back==1.0 --hash=sha256:${other}`], { ...away, onlyListed: true }),
    );
    assert.equal(pinned.packages[0]?.sha256, other, JSON.stringify(pinned.failures));
    const missing = await inspectStack(fixture.request(["kept-front", "never-seen"], away));
    assert.equal(missing.outcome, "infrastructure-failed");
    assert.equal(
      missing.failures[0]?.message,
      "never-seen is not among the wheels kept on this machine, and offline nothing is fetched.",
    );
    assert.match(missing.failures[0]?.next ?? "", /without --offline/);
    assert.equal(missing.failures[0]?.requirement?.line, 2);
  });

  it("says so at once where a folder cannot be made or written, and nothing of the stack", async () => {
    const file = join(fixture.folder, "a-file");
    fixture.wheel("quiet", "");
    writeFileSync(file, "");
    const places =
      process.platform === "linux" ? ["/proc/x/thoth", join(file, "below")] : [join(file, "below")];
    for (const place of places) {
      const cache = await inspectStack(fixture.request(["quiet"], { cacheFolder: place }));
      assert.equal(cache.outcome, "infrastructure-failed");
      assert.match(cache.failures[0]?.message ?? "", / cannot be written: /);
      assert.ok(cache.notChecked.some(({ what }) => what === "import"));
      const log = await inspectStack(fixture.request(["quiet"], { logFolder: place }));
      assert.equal(log.outcome, "passed", JSON.stringify(log.failures));
      assert.match(log.logProblem ?? "", / cannot be written: /);
      assert.equal(log.log, undefined);
    }
  });

  it("says that a full folder is full", async function () {
    const full = join(fixture.folder, "full");
    mkdirSync(full);
    const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", full]);
    // Only root of the first user namespace can mount.
    if (mounted.status !== 0) return this.skip();
    try {
      fixture.wheel("wide", `text = ${JSON.stringify(randomBytes(200_000).toString("hex"))}`);
      const cache = await inspectStack(fixture.request(["wide"], { cacheFolder: join(full, "cache") }));
      assert.equal(cache.outcome, "infrastructure-failed", JSON.stringify(cache.failures));
      assert.match(cache.failures[0]?.message ?? "", /cannot be written: no space is left\./);
      assert.match(cache.failures[0]?.next ?? "", /Make room/);
      fixture.wheel("talker", "for number in range(20000): print('a line of output', number)");
      const log = await inspectStack(fixture.request(["talker"], { logFolder: join(full, "logs") }));
      assert.equal(log.outcome, "passed", JSON.stringify(log.failures));
      assert.match(log.logProblem ?? "", /no space is left/);
    } finally {
      spawnSync("umount", [full]);
    }
  });

  it("refuses without bubblewrap, with the reason and the setting, and runs only when that is allowed", async () => {
    fixture.wheel("plain", "import os\nprint('inside', os.getpid())\n");
    const without = fixture.request(["plain"], { bubblewrap: "/no/such/bwrap" });
    const result = await inspectStack(without);
    assert.equal(result.outcome, "refused");
    assert.match(result.failures[0]?.message ?? "", /bubblewrap \(bwrap\) is not installed/);
    assert.match(result.failures[0]?.next ?? "", /thoth\.validation\.allowWithoutSandbox/);
    assert.ok(result.stages.every(({ outcome }) => outcome !== "passed"));
    const broken = await inspectStack(fixture.request(["plain"], { bubblewrap: "/bin/false" }));
    assert.equal(broken.outcome, "refused");
    const allowed = await inspectStack({ ...without, allowWithoutSandbox: true });
    assert.equal(allowed.outcome, "passed", JSON.stringify(allowed.failures));
    assert.equal(allowed.sandbox, "none, as asked for");
  });

  it("says so when the interpreter does not exist", async () => {
    const result = await inspectStack(fixture.request(["calm"], { interpreter: "/no/such/python" }));
    assert.equal(result.outcome, "infrastructure-failed");
    assert.equal(result.failures[0]?.message, "/no/such/python does not exist.");
  });

  it("makes a module's output safe to show, in the log and in the telling lines", async () => {
    fixture.wheel(
      "painter",
      "raise ValueError('\\x1b[31mred\\x1b]0;title\\x07 \\u202e https://me:secret@example.com/')\n",
    );
    const result = await inspectStack(fixture.request(["painter"]));
    const shown = JSON.stringify(result.failures) + logOf(result);
    assert.doesNotMatch(logOf(result), /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    assert.doesNotMatch(shown, /secret/);
    assert.match(result.failures[0]?.message ?? "", /ValueError: red/);
  });
});
