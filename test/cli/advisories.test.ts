// `thoth check`, `fix` and `knowledge` with advisories: what is said of a release, and what repairs it.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { zipSync } from "fflate";
import type { CheckOutput } from "../../shared/src/protocol/check.ts";
import { buildWheel, type IndexedProject, startIndex } from "../support/index.ts";
import { makePlace, type Place } from "./thoth.ts";

const HIGH = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N";

interface Said {
  readonly id: string;
  readonly name: string;
  readonly fixed?: string;
  readonly introduced?: string;
  readonly aliases?: readonly string[];
  readonly vector?: string;
  readonly modified?: string;
  readonly more?: object;
}

function osv({ id, name, fixed, introduced = "0", aliases = [], vector, modified, more = {} }: Said): object {
  return {
    id,
    modified: modified ?? new Date(Date.now() - 3_600_000).toISOString(),
    aliases,
    ...(vector === undefined ? {} : { severity: [{ type: "CVSS_V3", score: vector }] }),
    affected: [
      {
        package: { ecosystem: "PyPI", name },
        ranges: [
          { type: "ECOSYSTEM", events: [{ introduced }, ...(fixed === undefined ? [] : [{ fixed }])] },
        ],
      },
    ],
    ...more,
  };
}

function archive(records: readonly object[]): Uint8Array {
  return zipSync(
    Object.fromEntries(
      records.map((record, at) => [
        `${(record as { id?: string }).id ?? at}.json`,
        new TextEncoder().encode(JSON.stringify(record)),
      ]),
    ),
  );
}

const releases = (name: string, versions: Readonly<Record<string, readonly string[]>>): IndexedProject => ({
  files: Object.entries(versions).map(([version, requires]) =>
    buildWheel({ name, version, requires: [...requires] }),
  ),
});

describe("thoth with advisories", function () {
  this.timeout(60_000);
  let place: Place;
  let url: string;
  let close: () => Promise<void>;

  const projects = {
    alpha: releases("alpha", { "1.0": [], "1.1": [], "2.0": [] }),
    beta: releases("beta", { "1.0": ["gamma==1.0"], "1.5": ["gamma==1.5"], "2.0": ["gamma==2.0"] }),
    gamma: releases("gamma", { "1.0": [], "1.5": [], "2.0": [] }),
    delta: releases("delta", { "1.0": [] }),
  };

  beforeEach(async () => {
    place = makePlace();
    const index = await startIndex(projects);
    url = index.url;
    close = () => index.close();
  });
  afterEach(async () => {
    await close();
    place.remove();
  });

  const run = (...args: string[]) => place.run([...args, "-q", "--index-url", url]);
  const read = (name: string): string => readFileSync(join(place.folder, name), "utf8");
  const load = async (records: readonly object[]): Promise<void> => {
    place.write("all.zip", archive(records));
    const { status, stderr } = await run("knowledge", "update", "advisories", "--from", "all.zip");
    assert.equal(status, 0, stderr);
  };
  const findings = async (...args: string[]): Promise<CheckOutput["files"][number]["findings"]> => {
    const { stdout } = await run("check", "--format", "json", ...args);
    const { result } = JSON.parse(stdout) as { result: CheckOutput };
    return result.files.flatMap((file) => file.findings).filter(({ rule }) => rule === "known-vulnerability");
  };

  it("says that none were ever loaded, once, and that is no failure", async () => {
    place.write("requirements.txt", "alpha==1.0\n");
    const { status, stdout } = await run("check", "--format", "json");
    const { notChecked } = JSON.parse(stdout) as { notChecked: object[] };
    assert.deepEqual(notChecked, [
      { what: "advisories", reason: "none stored; thoth knowledge update advisories", required: false },
    ]);
    assert.equal(status, 0);
    assert.match(
      (await run("check")).stdout,
      /Not checked: advisories: none stored; thoth knowledge update advisories/,
    );
  });

  it("tells each thing once, with its other names, its severity and where it is fixed", async () => {
    await load([
      osv({ id: "GHSA-aaaa-bbbb-cccc", name: "Alpha", fixed: "1.1", aliases: ["CVE-2026-1"], vector: HIGH }),
      osv({ id: "PYSEC-2026-1", name: "alpha", fixed: "1.1", aliases: ["CVE-2026-1"] }),
      osv({ id: "PYSEC-2026-2", name: "alpha", fixed: "1.1", more: { withdrawn: "2026-01-01T00:00:00Z" } }),
    ]);
    place.write("requirements.txt", "alpha==1.0\n");
    const [finding, ...others] = await findings();
    assert.equal(others.length, 0);
    assert.equal(finding?.severity, "warning");
    assert.equal(finding?.message, "alpha 1.0 has 1 advisory, high, fixed in 1.1: GHSA-aaaa-bbbb-cccc.");
    assert.deepEqual(finding?.advisories, [
      {
        id: "GHSA-aaaa-bbbb-cccc",
        aliases: ["CVE-2026-1", "PYSEC-2026-1"],
        severity: "high",
        score: 7.5,
        malicious: false,
        fixedIn: ["1.1"],
      },
    ]);
    assert.match(
      finding?.fixes[0]?.title ?? "",
      /^Raise to 1\.1 \(fixes 1 advisory; resolves with 1 package/,
    );
    assert.equal((await run("check")).status, 0);
    assert.equal((await run("check", "--fail-on", "warning")).status, 1);
  });

  it("calls a malicious release an error, whatever the threshold", async () => {
    await load([osv({ id: "MAL-2026-9", name: "delta" })]);
    place.write("requirements.txt", "delta\n");
    const [finding] = await findings();
    assert.equal(finding?.severity, "error");
    assert.match(finding?.message ?? "", /^delta 1\.0 \(newest\) is reported as malicious: MAL-2026-9\.$/);
    assert.equal((await run("check")).status, 1);
  });

  it("tells what is below --severity-threshold as information, and what is of unknown severity as before", async () => {
    await load([
      osv({ id: "GHSA-aaaa-bbbb-cccc", name: "alpha", fixed: "1.1", vector: HIGH }),
      osv({ id: "GHSA-dddd-bbbb-cccc", name: "delta" }),
    ]);
    place.write("requirements.txt", "alpha==1.0\ndelta==1.0\n");
    const severities = async (...args: string[]) =>
      (await findings(...args)).map(({ package: name, severity }) => `${name} ${severity}`).sort();
    assert.deepEqual(await severities(), ["alpha warning", "delta warning"]);
    assert.deepEqual(await severities("--severity-threshold", "high"), ["alpha warning", "delta warning"]);
    assert.deepEqual(await severities("--severity-threshold", "critical"), [
      "alpha information",
      "delta warning",
    ]);
    assert.equal((await run("check", "--severity-threshold", "grave")).status, 2);
  });

  it("says nothing of a range that resolves to what is not affected", async () => {
    await load([osv({ id: "GHSA-aaaa-bbbb-cccc", name: "alpha", fixed: "2.0" })]);
    place.write("requirements.txt", "alpha>=1\n");
    assert.deepEqual(await findings(), []);
    place.write("requirements.txt", "alpha>=1,<2\n");
    assert.match((await findings())[0]?.message ?? "", /^alpha 1\.1 \(newest of >=1,<2\) has 1 advisory/);
  });

  it("answers offline from what is stored, though no index can be asked", async () => {
    await load([osv({ id: "GHSA-aaaa-bbbb-cccc", name: "alpha", fixed: "2.0" })]);
    place.write("requirements.txt", "alpha==1.0+cu118\n");
    const { stdout } = await run("check", "--offline");
    assert.match(stdout, /alpha 1\.0\+cu118 has 1 advisory, severity unknown, fixed in 2\.0/);
  });

  it("says once how old the advisories are when they are older than a week", async () => {
    const modified = new Date(Date.now() - 12 * 86_400_000).toISOString();
    await load([osv({ id: "GHSA-aaaa-bbbb-cccc", name: "alpha", fixed: "2.0", modified })]);
    place.write("requirements.txt", "beta==2.0\nalpha==2.0\n");
    const { stdout } = await run("check");
    assert.equal(stdout.match(/stale-advisories/g)?.length, 1);
    assert.match(stdout, /stored advisories end 12 days ago/);
    assert.match(stdout, / just now\. Advisories of 12 days ago\.\n/);
    const { result } = JSON.parse((await run("check", "--format", "json")).stdout) as { result: CheckOutput };
    assert.equal(result.advisories?.asOf, modified);
    assert.match(result.advisories?.source ?? "", /all\.zip$/);
  });

  it("refuses an archive that is older than the stored one, and keeps what there is", async () => {
    await load([osv({ id: "GHSA-aaaa-bbbb-cccc", name: "alpha", fixed: "2.0" })]);
    const old = osv({ id: "GHSA-zzzz-bbbb-cccc", name: "beta", modified: "2025-01-01T00:00:00Z" });
    place.write("old.zip", archive([old]));
    const { status, stderr } = await run("knowledge", "update", "advisories", "--from", "old.zip");
    assert.equal(status, 1);
    assert.match(
      stderr,
      /old\.zip is older than what is stored: its newest record is of 2025-01-01T00:00:00Z/,
    );
    place.write("requirements.txt", "alpha==1.0\nbeta==1.0\n");
    assert.deepEqual(
      (await findings()).map((finding) => finding.package),
      ["alpha"],
    );
  });

  it("raises a hashed pin together with its hashes, from the index alone", async () => {
    await load([osv({ id: "GHSA-aaaa-bbbb-cccc", name: "alpha", fixed: "1.1" })]);
    const digest = (version: string) =>
      `sha256:${createHash("sha256").update(wheelOf("alpha", version)).digest("hex")}`;
    place.write("requirements.txt", `alpha==1.0 \\\n    --hash=${digest("1.0")}\n`);
    const { status, stdout } = await run("fix", "--write");
    assert.equal(status, 0, stdout);
    assert.equal(read("requirements.txt"), `alpha==1.1 \\\n    --hash=${digest("1.1")}\n`);
    assert.deepEqual(await findings(), []);
  });

  it("raises a parent where what it brings in is affected, and says which", async () => {
    await load([osv({ id: "GHSA-aaaa-bbbb-cccc", name: "gamma", fixed: "1.2" })]);
    place.write("requirements.txt", "beta==1.0  # keep\nalpha==2.0\n");
    const [finding] = await findings();
    assert.match(finding?.message ?? "", /^gamma 1\.0, which beta brings in, has 1 advisory/);
    const { stdout } = await run("fix", "--write");
    assert.match(
      stdout,
      /requirements\.txt:1 {2}known-vulnerability {2}Raise beta to 1\.5 \(brings gamma 1\.5; fixes 1 advisory; resolves with 3 packages/,
    );
    assert.match(stdout, /1 fix written to 1 file/);
    assert.equal(read("requirements.txt"), "beta==1.5  # keep\nalpha==2.0\n");
    assert.deepEqual(await findings(), []);
  });

  it("offers no raise that brings in another advisory, and in its place what clears the stack", async () => {
    await load([
      osv({ id: "GHSA-aaaa-bbbb-cccc", name: "beta", fixed: "1.5" }),
      osv({ id: "GHSA-dddd-bbbb-cccc", name: "gamma", introduced: "1.5", fixed: "2.0" }),
    ]);
    place.write("requirements.txt", "beta==1.0\n");
    const [finding] = await findings();
    assert.deepEqual(
      finding?.fixes.map(({ title, proven }) => [title.replace(/;.*/, ""), proven]),
      [["Raise beta to 2.0 (fixes 1 advisory", true]],
    );
  });

  it("says what is in the way where nothing clears it", async () => {
    await load([osv({ id: "GHSA-aaaa-bbbb-cccc", name: "delta" })]);
    place.write("requirements.txt", "delta==1.0\n");
    const { stdout } = await run("fix");
    assert.match(
      stdout,
      /requirements\.txt:1 {2}known-vulnerability {2}not fixed: no release of delta clears it\n/,
    );
  });

  const pipfile = (line: string) =>
    `[[source]]\nname = "pypi"\nurl = "${url}"\nverify_ssl = true\n\n[packages]\n${line}\n`;
  const wheelOf = (name: keyof typeof projects, version: string): Uint8Array => {
    const file = projects[name].files.find(
      (one) => "filename" in one && one.filename.startsWith(`${name}-${version}-`),
    );
    return (file as { bytes: Uint8Array }).bytes;
  };
  const lockOf = (versions: Readonly<Record<string, string>>) =>
    JSON.stringify(
      {
        _meta: { hash: { sha256: "0".repeat(64) }, "pipfile-spec": 6, requires: {}, sources: [] },
        default: Object.fromEntries(
          Object.entries(versions).map(([name, version]) => [
            name,
            {
              hashes: [`sha256:${"1".repeat(64)}`],
              markers: "python_version >= '3.7'",
              version: `==${version}`,
            },
          ]),
        ),
        develop: {},
      },
      undefined,
      4,
    );

  it("moves a lock along with its Pipfile, the hash of the Pipfile included", async () => {
    await load([osv({ id: "GHSA-aaaa-bbbb-cccc", name: "gamma", fixed: "1.2" })]);
    place.write("Pipfile", pipfile('beta = "==1.0"\nalpha = "*"'));
    place.write("Pipfile.lock", `${lockOf({ alpha: "1.0", beta: "1.0", gamma: "1.0" })}\n`);
    const { stdout, status } = await run("fix", "--write", "--only", "known-vulnerability");
    assert.equal(status, 0, stdout);
    assert.match(read("Pipfile"), /beta = "==1\.5"\nalpha = "\*"/);
    const lock = JSON.parse(read("Pipfile.lock")) as {
      _meta: { hash: { sha256: string } };
      default: Record<string, { version: string; hashes: string[] }>;
    };
    assert.deepEqual(
      Object.entries(lock.default).map(([name, { version }]) => `${name}${version}`),
      ["alpha==1.0", "beta==1.5", "gamma==1.5"],
    );
    assert.deepEqual(lock.default.gamma?.hashes, [
      `sha256:${createHash("sha256").update(wheelOf("gamma", "1.5")).digest("hex")}`,
    ]);
    assert.notEqual(lock._meta.hash.sha256, "0".repeat(64));
    const { stdout: after } = await run("check");
    assert.doesNotMatch(after, /known-vulnerability|lock-out-of-date/);
  });

  it("moves the lock alone where the Pipfile's line takes the fixed release already", async () => {
    await load([osv({ id: "GHSA-aaaa-bbbb-cccc", name: "alpha", fixed: "1.1" })]);
    place.write("Pipfile", pipfile('alpha = "*"'));
    place.write("Pipfile.lock", `${lockOf({ alpha: "1.0" })}\n`);
    const before = read("Pipfile");
    const { stdout } = await run("fix", "--write", "--only", "known-vulnerability");
    assert.match(stdout, /Pipfile\.lock/, stdout);
    assert.equal(read("Pipfile"), before);
    assert.match(read("Pipfile.lock"), /"version": "==1\.1"/);
  });

  it("tells a service no name that a lock writes down as from elsewhere, be it bound nowhere else", async () => {
    const told: string[] = [];
    const service = createServer((request, response) => {
      let body = "";
      request.on("data", (piece: Buffer) => {
        body += piece.toString();
      });
      request.on("end", () => {
        const { queries } = JSON.parse(body) as { queries: { package: { name: string } }[] };
        told.push(...queries.map((query) => query.package.name));
        response.end(JSON.stringify({ results: queries.map(() => ({})) }));
      });
    });
    await new Promise<void>((resolve) => service.listen(0, "127.0.0.1", resolve));
    const address = `http://127.0.0.1:${(service.address() as AddressInfo).port}`;
    const pypi = "https://pypi.org/simple";
    const own = "https://packages.example/simple";
    const sources = [
      { name: "pypi", url: pypi, verify_ssl: true },
      { name: "own", url: own, verify_ssl: true },
    ];
    const locked = (names: Readonly<Record<string, string>>) =>
      Object.fromEntries(
        Object.entries(names).map(([name, index]) => [
          name,
          { version: "==1.0", ...(index ? { index } : {}) },
        ]),
      );
    place.write("Pipfile", pipfile('alpha = "*"').replace(/url = ".*"/, `url = "${pypi}"`));
    const names = { alpha: "pypi", "brought-in": "", "from-own": "own", "from-nowhere": "gone" };
    place.write(
      "Pipfile.lock",
      JSON.stringify({
        _meta: { hash: { sha256: "0" }, "pipfile-spec": 6, requires: {}, sources },
        default: locked(names),
        develop: {},
      }),
    );
    const packages = [
      `name = "beta"\nversion = "1.0"\nindex = "${pypi}"`,
      `name = "of-own"\nversion = "1.0"\nindex = "${own}"`,
      `name = "file-of-own"\nversion = "1.0"\n[[packages.wheels]]\nurl = "${own}/file_of_own-1.0-py3-none-any.whl"\nhashes = {sha256 = "00"}`,
    ].map((one) => `[[packages]]\n${one}\n`);
    place.write("pylock.toml", `lock-version = "1.0"\ncreated-by = "test"\n${packages.join("")}`);
    try {
      const { status, stdout } = await place.run([
        "knowledge",
        "update",
        "advisories",
        "--isolated",
        ...["--from", address, "--for", "Pipfile", "--for", "pylock.toml"],
      ]);
      assert.deepEqual(told, ["alpha", "beta", "brought-in"]);
      assert.equal(status, 3);
      for (const name of ["file-of-own", "from-nowhere", "from-own", "of-own"])
        assert.match(stdout, new RegExp(`advisories of ${name}\\b`));
    } finally {
      service.closeAllConnections();
      service.close();
    }
  });

  it("asks a service only where it is named, for public names alone, and takes what it did not ask for as not checked", async () => {
    const bodies: string[] = [];
    const records = new Map([
      ["A-1", osv({ id: "A-1", name: "alpha", fixed: "1.1" })],
      ["A-2", osv({ id: "A-2", name: "alpha", fixed: "2.0" })],
    ]);
    const service = createServer((request, response) => {
      let body = "";
      request.on("data", (piece: Buffer) => {
        body += piece.toString();
      });
      request.on("end", () => {
        bodies.push(`${request.method} ${request.url} ${body}`);
        if (request.url === "/v1/querybatch") {
          const { queries } = JSON.parse(body) as { queries: { page_token?: string }[] };
          const results = queries.map(({ page_token: token }) =>
            token === undefined
              ? { vulns: [{ id: "A-1" }], next_page_token: "more" }
              : { vulns: [{ id: "A-2" }] },
          );
          response.end(JSON.stringify({ results }));
        } else response.end(JSON.stringify(records.get(request.url!.split("/").at(-1)!)));
      });
    });
    await new Promise<void>((resolve) => service.listen(0, "127.0.0.1", resolve));
    const address = `http://127.0.0.1:${(service.address() as AddressInfo).port}`;
    try {
      const ask = (...args: string[]) =>
        place.run([
          "knowledge",
          "update",
          "advisories",
          "-q",
          "--from",
          address,
          "--for",
          "requirements.txt",
          ...args,
        ]);
      // An index of one's own: no name leaves.
      place.write("requirements.txt", "alpha==1.0\nbeta==2.0\n");
      const kept = await ask("--index-url", url);
      assert.equal(kept.status, 3);
      assert.match(
        kept.stdout,
        /advisories of alpha, advisories of beta: an index that is not public is asked for it/,
      );
      assert.equal(bodies.length, 0);
      place.write("requirements.txt", "alpha==1.0\n");
      const asked = await ask("--isolated");
      assert.equal(asked.status, 0, asked.stderr);
      assert.equal(
        bodies[0],
        'POST /v1/querybatch {"queries":[{"package":{"name":"alpha","ecosystem":"PyPI"}}]}',
      );
      assert.equal(bodies.filter((line) => line.includes("querybatch")).length, 2);
      assert.deepEqual(
        (await findings())[0]?.advisories?.map(({ id }) => id),
        ["A-1", "A-2"],
      );
      place.write("requirements.txt", "alpha==2.0\nbeta==2.0\n");
      assert.match(
        (await run("check")).stdout,
        /Not checked: advisories of beta: no service was asked for it/,
      );
    } finally {
      service.closeAllConnections();
      service.close();
    }
  });
});
