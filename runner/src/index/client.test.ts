// The index client against real servers on loopback and folders on disk.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { makeCertificate } from "../../../test/support/certificate.ts";
import {
  type BuiltArtifact,
  buildSdist,
  buildWheel,
  type RunningIndex,
  startIndex,
} from "../../../test/support/index.ts";
import { clientFor, settingsFor } from "../../../test/support/indexClient.ts";
import { createMemoryPageStore, type MetadataStore } from "../knowledge/pageStore.ts";
import type { IndexClient, PageFile, ProjectAnswer } from "./index.ts";

const wheel = (version: string, more: object = {}): ReturnType<typeof buildWheel> =>
  buildWheel({ name: "Demo.Pkg", version, requires: ["other>=1"], ...more });

describe("the index client", () => {
  const closing: { close(): Promise<void> }[] = [];
  const folders: string[] = [];
  const serve = async (...given: Parameters<typeof startIndex>): Promise<RunningIndex> => {
    const index = await startIndex(...given);
    closing.push(index);
    return index;
  };
  const ask = (...given: Parameters<typeof clientFor>): ReturnType<typeof clientFor> => {
    const client = clientFor(...given);
    closing.unshift(client);
    return client;
  };
  const folder = (): string => {
    const made = mkdtempSync(join(tmpdir(), "thoth-index-"));
    folders.push(made);
    return made;
  };
  afterEach(async () => {
    for (const each of closing.splice(0)) await each.close();
    for (const each of folders.splice(0)) rmSync(each, { recursive: true, force: true });
  });
  const fileOf = (answer: ProjectAnswer): PageFile => answer.pages[0]?.files[0] as PageFile;

  for (const html of [false, true]) {
    const form = html ? "HTML" : "JSON";
    it(`reads a page in ${form} with everything that it says`, async () => {
      const index = await serve(
        {
          "Demo.Pkg": {
            status: "archived",
            statusReason: "moved on",
            files: [
              { artifact: wheel("1.0"), yanked: "broken <wheel>", requiresPython: ">=3.8" },
              { artifact: wheel("2.0rc1"), yanked: true },
              buildSdist({ name: "Demo.Pkg", version: "1.0" }),
              wheel("1.10"),
              wheel("1.9"),
            ],
          },
        },
        { html },
      );
      const { name, pages, absentFrom, failure } = await ask(index.url).project("demo_PKG");
      assert.equal(failure, undefined);
      assert.equal(name, "demo-pkg");
      assert.deepEqual(absentFrom, []);
      const page = pages[0];
      assert.deepEqual(page?.status, { status: "archived", reason: "moved on" });
      assert.deepEqual(
        page?.releases.map(({ version }) => version),
        ["2.0rc1", "1.10", "1.9", "1.0"],
      );
      assert.equal(page?.releases.at(-1)?.files.length, 2);
      const [first, second, third] = page?.files ?? [];
      assert.equal(first?.yanked, "broken <wheel>");
      assert.equal(first?.requiresPython, ">=3.8");
      assert.equal(first?.hashes.sha256, wheel("1.0").sha256);
      assert.equal(typeof first?.coreMetadata, "object");
      assert.equal(second?.yanked, true);
      assert.equal(third?.coreMetadata, undefined);
      assert.equal(first?.url, `${index.origin}/files/demo-pkg/${wheel("1.0").filename}`);
      assert.equal(page?.source, "network");
      assert.equal(page?.freshness, "fresh");
    });
  }

  it("asks once for a page that is fresh, again by its ETag when it is not, and keeps it when nothing changed", async () => {
    const index = await serve({ demo: [wheel("1.0", { name: "demo" })] }, { cacheControl: "max-age=60" });
    const store = createMemoryPageStore();
    let now = 1_000_000_000_000;
    const client = ask(index.url, { store, now: () => now });
    await client.project("demo");
    assert.equal((await client.project("demo")).pages[0]?.source, "store");
    assert.equal(index.requests.length, 1);
    now += 61_000;
    const again = await client.project("demo");
    assert.deepEqual(
      index.requests.map(({ status }) => status),
      [200, 304],
    );
    assert.equal(again.pages[0]?.fetchedAt, now);
    assert.equal((await client.project("demo")).pages[0]?.freshness, "fresh");
    assert.equal(index.requests.length, 2);
    index.projects.demo = [wheel("1.0", { name: "demo" }), wheel("2.0", { name: "demo" })];
    now += 61_000;
    assert.equal((await client.project("demo")).pages[0]?.files.length, 2);
  });

  it("asks again each time in revalidating mode, and keeps nothing that must not be stored", async () => {
    const index = await serve({ demo: [wheel("1.0", { name: "demo" })] }, { cacheControl: "no-store" });
    const store = createMemoryPageStore();
    await ask(index.url, { store }).project("demo");
    await ask(index.url, { store }).project("demo");
    assert.equal(index.requests.length, 2);
    const other = await serve({ demo: [wheel("1.0", { name: "demo" })] });
    const client = ask(other.url, { cacheMode: "revalidate" });
    await client.project("demo");
    await client.project("demo");
    assert.deepEqual(
      other.requests.map(({ status }) => status),
      [200, 304],
    );
  });

  it("answers from the store when offline, whatever its age, and says what it does not know", async () => {
    const index = await serve({ demo: [wheel("1.0", { name: "demo" })] });
    const store = createMemoryPageStore();
    await ask(index.url, { store, now: () => 1000 }).project("demo");
    await closing[0]?.close();
    const offline = ask(index.url, { store, offline: true });
    const { pages, failure } = await offline.project("demo");
    assert.equal(failure, undefined);
    assert.equal(pages[0]?.freshness, "stale");
    assert.equal(pages[0]?.fetchedAt, 1000);
    assert.equal((await offline.project("unseen")).failure?.message, "Not checked: offline.");
    assert.equal(index.requests.length, 1);
  });

  it("gives the page of before, as stale, beside the failure of an index that is gone", async () => {
    const index = await serve({ demo: [wheel("1.0", { name: "demo" })] }, { cacheControl: "max-age=0" });
    const store = createMemoryPageStore();
    const client = ask(index.url, { store });
    await client.project("demo");
    await index.close();
    const { failure, pages } = await client.project("demo");
    // A connection that was kept open may be what notices first.
    assert.match(failure?.code ?? "", /^(unreachable|connection-lost)$/);
    assert.equal(pages[0]?.freshness, "stale");
  });

  it("stops at an index that answers 401 and names it, though another one has the project", async () => {
    const locked = await serve({}, { auth: { user: "u", password: "p" } });
    const open = await serve({ demo: [wheel("1.0", { name: "demo" })] });
    const { failure } = await ask(settingsFor(locked.url, { extraIndexUrl: [open.url] })).project("demo");
    const host = new URL(locked.url).host;
    assert.deepEqual(failure, {
      code: "unauthorized",
      index: locked.url,
      status: 401,
      message: `Not checked: ${host} answered 401.`,
      next: "Sign in, or remove the index.",
    });
  });

  it("takes a 403 for absence where it is known to mean that", async () => {
    const misbehave = (_: IncomingMessage, response: ServerResponse): boolean => {
      response.writeHead(403).end();
      return true;
    };
    const index = await serve({}, { misbehave });
    const { host } = new URL(index.url);
    const known = [{ host, path: "/simple", reason: "test" }];
    const answer = await ask(index.url, { forbiddenMeansAbsent: known }).project("demo");
    assert.equal(answer.failure, undefined);
    assert.equal(answer.absentFrom.length, 1);
  });

  it("signs in with the login of the address, and keeps pages of different logins apart", async () => {
    const index = await serve(
      { demo: [wheel("1.0", { name: "demo" })] },
      { auth: { user: "u@x", password: "p w:1" } },
    );
    const store = createMemoryPageStore();
    const withLogin = settingsFor(index.url.replace("//", "//u%40x:p%20w%3A1@"));
    const { pages } = await ask(withLogin, { store }).project("demo");
    assert.equal(pages[0]?.files.length, 1);
    assert.equal(fileOf({ pages } as never).url.includes("@"), false);
    await closing[0]?.close();
    assert.equal((await ask(withLogin, { store }).project("demo")).pages[0]?.source, "store");
    assert.equal((await ask(index.url, { store }).project("demo")).failure?.code, "unauthorized");
    const offline = await ask(index.url, { store, offline: true }).project("demo");
    assert.equal(offline.failure?.code, "offline");
  });

  it("asks once for what is asked twice at the same time, and goes on for one when the other cancels", async () => {
    const index = await serve({ demo: [wheel("1.0", { name: "demo" })] }, { delay: 30 });
    const client = ask(index.url);
    const controller = new AbortController();
    const cancelled = client.project("demo", { signal: controller.signal });
    const kept = client.project("demo");
    controller.abort(new Error("enough"));
    await assert.rejects(cancelled, /enough/);
    assert.equal((await kept).pages[0]?.files.length, 1);
    assert.equal(index.requests.length, 1);
  });

  it("lets a cancel end a request that is never answered, on the wire, too", async () => {
    const ended = Promise.withResolvers<void>();
    const arrived = Promise.withResolvers<void>();
    const index = await serve(
      {},
      {
        misbehave: (_, response) => {
          response.on("close", ended.resolve);
          arrived.resolve();
          return true;
        },
      },
    );
    const controller = new AbortController();
    const work = ask(index.url).project("demo", { signal: controller.signal });
    await arrived.promise;
    controller.abort(new Error("enough"));
    await assert.rejects(work, /enough/);
    await ended.promise;
  });

  it("asks at most as many at once as it may", async () => {
    let now = 0;
    let most = 0;
    const index = await serve(
      {},
      {
        misbehave: (_, response) => {
          most = Math.max(most, ++now);
          setImmediate(() => {
            now--;
            response.writeHead(404).end();
          });
          return true;
        },
      },
    );
    let answers = 0;
    const names = Array.from({ length: 40 }, (_, i) => `p${i}`);
    await ask(index.url, { limits: { concurrency: 3 } }).projects([...names, "P0"], () => answers++);
    assert.equal(answers, 40);
    assert.ok(most <= 3 && most > 1, `${most} at once`);
  });

  it("does not wait for each of many projects where an index answers none of them", async () => {
    const index = await serve({}, { misbehave: () => true });
    const names = Array.from({ length: 20 }, (_, i) => `p${i}`);
    const codes: (string | undefined)[] = [];
    const limits = { concurrency: 1, timeoutMs: 100, deadlineMs: 100 };
    const client = ask(index.url, { limits });
    await client.projects(names, ({ failure }) => codes.push(failure?.code));
    await client.close();
    await index.close();
    assert.deepEqual(
      codes,
      names.map(() => "timeout"),
    );
    assert.equal(index.requests.length, 3);
  });

  it("keeps what several indexes and find-links have apart", async () => {
    const [a, b] = [await serve({ demo: [wheel("1.0", { name: "demo" })] }), await serve({ other: [] })];
    const loose = folder();
    const built = wheel("2.0", { name: "demo" });
    writeFileSync(join(loose, built.filename), built.bytes);
    writeFileSync(join(loose, "notes.txt"), "x");
    const root = folder();
    mkdirSync(join(root, "demo"));
    writeFileSync(
      join(root, "demo", "index.html"),
      `<a href="../../files/demo-3.0.tar.gz#sha256=${"c".repeat(64)}">demo-3.0.tar.gz</a>`,
    );
    const settings = settingsFor(a.url, {
      extraIndexUrl: [b.url, pathToFileURL(root).href, pathToFileURL(join(root, "gone")).href],
      findLinks: [loose],
    });
    const { pages, absentFrom, notChecked } = await ask(settings).project("demo");
    assert.deepEqual(
      pages.map((p) => [p.index.kind, p.source, p.releases[0]?.version]),
      [
        ["index", "network", "1.0"],
        ["index", "folder", "3.0"],
        ["find-links", "folder", "2.0"],
      ],
    );
    assert.deepEqual(
      absentFrom.map(({ url }) => url),
      [b.url],
    );
    assert.equal(notChecked?.[0]?.code, "not-found");
  });

  it("reads a find-links page and picks a project's files from it", async () => {
    const html = `<a href="demo-1.0.tar.gz">1</a><a href="demo_tools-1.0.tar.gz">2</a><a href="demo-tools-1.0.tar.gz">2</a><a href="/about">3</a>`;
    const index = await serve(
      {},
      {
        misbehave: (_, response) => {
          response.writeHead(200, { "content-type": "text/html" }).end(html);
          return true;
        },
      },
    );
    const client = ask(settingsFor(index.url, { noIndex: true, findLinks: [`${index.origin}/links.html`] }));
    const { pages } = await client.project("demo");
    assert.deepEqual(
      pages[0]?.files.map(({ url }) => url),
      [`${index.origin}/demo-1.0.tar.gz`],
    );
    assert.equal((await client.project("nothing")).absentFrom.length, 1);
    assert.equal(index.requests.length, 1);
  });

  it("passes over an index in plain http that pip was not told to trust, and says so", async () => {
    const { failure, notChecked } = await ask("http://packages.example.invalid/simple").project("demo");
    assert.equal(failure, undefined);
    assert.equal(
      notChecked?.[0]?.message,
      "Not checked: packages.example.invalid is plain http, which pip passes over.",
    );
  });

  const sourceOf = async (client: IndexClient, file: PageFile): Promise<string> => {
    const answer = await client.metadata(file);
    if ("failure" in answer) return answer.failure.code;
    assert.equal(answer.metadata.version, "1.0");
    assert.deepEqual(answer.metadata.requiresDist.map(String), ["other>=1"]);
    return answer.source;
  };

  it("reads core metadata by its own file, by ranges, from the wheel, from a static sdist, and from disk", async () => {
    const big = { name: "demo", files: { "demo_data.bin": Buffer.alloc(200_000, Math.PI.toString()) } };
    const own = await serve({ demo: [wheel("1.0", big)] });
    assert.equal(await sourceOf(ask(own.url), fileOf(await ask(own.url).project("demo"))), "metadata-file");
    const ranged = await serve({ demo: [wheel("1.0", big)] }, { noCoreMetadata: true });
    assert.equal(await sourceOf(ask(ranged.url), fileOf(await ask(ranged.url).project("demo"))), "range");
    assert.ok(ranged.requests.every(({ path, status }) => !path.endsWith(".whl") || status === 206));
    const whole = await serve({ demo: [wheel("1.0", big)] }, { noCoreMetadata: true, noRanges: true });
    assert.equal(await sourceOf(ask(whole.url), fileOf(await ask(whole.url).project("demo"))), "wheel");
    for (const format of ["tar.gz", "zip"] as const) {
      const sdist = buildSdist({ name: "demo", version: "1.0", requires: ["other>=1"], format });
      const sources = await serve({ demo: [sdist] });
      assert.equal(await sourceOf(ask(sources.url), fileOf(await ask(sources.url).project("demo"))), "sdist");
    }
    const loose = folder();
    const built = wheel("1.0", { name: "demo" });
    writeFileSync(join(loose, built.filename), built.bytes);
    const local = ask(settingsFor("x", { noIndex: true, findLinks: [loose] }));
    assert.equal(await sourceOf(local, fileOf(await local.project("demo"))), "wheel");
  });

  it("reads an older sdist by the project table of its pyproject.toml, and no further than that goes", async () => {
    const pyproject = (more: string) => ({
      "pyproject.toml": `[project]\nname = "Demo"\nversion = "1.0"\n${more}`,
    });
    const sdist = (more: string, requires: readonly string[] = []) =>
      buildSdist({ name: "demo", version: "1.0", metadataVersion: "2.1", requires, files: pyproject(more) });
    const read = async (artifact: BuiltArtifact) => {
      const index = await serve({ demo: [artifact] });
      const answer = await ask(index.url).metadata(fileOf(await ask(index.url).project("demo")));
      if ("failure" in answer) return answer.failure.code;
      return [answer.source, ...answer.metadata.requiresDist, ...answer.metadata.providesExtra];
    };
    const table =
      'dependencies = ["other>=1"]\n[project.optional-dependencies]\nMore = ["x; os_name == \'nt\'"]\n';
    assert.deepEqual(await read(sdist(table)), [
      "sdist",
      "other>=1",
      "x ; (os_name == 'nt') and extra == \"more\"",
      "more",
    ]);
    assert.equal(await read(sdist('dynamic = ["dependencies"]\n')), "metadata-not-static");
    assert.equal(await read(sdist("", ["other>=1"])), "metadata-not-static");
  });

  it("keeps core metadata by the digest of its artifact, and then asks no more", async () => {
    const texts = new Map<string, string>();
    const metadataStore: MetadataStore = {
      read: (key) => texts.get(key),
      write: (key, body) => void texts.set(key, body),
      bytes: () => 0,
      prune: () => 0,
    };
    const index = await serve({ demo: [wheel("1.0", { name: "demo" })] });
    const client = ask(index.url, { metadataStore });
    const file = fileOf(await client.project("demo"));
    await client.metadata(file);
    assert.equal(await sourceOf(client, file), "store");
    assert.equal(index.requests.length, 2);
    assert.equal(await sourceOf(ask(index.url, { metadataStore, offline: true }), file), "store");
  });

  it("downloads a file whole and verified, and leaves nothing behind of one that is not", async () => {
    const index = await serve({
      demo: [wheel("1.0", { name: "demo" })],
      bad: [{ artifact: wheel("1.0", { name: "bad" }), listedSha256: "0".repeat(64) }],
    });
    const into = folder();
    const client = ask(index.url);
    const file = fileOf(await client.project("demo"));
    const seen: number[] = [];
    const answer = await client.download(file, join(into, file.filename), {
      onProgress: (bytes) => seen.push(bytes),
    });
    assert.deepEqual(answer, { bytes: file.size, sha256: file.hashes.sha256 });
    assert.deepEqual(
      new Uint8Array(readFileSync(join(into, file.filename))),
      new Uint8Array(wheel("1.0", { name: "demo" }).bytes),
    );
    assert.equal(seen.at(-1), file.size);
    const bad = await client.download(fileOf(await client.project("bad")), join(into, "bad.whl"));
    assert.equal("failure" in bad && bad.failure.code, "digest-mismatch");
    const small = await client.download(file, join(into, "small.whl"), { maxBytes: 10 });
    assert.equal("failure" in small && small.failure.code, "too-large");
    const nowhere = await client.download(file, join(into, "no", "such", "x.whl"));
    assert.equal("failure" in nowhere && nowhere.failure.code, "not-writable");
    const controller = new AbortController();
    const work = client.download(file, join(into, "cancelled.whl"), {
      signal: controller.signal,
      onProgress: () => controller.abort(new Error("enough")),
    });
    await assert.rejects(work, /enough/);
    assert.deepEqual(readdirSync(into), [file.filename]);
  });

  it("goes through the proxy that pip is set to, and past it where no_proxy says so", async () => {
    const index = await serve({ demo: [wheel("1.0", { name: "demo" })] });
    const through: string[] = [];
    const proxy = createServer((request, response) => {
      through.push(String(request.url));
      const { pathname } = new URL(String(request.url), index.origin);
      const onward = httpRequest(`${index.origin}${pathname}`, { headers: request.headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      });
      onward.on("error", () => response.destroy());
      request.pipe(onward);
    });
    await new Promise<void>((ready) => proxy.listen(0, "127.0.0.1", ready));
    closing.push({
      close: () =>
        new Promise((done) => {
          proxy.close(() => done());
          proxy.closeAllConnections();
        }),
    });
    const url = `http://user:pw@127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    const settings = settingsFor("http://localhost:1/simple", { proxy: url });
    const { pages, failure } = await ask(settings).project("demo");
    assert.equal(failure, undefined, JSON.stringify(failure));
    assert.equal(pages[0]?.files.length, 1);
    assert.equal(through.length, 1);
    assert.doesNotMatch(JSON.stringify(settings), /pw@/);
  });

  it("asks the keyring command when an index answers 401, once", async () => {
    const index = await serve(
      { demo: [wheel("1.0", { name: "demo" })] },
      { auth: { user: "u", password: "p" } },
    );
    const bin = folder();
    const command = join(bin, "keyring");
    const log = join(bin, "log");
    writeFileSync(command, `#!/bin/sh\necho "$@" >> ${log}\necho '{"username": "u", "password": "p"}'\n`, {
      mode: 0o755,
    });
    const settings = { ...settingsFor(index.url), keyring: "subprocess" as const };
    const { pages } = await ask(settings, { keyringCommand: command }).project("demo");
    assert.equal(pages[0]?.files.length, 1);
    assert.equal(readFileSync(log, "utf8"), `--mode=creds --output=json get ${index.url}\n`);
  });

  it("asks https with pip's own certificate, refuses another, trusts a trusted host, and never goes from https to http", async function () {
    const keys = folder();
    const tls = makeCertificate(keys, ["DNS:localhost", "IP:127.0.0.1"]);
    if (!tls) return this.skip();
    const index = await serve({ demo: [wheel("1.0", { name: "demo" })] }, { tls });
    assert.equal((await ask(settingsFor(index.url)).project("demo")).failure?.code, "tls");
    const cert = tls.certFile;
    assert.equal((await ask(settingsFor(index.url, { cert })).project("demo")).pages.length, 1);
    assert.equal(
      (await ask(settingsFor(index.url, { trustedHost: ["127.0.0.1"] })).project("demo")).pages.length,
      1,
    );
    const missing = await ask(settingsFor(index.url, { cert: join(keys, "none.pem") })).project("demo");
    assert.equal(missing.failure?.code, "tls");
    const plain = await serve({ demo: [wheel("1.0", { name: "demo" })] });
    const down = await serve(
      {},
      {
        tls,
        misbehave: (_, response) => {
          response.writeHead(302, { location: `${plain.url}demo/` }).end();
          return true;
        },
      },
    );
    const refused = await ask(settingsFor(down.url, { cert })).project("demo");
    assert.equal(refused.failure?.code, "redirect-refused");
    assert.equal(plain.requests.length, 0);
  });
});
