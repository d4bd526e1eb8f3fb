// Bad input: each gets a sentence that a person can act on and the exit status of the design; nothing hangs, nothing is lost.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, symlinkSync, truncateSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { buildWheel, type RunningIndex, startIndex } from "../support/index.ts";
import { finished, makePlace, type Place, type Ran } from "./thoth.ts";

const ESC = String.fromCharCode(27);

/** `thoth: what`, what now, indented; and nothing on standard output. */
function assertRefused(ran: Ran, what: RegExp): void {
  assert.equal(ran.stdout, "");
  assert.match(ran.stderr, what);
  assert.match(ran.stderr, /^thoth: [^\n]+\n {7}\S[^\n]*\n$/);
  assert.equal(ran.status, 2);
}

describe("bad input on the command line", () => {
  let index: RunningIndex;
  let place: Place;
  const check = (...args: string[]) => place.run(["check", "-q", "--index-url", index.url, ...args]);

  before(async () => {
    index = await startIndex({ flask: [buildWheel({ name: "flask", version: "3.1.3" })] });
  });
  beforeEach(() => {
    place = makePlace();
  });
  afterEach(() => place.remove());
  after(() => index.close());

  it("a path that does not exist", async () => {
    assertRefused(await check("gone.txt"), /^thoth: cannot read gone\.txt: it does not exist\./);
  });

  it("a folder without a manifest", async () => {
    assertRefused(await check(), /^thoth: this folder has no manifest/);
  });

  it("a binary file", async () => {
    place.write("requirements.txt", new Uint8Array([0x66, 0, 0, 0x80, 0xff, 0, 1, 2]));
    assertRefused(await check("requirements.txt"), /cannot read requirements\.txt: it is not a text/);
  });

  it("a binary file found in a folder is not checked, the others are", async () => {
    place.write("requirements.txt", "flask==3.1.3\n");
    place.write("dev-requirements.txt", new Uint8Array([0, 0, 0, 1]));
    const { stdout, status } = await check();
    assert.match(stdout, /Not checked: dev-requirements\.txt: .*zero bytes/);
    assert.match(stdout, /1 package checked/);
    assert.equal(status, 3);
  });

  it("a file that may not be read", async () => {
    if (process.getuid?.() === 0) {
      // The superuser may read everything: a circle of links is as unreadable.
      symlinkSync("requirements.txt", join(place.folder, "requirements.txt"));
      assertRefused(
        await check("requirements.txt"),
        /cannot read requirements\.txt: its symbolic links go in a circle/,
      );
      return;
    }
    chmodSync(place.write("requirements.txt", "flask\n"), 0);
    assertRefused(await check("requirements.txt"), /cannot read requirements\.txt: permission is denied/);
  });

  it("includes in a circle", async () => {
    place.write("requirements.txt", "-r more.txt\nflask==3.1.3\n");
    place.write("more.txt", "-r requirements.txt\n");
    const { stdout, status } = await check("requirements.txt");
    assert.match(stdout, /1:\d+ .*circle/);
    assert.match(stdout, /1 package checked/);
    assert.notEqual(status, 2);
  });

  it("an include bomb", async () => {
    for (let at = 0; at < 40; at++) {
      place.write(`r${at}.txt`, Array.from({ length: 40 }, (_, to) => `-r r${to}.txt`).join("\n"));
    }
    place.write("requirements.txt", "-r r0.txt\nflask==3.1.3\n");
    const { stdout, status } = await check("requirements.txt");
    assert.match(stdout, /in 41 files\. 1 package checked/);
    assert.notEqual(status, 2);
  });

  it("a hundred thousand requirements", async function () {
    this.timeout(60_000);
    place.write(
      "requirements.txt",
      Array.from({ length: 100_000 }, () => "flask==3.1.3 ; python_version<'3'").join("\n"),
    );
    const { stdout, status } = await place.run(["list", "--format", "json"]);
    assert.equal(JSON.parse(stdout).result.files[0].entries.length, 100_000);
    assert.equal(status, 0);
  });

  it("a line of ten megabytes", async () => {
    place.write("requirements.txt", `flask==3.1.3 # ${"x".repeat(10_000_000)}\n`);
    assert.equal((await check()).status, 0);
  });

  it("escapes of a terminal in a manifest are written out", async () => {
    place.write("requirements.txt", `fl${ESC}]0;owned${String.fromCharCode(7)}ask==1\n`);
    const { stdout } = await check();
    assert.ok(!stdout.includes(ESC));
  });

  it("a Pipfile that is not TOML keeps its good lines", async () => {
    place.write(
      "Pipfile",
      `[[source]]\nname = "x"\nurl = "${index.url}"\n\n[packages]\nflask = "==9\nflask2 = "*"\n`,
    );
    const { stdout, status } = await check("Pipfile");
    assert.match(stdout, /invalid-syntax/);
    assert.equal(status, 1);
  });

  it("a Pipfile.lock that is truncated, and keys of the prototype in it", async () => {
    place.write("Pipfile.lock", '{"default": {"__proto__": {"version": "==1"}, "flask": {"version": "==3.1');
    const { stdout, status } = await check("Pipfile.lock");
    assert.match(stdout, /invalid-syntax/);
    assert.equal(status, 1);
  });

  it("an interpreter that does not exist", async () => {
    place.write("requirements.txt", "flask\n");
    assertRefused(await check("--python", "./nowhere/python"), /there is no Python at \.\/nowhere\/python\./);
  });

  it("an interpreter that is something else", async () => {
    place.write("requirements.txt", "flask\n");
    chmodSync(place.write("python", "#!/bin/sh\nexit 7\n"), 0o755);
    assertRefused(
      await check("--python", "./python"),
      /is not a Python that answers: it ended with status 7/,
    );
  });

  it("a Python version and a platform that mean nothing", async () => {
    place.write("requirements.txt", "flask\n");
    assertRefused(await check("--python", "3"), /3 is not a Python version/);
    assertRefused(await check("--platform", "amiga"), /the platform amiga is not known/);
  });

  it("no Python at all: the releases are listed as not matched to one", async () => {
    place.write("other/requirements.txt", "flask==3.1.3\n");
    const { stdout, status } = await place.run(
      ["check", "-q", "--index-url", index.url, "../elsewhere/requirements.txt"],
      {
        env: { PATH: "/nonexistent" },
        cwd: (() => {
          const elsewhere = join(place.folder, "..", "elsewhere");
          mkdirSync(join(elsewhere, ".git"), { recursive: true });
          place.write("../elsewhere/requirements.txt", "flask==3.1.3\n");
          return elsewhere;
        })(),
      },
    );
    assert.match(stdout, /no Python was found/);
    assert.equal(status, 3);
  });

  it("a word of the command line that it cannot mean, with the nearest one or with where to look", async () => {
    const refusals: readonly (readonly [RegExp, ...string[]])[] = [
      [/there is no command chekc\.\n {7}Did you mean check\?/, "chekc"],
      [/there is no command nope\.\n {7}thoth --help lists the commands\./, "help", "nope"],
      [/there is no option --ofline\.\n {7}Did you mean --offline\?/, "check", "--ofline"],
      [/there is no option --zzz\.\n {7}thoth lock --help lists the options\./, "lock", "--zzz"],
      [/--format takes text, json, sarif, cyclonedx, junit, not yaml\./, "check", "--format", "yaml"],
      [/--output needs a FILE\./, "check", "--output"],
      [/--requests 0 is no positive number\./, "provenance", "--requests", "0"],
      [/lock takes no more than 1, and 2 are given\./, "lock", "a", "b"],
      [/at least one ARTIFACT is needed\./, "attestation"],
      [/not read from standard input\.\n {7}Write it to a file/, "check", "-"],
      [/not read from standard input\./, "lock", "-"],
    ];
    for (const [message, ...args] of refusals) assertRefused(await place.run(args), message);
  });

  it("names choices and arguments in the help, each command's by help COMMAND as by --help", async () => {
    const { stdout, status } = await place.run(["check", "--help"]);
    assert.equal(status, 0);
    assert.match(stdout, /^Usage: thoth check \[PATH\.\.\.\] \[options\]\n/);
    assert.match(stdout.replace(/\s+/g, " "), /text, json, sarif, cyclonedx, junit \(default: text\)/);
    assert.equal((await place.run(["help", "check"])).stdout, stdout);
    for (const line of (await place.run(["--help"])).stdout.split("\n")) assert.ok(line.length <= 80, line);
  });

  it("a rule that is none, where it would silence or choose nothing", async () => {
    place.write("requirements.txt", "flask\n");
    assertRefused(
      await check("--rule", "yanked=off"),
      /--rule yanked names no rule\.\n {7}Did you mean yanked-release\?/,
    );
    assertRefused(
      await place.run(["fix", "--only", "nonsense"]),
      /names no rule\.\n {7}The rules: abandoned-/,
    );
  });

  it("a line that cannot be read, in what is to be resolved", async () => {
    place.write("Pipfile", '[packages\nflask = "*"\n');
    assertRefused(await place.run(["lock"]), /cannot read Pipfile line 1: this line is not TOML/);
  });

  it("a Node that is too old", async () => {
    const older = "Object.defineProperty(process,'versions',{value:{...process.versions,node:'20.1.0'}})";
    const env = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(older)}` };
    assertRefused(
      await place.run(["check"], { env }),
      /Node 24 or newer is needed; this is Node 20\.1\.0\.\n/,
    );
  });

  it("options that mean nothing", async () => {
    place.write("requirements.txt", "flask\n");
    assertRefused(await check("--rule", "nonsense"), /--rule nonsense is not a rule with a severity/);
    assert.equal((await check("--fail-on", "fatal")).status, 2);
    assert.equal((await check("--format", "yaml")).status, 2);
    assertRefused(
      await place.run(["environment", "gpu-node"]),
      /there is no runtime environment named gpu-node/,
    );
    assertRefused(await place.run(["knowledge", "burn"]), /knowledge has no action burn/);
  });

  it("what is no file: a device, a pipe that nobody writes to, a socket, an address", async () => {
    const fifo = join(place.folder, "fifo.txt");
    execFileSync("mkfifo", [fifo]);
    const socket = createServer().listen(join(place.folder, "socket.txt"));
    try {
      for (const path of ["/dev/null", "fifo.txt", "socket.txt"]) {
        assertRefused(await check(path), /^thoth: cannot read \S+: it is not a file\./);
      }
    } finally {
      socket.close();
    }
    assertRefused(
      await check("https://me:s3cret@packages.example.invalid/requirements.txt"),
      /cannot read https:\/\/packages\.example\.invalid\/requirements\.txt: it is an address/,
    );
  });

  it("more lines and more bytes than anyone writes", async () => {
    place.write("requirements.txt", "flask\n".repeat(250_001));
    assertRefused(await check("requirements.txt"), /it has more than 250,000 lines/);
    place.write("requirements.txt", "");
    truncateSync(join(place.folder, "requirements.txt"), 200_000_000);
    assertRefused(await check("requirements.txt"), /it is larger than 64 MiB/);
  });

  it("an index that is no address", async () => {
    place.write("requirements.txt", "flask==3.1.3\n");
    for (const option of ["--index-url", "--extra-index-url"]) {
      assertRefused(
        await place.run(["check", option, "ftp://me:s3cret@x/simple"]),
        /^thoth: --(extra-)?index-url ftp:\/\/x\/simple is no address of an index\./,
      );
    }
  });

  it("no folder for data anywhere: checked all the same", async () => {
    place.write("requirements.txt", "flask==3.1.3\n");
    const env = {
      HOME: "/proc/h",
      XDG_DATA_HOME: "/proc/d",
      XDG_CACHE_HOME: "/proc/c",
      XDG_STATE_HOME: "/proc/s",
    };
    const { stdout, stderr, status } = await place.run(["check", "-q", "--index-url", index.url], { env });
    assert.match(stdout, /1 package checked/);
    assert.match(stderr, /^thoth: Knowledge cannot be kept in [^\n]+\n$/);
    assert.equal(status, 0);
  });

  it("ends by SIGTERM as by SIGINT, and at once by a second one", async () => {
    let asked: () => void = () => {};
    const waiting = new Promise<void>((settle) => {
      asked = settle;
    });
    const misbehave = (): boolean => {
      asked();
      return true;
    };
    const hanging = await startIndex({}, { misbehave });
    try {
      place.write("requirements.txt", "flask==3.1.3\n");
      const child = place.start(["check", "-q", "--index-url", hanging.url]);
      const ran = finished(child);
      await waiting;
      child.kill("SIGTERM");
      child.kill("SIGINT");
      const { status, stderr } = await ran;
      assert.equal(status, 130);
      assert.doesNotMatch(stderr, /fault|at /);
    } finally {
      await hanging.close();
    }
  });

  it("an output file that cannot be written", async () => {
    place.write("requirements.txt", "flask==3.1.3\n");
    assertRefused(
      await check("--output", "no/such/folder/answer.txt"),
      /cannot write .*answer\.txt: its folder does not exist\./,
    );
  });

  it("a data folder that cannot be written: checked all the same, said once", async () => {
    place.write("requirements.txt", "flask==3.1.3\n");
    place.write("taken", "a file where a folder is needed");
    const { stdout, stderr, status } = await check("--knowledge", "taken/knowledge.db");
    assert.match(stdout, /1 package checked/);
    assert.equal(stderr.match(/^thoth: /gm)?.length, 1);
    assert.equal(status, 0);
  });

  it("knowledge of a newer Thoth is refused and left as it is", async () => {
    place.write("requirements.txt", "flask==3.1.3\n");
    await check("--knowledge", "k.db");
    const path = join(place.folder, "k.db");
    const db = new DatabaseSync(path);
    db.exec("PRAGMA user_version = 999");
    db.close();
    const before = readFileSync(path);
    const ran = await check("--knowledge", "k.db");
    assert.match(ran.stderr, /newer/);
    assert.equal(ran.status, 2);
    assert.ok(readFileSync(path).equals(before));
  });

  it("a file of knowledge that is something else is left alone", async () => {
    place.write("requirements.txt", "flask==3.1.3\n");
    const path = place.write("notes.txt", "my notes, not a database");
    const ran = await check("--knowledge", "notes.txt");
    assert.equal(ran.status, 2);
    assert.equal(readFileSync(path, "utf8"), "my notes, not a database");
  });

  it("an index that is not there", async () => {
    const gone = await startIndex({});
    await gone.close();
    place.write("requirements.txt", "flask==3.1.3\n");
    const { stdout, status } = await place.run(["check", "-q", "--index-url", gone.url]);
    assert.match(stdout, /refused the connection/);
    assert.equal(status, 3);
  });

  it("a constraint file that does not exist", async () => {
    place.write("requirements.txt", "flask==3.1.3\n");
    assertRefused(await check("--constraint", "gone.txt"), /cannot read gone\.txt: it does not exist/);
  });
});
