// How each fault of an index is told, over connections as they are in the world: https behind a proxy, under names that are not this machine's.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ProvenanceCheck } from "../../../shared/src/protocol/provenance.ts";
import { type Certificate, makeCertificate } from "../../../test/support/certificate.ts";
import { buildWheel, type IndexOptions, type RunningIndex, startIndex } from "../../../test/support/index.ts";
import { makeProvenancePlace, NOW, type ProvenancePlace } from "../../../test/support/provenance.ts";

const RULE = "index-policy";
const HOSTS = ["packages.example.com", "other.example.com"] as const;
const demo = buildWheel({ name: "demo", version: "1.0" });
const old = { artifact: demo, uploadTime: new Date(NOW - 8_640_000_000).toISOString(), provenance: null };
const pinned = `demo==1.0 --hash=sha256:${demo.sha256}`;

/** A proxy that leads every name to the servers of this test: `https` by CONNECT, plain http by its Host. */
async function startProxy(
  targets: ReadonlyMap<string, string>,
): Promise<{ url: string; asked: string[]; server: Server }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.url}`);
    response.writeHead(502).end();
  });
  server.on("connect", (request: IncomingMessage, socket: Socket) => {
    const [host = "", port] = (request.url ?? "").split(":");
    asked.push(`${host}:${port}`);
    const target = targets.get(host);
    if (port !== "443" || target === undefined) return socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
    const there = connect(Number(new URL(target).port), "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      there.pipe(socket).pipe(there);
    });
    for (const one of [there, socket]) one.on("error", () => there.destroy() && socket.destroy());
    return undefined;
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, server };
}

describe("what is wrong with an index", () => {
  let folder: string;
  let tls: Certificate;
  const open: RunningIndex[] = [];
  let proxy: Awaited<ReturnType<typeof startProxy>>;
  let place: ProvenancePlace;
  const targets = new Map<string, string>();

  before(function () {
    folder = mkdtempSync(join(tmpdir(), "thoth-policy-"));
    const made = makeCertificate(
      folder,
      HOSTS.map((host) => `DNS:${host}`),
    );
    if (!made) return this.skip();
    tls = made;
  });
  beforeEach(async () => {
    proxy = await startProxy(targets);
    place = makeProvenancePlace({ PIP_PROXY: proxy.url, PIP_CERT: tls.certFile });
  });
  afterEach(async () => {
    place.remove();
    targets.clear();
    for (const index of open.splice(0)) await index.close();
    proxy.server.closeAllConnections();
    await new Promise((done) => proxy.server.close(done));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** An index that answers under the name `host` by https. */
  const serve = async (host: (typeof HOSTS)[number], options: IndexOptions = {}): Promise<RunningIndex> => {
    const index = await startIndex({ demo: [old] }, { tls, ...options });
    open.push(index);
    targets.set(host, index.origin);
    return index;
  };
  const url = `https://${HOSTS[0]}/simple/`;
  const over = async (lines: readonly string[], input = {}) => {
    place.write("requirements.txt", `${lines.join("\n")}\n`);
    return place.run(["requirements.txt"], input);
  };
  const failed = (checks: readonly ProvenanceCheck[]): [string, string | undefined, string | undefined][] =>
    checks
      .filter((check) => check.state === "failed" && check.rule === RULE)
      .map(({ message, severity, aliases }) => [message, severity, aliases?.[0]]);
  /** Pages whose files stand at another address. */
  const filesAt = (change: (url: string) => string, hashes?: object): IndexOptions => ({
    editPage: (page) => ({
      ...page,
      files: (page.files as { url: string }[]).map((file) => ({
        ...file,
        url: change(file.url),
        ...(hashes ? { hashes } : {}),
      })),
    }),
  });

  it("is nothing where it is asked by https with a valid certificate", async () => {
    await serve(HOSTS[0]);
    const answer = await over([`--index-url ${url}`, pinned]);
    assert.deepEqual(failed(answer.fileChecks(RULE)), []);
    assert.deepEqual(
      answer.checks("demo", RULE).map(({ state }) => state),
      ["passed"],
    );
    assert.equal(answer.checks("demo", "artifact-digest")[0]?.state, "passed");
  });

  it("is plain http, of a network and not of this machine", async () => {
    const answer = await over([`--index-url http://${HOSTS[0]}/simple/`, pinned], { offline: true });
    assert.deepEqual(failed(answer.fileChecks(RULE)), [
      [
        "packages.example.com/simple is plain http: anybody on the way can change what comes.",
        "warning",
        "INSECURE-SOURCE",
      ],
    ]);
    const own = await over(["--index-url http://127.0.0.1:9/simple/", pinned], { offline: true });
    assert.deepEqual(failed(own.fileChecks(RULE)), []);
  });

  it("is a redirect from https down to http, which is not followed", async () => {
    await serve(HOSTS[0], {
      misbehave: (_, response) =>
        !!response.writeHead(302, { location: "http://other.example.com/demo/" }).end(),
    });
    const answer = await over([`--index-url ${url}`, pinned]);
    assert.deepEqual(failed(answer.checks("demo", RULE)), [
      ["packages.example.com/simple leads from https to plain http for demo.", "warning", "INSECURE-SOURCE"],
    ]);
    assert.equal(answer.checks("demo", "artifact-digest")[0]?.state, "not-checked");
    assert.deepEqual(new Set(proxy.asked), new Set(["packages.example.com:443"]));
  });

  it("is a redirect to another origin: information, and the login stays where it belongs", async () => {
    const other = await serve(HOSTS[1]);
    const front = await serve(HOSTS[0], {
      misbehave: (request, response) =>
        request.headers.authorization === undefined
          ? !!response.writeHead(401, { "www-authenticate": "Basic" }).end()
          : !!response.writeHead(302, { location: `https://${HOSTS[1]}${request.url}` }).end(),
    });
    place.write("../home/.netrc", `machine ${HOSTS[0]} login ada password s3cret\n`);
    const answer = await over([`--index-url ${url}`, pinned]);
    assert.deepEqual(failed(answer.checks("demo", RULE)), [
      [
        "packages.example.com/simple hands the page of demo over to other.example.com.",
        "information",
        undefined,
      ],
    ]);
    assert.ok(front.requests.some(({ headers }) => headers.authorization !== undefined));
    assert.ok(other.requests.length > 0);
    assert.ok(other.requests.every(({ headers }) => headers.authorization === undefined));
  });

  it("is a login in the manifest, and none where a variable or a file holds it", async () => {
    const written = await over([`--index-url https://ada:s3cret@${HOSTS[0]}/simple/`, pinned], {
      offline: true,
    });
    const [fault, ...more] = failed(written.fileChecks(RULE));
    assert.match(fault?.[0] ?? "", /is written with its login, which everybody who has the file can use/);
    assert.deepEqual(more, []);
    assert.doesNotMatch(JSON.stringify(written), /s3cret|ada/);
    const held = await over([`--index-url https://ada:\${TOKEN}@${HOSTS[0]}/simple/`, pinned], {
      offline: true,
    });
    assert.deepEqual(failed(held.fileChecks(RULE)), []);
    for (const [address, isTold] of [
      [`https://\${USER}:s3cret@${HOSTS[0]}/simple/`, true],
      [`https://ada:s3cr$et@${HOSTS[0]}/simple/`, true],
      [`https://s3cret@${HOSTS[0]}/simple/`, true],
      [`https://${HOSTS[0]}/simple/?token=s3cret`, true],
      [`https://${HOSTS[0]}/simple/?token=\${TOKEN}&page=1`, false],
      [`https://\${TOKEN}@${HOSTS[0]}/simple/`, false],
    ] as const) {
      const answer = await over([`--index-url ${address}`, pinned], { offline: true });
      assert.equal(failed(answer.fileChecks(RULE)).length, isTold ? 1 : 0, address);
      assert.doesNotMatch(JSON.stringify(answer), /s3cr/);
    }
  });

  it("is that its certificate is not looked at: trusted-host and verify_ssl", async () => {
    const trusted = await over([`--index-url ${url}`, `--trusted-host ${HOSTS[0]}`, pinned], {
      offline: true,
    });
    assert.deepEqual(
      failed(trusted.fileChecks(RULE)).map(([, severity, alias]) => [severity, alias]),
      [["warning", "INSECURE-SOURCE"]],
    );
    const elsewhere = await over([`--index-url ${url}`, `--trusted-host ${HOSTS[0]}:8443`, pinned], {
      offline: true,
    });
    assert.deepEqual(failed(elsewhere.fileChecks(RULE)), []);
    for (const verify of [true, false]) {
      place.write(
        "Pipfile",
        `[[source]]\nname = "main"\nurl = "${url}"\nverify_ssl = ${verify}\n\n[packages]\ndemo = "==1.0"\n`,
      );
      const answer = await place.run(["Pipfile"], { offline: true });
      assert.deepEqual(
        failed(answer.fileChecks(RULE)).map(([message]) => message),
        verify
          ? []
          : [
              "packages.example.com/simple is not asked for a valid certificate (trusted-host, or verify_ssl = false).",
            ],
      );
    }
  });

  it("is a page of loose files, and no folder of this machine", async () => {
    const remote = await over([`--index-url ${url}`, `--find-links https://${HOSTS[1]}/wheels/`, pinned], {
      offline: true,
    });
    const [fault] = failed(remote.fileChecks(RULE));
    assert.deepEqual(fault?.slice(1), ["information", undefined]);
    assert.match(fault?.[0] ?? "", /^other\.example\.com\/wheels is a page of loose files/);
    const local = await over([`--index-url ${url}`, "--find-links ./wheels", pinned], { offline: true });
    assert.deepEqual(failed(local.fileChecks(RULE)), []);
  });

  it("is files on plain http: a warning without a digest, information with one, and a login that pip would send", async () => {
    const plain = (host: string) => filesAt((file) => `http://${host}${file}`);
    await serve(HOSTS[0], plain(HOSTS[1]));
    const held = failed((await over([`--index-url ${url}`, pinned])).checks("demo", RULE));
    assert.deepEqual(held[0]?.slice(1), ["information", "INSECURE-SOURCE"]);
    const loose = failed((await over([`--index-url ${url}`, "demo==1.0"])).checks("demo", RULE));
    assert.deepEqual(loose[0]?.slice(1), ["warning", "INSECURE-SOURCE"]);
    assert.match(loose[0]?.[0] ?? "", /is on plain http although packages\.example\.com\/simple is not/);
    place.remove();
    place = makeProvenancePlace({ PIP_PROXY: proxy.url, PIP_CERT: tls.certFile });
    await serve(HOSTS[0], plain(HOSTS[0]));
    const lines = [`--index-url https://ada:\${TOKEN}@${HOSTS[0]}/simple/`, pinned];
    const [sent] = failed((await over(lines)).checks("demo", RULE));
    assert.match(sent?.[0] ?? "", /pip would send the login over it/);
    assert.deepEqual(sent?.slice(1), ["warning", "INSECURE-SOURCE"]);
  });

  it("is a file on another origin that no digest holds; under a digest a file host is normal", async () => {
    await serve(
      HOSTS[0],
      filesAt((file) => `https://files.example.org${file}`, {}),
    );
    const [loose] = failed((await over([`--index-url ${url}`, "demo==1.0"])).checks("demo", RULE));
    assert.match(
      loose?.[0] ?? "",
      /is on another origin than packages\.example\.com\/simple, and no digest holds it/,
    );
    assert.equal(loose?.[1], "information");
    await serve(
      HOSTS[0],
      filesAt((file) => `https://files.example.org${file}`),
    );
    place.remove();
    place = makeProvenancePlace({ PIP_PROXY: proxy.url, PIP_CERT: tls.certFile });
    assert.deepEqual(failed((await over([`--index-url ${url}`, pinned])).checks("demo", RULE)), []);
  });

  it("of a direct reference is its own connection and its login", async () => {
    const cases: readonly (readonly [string, RegExp | undefined])[] = [
      [
        "demo @ http://packages.example.com/demo-1.0-py3-none-any.whl",
        /a connection that anybody on the way can change/,
      ],
      [
        `demo @ http://packages.example.com/demo-1.0-py3-none-any.whl#sha256=${demo.sha256}`,
        /anybody on the way can change; its digest holds it/,
      ],
      ["demo @ git+http://packages.example.com/demo.git@main", /anybody on the way/],
      ["demo @ git+git://packages.example.com/demo.git@main", /anybody on the way/],
      [
        "demo @ https://ada:s3cret@packages.example.com/demo-1.0-py3-none-any.whl",
        /is written with its login/,
      ],
      ["demo @ git+https://s3cret@packages.example.com/demo.git@main", /is written with its login/],
      [`demo @ git+https://oauth2:\${TOKEN}@packages.example.com/demo.git@main`, undefined],
      ["demo @ git+https://git@packages.example.com/demo.git@main", undefined],
      ["demo @ git+ssh://git@packages.example.com/demo.git@main", undefined],
      ["demo @ git+git@packages.example.com:team/demo.git@main", undefined],
      ["demo @ https://packages.example.com/demo-1.0-py3-none-any.whl", undefined],
    ];
    for (const [line, message] of cases) {
      const answer = await over([`--index-url ${url}`, line], { offline: true });
      const found = failed(answer.checks("demo", RULE));
      if (message === undefined) assert.deepEqual(found, [], line);
      else assert.match(found[0]?.[0] ?? "", message, line);
      assert.doesNotMatch(JSON.stringify(answer), /s3cret/);
    }
  });

  it("of a direct reference is told with all else that is wrong with it", async () => {
    const answer = await over(
      [`--index-url ${url}`, "demo @ http://ada:s3cret@packages.example.com/demo-1.0.tar.gz"],
      {
        offline: true,
      },
    );
    assert.deepEqual(
      failed(answer.checks("demo", RULE)).map(([, severity, alias]) => [severity, alias]),
      [
        ["warning", "INSECURE-SOURCE"],
        ["warning", undefined],
      ],
    );
  });

  it("of a direct reference is that the policy allows no such address, or binds the package elsewhere", async () => {
    place.write(
      ".thoth.yaml",
      `policy: {indexes: ['${url}', 'https://git.example.com/team/'], bindings: {'acme-*': '${url}'}}\n`,
    );
    const over_ = async (line: string) =>
      failed((await over([`--index-url ${url}`, line], { offline: true })).result.packages[0]!.checks).filter(
        ([, severity]) => severity === "error",
      );
    const digest = `#sha256=${demo.sha256}`;
    for (const line of [
      `demo @ https://evil.example.com/demo-1.0-py3-none-any.whl${digest}`,
      `demo @ git+https://evil.example.com/demo.git@${"a".repeat(40)}`,
      `acme-tools @ git+https://git.example.com/team/tools.git@${"a".repeat(40)}`,
    ])
      assert.deepEqual(
        (await over_(line)).map(([, , alias]) => alias),
        ["SOURCE-NOT-WHITELISTED"],
        line,
      );
    for (const line of [
      `demo @ git+https://git.example.com/team/demo.git@${"a".repeat(40)}`,
      `acme-tools @ ${url}files/acme_tools-1.0-py3-none-any.whl${digest}`,
      "./demo-1.0-py3-none-any.whl",
    ])
      assert.deepEqual(await over_(line), [], line);
  });

  it("of a file that a lock names is its address: a login in it, and plain http, which its digest holds", async () => {
    const lock = (address: string): string =>
      `lock-version = "1.0"\ncreated-by = "tests"\n[[packages]]\nname = "demo"\nversion = "1.0"\nindex = "${url}"\n` +
      `[[packages.wheels]]\nname = "${demo.filename}"\nurl = "${address}"\nhashes = {sha256 = "${demo.sha256}"}\n`;
    for (const [address, wanted] of [
      [`https://files.example.org/${demo.filename}`, []],
      [`http://files.example.org/${demo.filename}`, [["information", "INSECURE-SOURCE"]]],
      [`https://ada:s3cret@files.example.org/${demo.filename}`, [["warning", undefined]]],
    ] as const) {
      place.write("pylock.toml", lock(address));
      const answer = await place.run(["pylock.toml"], { offline: true });
      const found = failed(answer.checks("demo", RULE)).map(([, severity, alias]) => [severity, alias]);
      assert.deepEqual(found, wanted, address);
      assert.doesNotMatch(JSON.stringify(answer), /s3cret/);
    }
  });
});
