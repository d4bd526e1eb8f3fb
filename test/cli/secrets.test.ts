// Every place that credentials are configured in, every command and every form of its answer: none shows one, and nothing keeps one.
import assert from "node:assert/strict";
import { chmodSync, readdirSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { buildWheel, type RunningIndex, startIndex } from "../support/index.ts";
import { makePlace, type Place } from "./thoth.ts";

const USER = "canary-user";
const SECRETS = {
  written: "c4nary-written",
  variable: "c4nary-variable",
  argument: "c4nary-argument",
  environment: "c4nary-environment",
  configuration: "c4nary-configuration",
  netrc: "c4nary-netrc",
  keyring: "c4nary-keyring",
  pipfile: "c4nary-pipfile",
  lock: "c4nary-lock",
  vcs: "c4nary-vcs",
  findLinks: "c4nary-find-links",
  proxy: "c4nary-proxy",
  query: "c4nary-query",
} as const;

describe("credentials", () => {
  const demo = buildWheel({ name: "demo", version: "1.0", requires: ["other"] });
  const other = buildWheel({ name: "other", version: "1.0" });
  let index: RunningIndex;
  /** Lets in who has the keyring's login alone. */
  let guarded: RunningIndex;
  let place: Place;

  before(async () => {
    index = await startIndex({ demo: [demo], other: [other] });
    guarded = await startIndex({ demo: [demo] }, { auth: { user: USER, password: SECRETS.keyring } });
  });
  beforeEach(() => {
    place = makePlace();
  });
  afterEach(() => place.remove());
  after(async () => {
    await index.close();
    await guarded.close();
  });

  const addressed = (secret: string, at = index): string =>
    at.url.replace("http://", `http://${USER}:${secret}@`);
  /** The places that hold a secret which stands in a text, plain or as a header. */
  const shown = (text: string): string[] =>
    Object.entries(SECRETS).flatMap(([where, secret]) => {
      const basic = Buffer.from(`${USER}:${secret}`).toString("base64").replace(/=+$/, "");
      return text.includes(secret) || text.includes(basic) ? [where] : [];
    });

  /** Manifests, configuration and commands with a login in each place that takes one. */
  const plant = (): Record<string, string> => {
    const host = new URL(index.url).host;
    place.write("../home/.netrc", `machine localhost login ${USER} password ${SECRETS.netrc}\n`);
    place.write("../home/pip.conf", `[global]\nextra-index-url = ${addressed(SECRETS.configuration)}\n`);
    const answer = JSON.stringify({ username: USER, password: SECRETS.keyring });
    chmodSync(place.write("bin/keyring", `#!/bin/sh\nprintf '%s' '${answer}'\n`), 0o755);
    place.write(
      "requirements.txt",
      [
        `--index-url ${addressed(SECRETS.written)}`,
        `--extra-index-url http://${USER}:${"${TOKEN}"}@${host}/simple/`,
        `--extra-index-url http://localhost:${new URL(index.url).port}/simple/`,
        `--extra-index-url ${guarded.url}`,
        `--extra-index-url ${index.url}?token=${SECRETS.query}`,
        `--find-links http://${USER}:${SECRETS.findLinks}@${host}/links/`,
        `demo==1.0 --hash=sha256:${demo.sha256}`,
        `other==1.0 --hash=sha256:${other.sha256}`,
        "",
      ].join("\n"),
    );
    place.write(
      "vcs.txt",
      `--index-url ${addressed(SECRETS.written)}\nvcs @ git+https://${USER}:${SECRETS.vcs}@git.example.com/vcs.git@main\n`,
    );
    place.write("conflict.txt", `--index-url ${addressed(SECRETS.written)}\ndemo==1.0\nother==2.0\n`);
    place.write(
      "pip/Pipfile",
      `[[source]]\nname = "main"\nurl = "${addressed(SECRETS.pipfile)}"\nverify_ssl = true\n\n[packages]\ndemo = "*"\n`,
    );
    place.write(
      "pip/Pipfile.lock",
      JSON.stringify({
        _meta: {
          hash: { sha256: "0" },
          "pipfile-spec": 6,
          requires: {},
          sources: [{ name: "main", url: addressed(SECRETS.lock), verify_ssl: true }],
        },
        default: { demo: { hashes: [`sha256:${demo.sha256}`], index: "main", version: "==1.0" } },
        develop: {},
      }),
    );
    return {
      TOKEN: SECRETS.variable,
      PIP_CONFIG_FILE: join(place.folder, "..", "home", "pip.conf"),
      PIP_TRUSTED_HOST: "localhost",
      PIP_KEYRING_PROVIDER: "subprocess",
      PIP_RETRIES: "0",
      UV_INDEX: addressed(SECRETS.environment),
      PATH: `${join(place.folder, "bin")}:${process.env.PATH}`,
    };
  };

  const COMMANDS: readonly (readonly string[])[] = [
    ["check", "requirements.txt", "pip", "--verbose"],
    ["check", "requirements.txt", "pip", "--format", "json"],
    ["check", "requirements.txt", "--format", "sarif"],
    ["check", "requirements.txt", "pip", "vcs.txt", "--format", "cyclonedx"],
    ["check", "requirements.txt", "--format", "junit"],
    ["lock", "requirements.txt", "-o", "-", "--as", "requirements", "--verbose"],
    ["lock", "requirements.txt", "-o", "-", "--as", "pylock"],
    ["lock", "requirements.txt", "--format", "json", "-o", "out.txt"],
    ["explain", "conflict.txt"],
    ["explain", "conflict.txt", "--format", "json"],
    ["explain", "requirements.txt", "other"],
    ["fix", "conflict.txt", "--format", "json"],
    ["provenance", "requirements.txt", "pip", "vcs.txt", "--verbose", "--download"],
    ["provenance", "requirements.txt", "pip", "vcs.txt", "--format", "json"],
    ["provenance", "requirements.txt", "pip", "--format", "sarif"],
    ["provenance", "requirements.txt", "pip", "--format", "cyclonedx"],
    ["knowledge", "stats", "--format", "json"],
    ["knowledge", "export", "export.ndjson"],
    ["environment", "--format", "json"],
  ];

  it("of any place are in no answer, no message and no file that is kept, and are used all the same", async function () {
    this.timeout(180_000);
    const env = plant();
    const leaks: string[] = [];
    for (const command of COMMANDS) {
      const own =
        command[0] === "knowledge" || command[0] === "environment"
          ? []
          : ["--extra-index-url", addressed(SECRETS.argument)];
      const { status, stdout, stderr } = await place.run([...command, ...own], { env });
      assert.ok(status !== null && stdout.length + stderr.length > 0, command.join(" "));
      assert.doesNotMatch(stderr, /^\s+at .*:\d+:\d+/m, "a stack of calls");
      for (const where of shown(stdout + stderr)) leaks.push(`${command.join(" ")} shows ${where}`);
    }
    for (const path of [
      ...filesBelow(join(place.folder, "..", "home", "data")),
      join(place.folder, "export.ndjson"),
    ])
      for (const where of shown(readFileSync(path, "latin1"))) leaks.push(`${path} keeps ${where}`);
    assert.deepEqual(leaks, []);
    // A secret that nobody used would be found nowhere. (Of several logins for one address the first counts.)
    const sent = [...index.requests, ...guarded.requests]
      .map(({ headers }) => headers.authorization ?? "")
      .join("\n");
    const asked = index.requests.map(({ path }) => path).join("\n");
    const used = shown(`${sent}\n${asked}`);
    for (const where of ["findLinks", "keyring", "lock", "netrc", "pipfile", "query", "written"])
      assert.ok(used.includes(where), `${where} was not used, only ${used.join(", ")}`);
  });

  it("of a proxy that refuses are not in what is said of it", async () => {
    place.write("requirements.txt", `--index-url https://packages.example.com/simple/\ndemo==1.0\n`);
    const told: string[] = [];
    const proxy = createServer();
    proxy.on("connect", (request, socket) => {
      told.push(request.headers["proxy-authorization"] ?? "");
      socket.end("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
    });
    await new Promise<void>((ready) => proxy.listen(0, "127.0.0.1", ready));
    const { port } = proxy.address() as AddressInfo;
    try {
      for (const format of ["text", "json", "sarif"]) {
        const { stdout, stderr } = await place.run(
          ["provenance", "requirements.txt", "--verbose", "--format", format],
          { env: { PIP_PROXY: `http://${USER}:${SECRETS.proxy}@127.0.0.1:${port}`, PIP_RETRIES: "0" } },
        );
        assert.match(stdout, /packages\.example\.com/);
        assert.deepEqual(shown(stdout + stderr), []);
      }
      assert.deepEqual(shown(told.join("\n")), ["proxy"]);
    } finally {
      proxy.closeAllConnections();
      await new Promise((done) => proxy.close(done));
    }
  });
});

function filesBelow(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? filesBelow(path) : [path];
  });
}
