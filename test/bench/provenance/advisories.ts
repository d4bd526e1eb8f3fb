// Advisories: a whole process against pip-audit and uv on loopback, matching against one pass, loading against parsing.
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readArchive, updateAdvisories } from "../../../runner/src/advisories/index.ts";
import { openKnowledge } from "../../../runner/src/knowledge/index.ts";
import { matchAdvisories } from "../../../shared/src/advisory/index.ts";
import { BUNDLE, cleanEnvironment, findPeer, median, needBundle, type Row } from "../support.ts";

const PROJECTS = 20_000;
const EACH = 5;
const PINS = 200;
const RUNS = 9;
const NOW = Date.now();

/** An archive of 100,000 records in the size that real ones have, written by Python: it needs the large form of zip. */
const WRITE_ARCHIVE = `
import json, sys, zipfile
path, projects, each, day = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
    for project in range(projects):
        for at in range(each):
            name = f"GHSA-{project}-{at}"
            archive.writestr(name + ".json", json.dumps({
                "schema_version": "1.6.0", "id": name, "modified": day, "published": day,
                "aliases": [f"CVE-2025-{project * each + at}"], "summary": "What is wrong, in a sentence",
                "details": "More on it. " * 80,
                "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
                "affected": [{"package": {"name": f"pkg-{project}", "ecosystem": "PyPI"},
                    "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": f"1.{at + 1}.0"}]}],
                    "versions": [f"1.{at}.{patch}" for patch in range(30)]}],
                "references": [{"type": "WEB", "url": "https://example.com/" + name}]}))
`;

/** Measures the four rows of advisories. */
export async function measureAdvisories(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), "thoth-bench-advisories-"));
  try {
    const archive = join(folder, "all.zip");
    const day = new Date(NOW - 3_600_000).toISOString();
    execFileSync("python3", ["-c", WRITE_ARCHIVE, archive, `${PROJECTS}`, `${EACH}`, day]);
    const file = join(folder, "knowledge.db");
    const loading = await measureLoading(archive, file);
    const matching = measureMatching(file, folder);
    return [...(await measureProcesses(folder, file)), matching, loading];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function open(file: string, folder: string) {
  return openKnowledge({ file, env: {}, platform: process.platform, home: folder, warn: console.error });
}

async function measureLoading(archive: string, file: string): Promise<Row> {
  const signal = new AbortController().signal;
  const parses: number[] = [];
  const loads: number[] = [];
  for (let run = 0; run < 3; run++) {
    let began = performance.now();
    let count = 0;
    for await (const item of readArchive(archive, { signal })) if ("value" in item) count++;
    if (count !== PROJECTS * EACH) throw new Error(`${count} records were read`);
    parses.push(performance.now() - began);
    rmSync(file, { force: true });
    const knowledge = open(file, archive);
    began = performance.now();
    await updateAdvisories({
      from: archive,
      advisories: knowledge.advisories,
      client: () => Promise.reject(new Error("nothing is fetched")),
      now: NOW,
      signal,
      progress: () => {},
    });
    loads.push(performance.now() - began);
    knowledge.close();
  }
  const ratio = median(loads) / median(parses);
  return {
    what: "Load an archive of 100,000 advisories",
    ours: `${(median(loads) / 1000).toFixed(1)} s`,
    peer: `${(median(parses) / 1000).toFixed(1)} s, parsing the same files`,
    ratio,
    reach: "≤ 3 ×",
    met: ratio <= 3,
  };
}

function measureMatching(file: string, folder: string): Row {
  const knowledge = open(file, folder);
  const names = pinNames();
  const everything = Array.from({ length: PROJECTS }, (_, at) => `pkg-${at}`);
  const match = (wanted: readonly string[]): number => {
    const began = performance.now();
    let found = 0;
    for (const { records } of knowledge.advisories.read(wanted)!.values()) {
      found += matchAdvisories(records, "1.2.3", NOW).length;
    }
    if (found !== wanted.length * (EACH - 2)) throw new Error(`${found} matches`);
    return performance.now() - began;
  };
  match(names);
  const few: number[] = [];
  const all: number[] = [];
  for (let run = 0; run < 5; run++) {
    few.push(match(names));
    all.push(match(everything));
  }
  knowledge.close();
  const ratio = median(few) / median(all);
  return {
    what: `Match ${PINS} pins against 100,000 advisories`,
    ours: `${median(few).toFixed(1)} ms`,
    peer: `${median(all).toFixed(0)} ms, one pass over them`,
    ratio,
    reach: "≤ 0.02 ×",
    met: ratio <= 0.02,
  };
}

function pinNames(): string[] {
  return Array.from({ length: PINS }, (_, at) => `pkg-${at * 97}`);
}

/** Whole processes in turn, so that what else the machine does falls on all of them alike. */
async function measureProcesses(folder: string, file: string): Promise<Row[]> {
  await needBundle();
  let peers: { readonly pipAudit: string; readonly uv: string };
  try {
    peers = { pipAudit: findPeer("pip-audit"), uv: findPeer("uv") };
  } catch {
    console.error("bench: pip-audit and uv cannot be installed; their rows are missing");
    return [];
  }
  const server = await serveOsv();
  writeProject(folder, server.url);
  const requirements = join(folder, "requirements.txt");
  const env = cleanEnvironment(folder);
  const ours: number[] = [];
  const audit: number[] = [];
  const uv: number[] = [];
  try {
    for (let run = 0; run < RUNS + 1; run++) {
      const times = [
        await timedProcess(
          process.execPath,
          [
            BUNDLE,
            "check",
            requirements,
            "-q",
            "--offline",
            "--isolated",
            "--no-index",
            "--knowledge",
            file,
            "--format",
            "json",
          ],
          env,
          [0, 1, 3],
          "known-vulnerability",
        ),
        await timedProcess(
          peers.pipAudit,
          [
            "-r",
            requirements,
            "--disable-pip",
            "--require-hashes",
            "-s",
            "osv",
            "--osv-url",
            `${server.url}/v1/query`,
            "--progress-spinner",
            "off",
            "-f",
            "json",
          ],
          env,
          [1],
          "GHSA-",
        ),
        await timedProcess(
          peers.uv,
          ["audit", "--frozen", "--service-url", server.url, "--project", join(folder, "project")],
          { ...env, UV_PYTHON_DOWNLOADS: "never", UV_CACHE_DIR: join(folder, "uv-cache") },
          [0, 1],
          "GHSA-",
        ),
      ];
      // The first round warms what is kept between runs.
      if (run === 0) continue;
      ours.push(times[0]!);
      audit.push(times[1]!);
      uv.push(times[2]!);
    }
  } finally {
    server.close();
  }
  const row = (peer: string, times: readonly number[]): Row => {
    const ratio = median(times) / median(ours);
    return {
      what: `${PINS} pinned and hashed requirements, advisories warm, whole process`,
      ours: `${median(ours).toFixed(0)} ms`,
      peer: `${median(times).toFixed(0)} ms, ${peer}`,
      ratio,
      reach: "≥ 3 × faster",
      met: ratio >= 3,
    };
  };
  return [row("pip-audit", audit), row("uv audit", uv)];
}

function timedProcess(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  allowed: readonly number[],
  mustSay: string,
): Promise<number> {
  return new Promise((settle, reject) => {
    const began = process.hrtime.bigint();
    const child = spawn(command, args, { env, stdio: ["ignore", "pipe", "pipe"] });
    let said = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (piece: string) => {
        said += piece;
      });
    }
    child.on("error", reject);
    child.on("close", (status) => {
      const took = Number(process.hrtime.bigint() - began) / 1e6;
      if (allowed.includes(status ?? -1) && said.includes(mustSay)) settle(took);
      else reject(new Error(`${command} ended with ${status}: ${said.slice(0, 2000)}`));
    });
  });
}

/** The same 200 pins as a requirements file with hashes, and as a project with a uv.lock. */
function writeProject(folder: string, url: string): void {
  const digest = (at: number) => at.toString(16).padStart(64, "0");
  const names = pinNames();
  const lines = names.map((name, at) => `${name}==1.2.3 \\\n    --hash=sha256:${digest(at)}\n`);
  writeFileSync(join(folder, "requirements.txt"), lines.join(""));
  const project = join(folder, "project");
  if (!existsSync(project)) mkdirSync(project);
  const wants = names.map((name) => `    "${name}==1.2.3",`).join("\n");
  writeFileSync(
    join(project, "pyproject.toml"),
    `[project]\nname = "bench"\nversion = "1.0"\nrequires-python = ">=3.9"\ndependencies = [\n${wants}\n]\n`,
  );
  const packages = names.map(
    (name, at) =>
      `[[package]]\nname = "${name}"\nversion = "1.2.3"\nsource = { registry = "${url}/simple" }\nwheels = [\n    { url = "${url}/files/${name.replaceAll("-", "_")}-1.2.3-py3-none-any.whl", hash = "sha256:${digest(at)}", size = 1 },\n]\n`,
  );
  const own = names.map((name) => `    { name = "${name}" },`).join("\n");
  const metadata = names.map((name) => `    { name = "${name}", specifier = "==1.2.3" },`).join("\n");
  writeFileSync(
    join(project, "uv.lock"),
    `version = 1\nrevision = 3\nrequires-python = ">=3.9"\n\n[[package]]\nname = "bench"\nversion = "1.0"\nsource = { virtual = "." }\ndependencies = [\n${own}\n]\n\n[package.metadata]\nrequires-dist = [\n${metadata}\n]\n\n${packages.join("\n")}`,
  );
}

/** OSV's interface as far as the two peers use it, and the pages of the index that uv asks for the status of each project, with the same three advisories against each pin. */
async function serveOsv(): Promise<{ readonly url: string; close(): void }> {
  const record = (id: string) => {
    const [, project = "0", at = "0"] = id.split("-");
    return {
      id,
      modified: "2026-11-22T00:00:00Z",
      published: "2026-11-22T00:00:00Z",
      summary: "What is wrong, in a sentence",
      details: "More on it. ".repeat(80),
      affected: [
        {
          package: { name: `pkg-${project}`, ecosystem: "PyPI" },
          ranges: [{ type: "ECOSYSTEM", events: [{ introduced: "0" }, { fixed: `1.${Number(at) + 1}.0` }] }],
        },
      ],
    };
  };
  const idsOf = (name: string) => [2, 3, 4].map((at) => `GHSA-${name.slice("pkg-".length)}-${at}`);
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (piece: Buffer) => {
      body += piece.toString();
    });
    request.on("end", () => {
      response.setHeader("content-type", "application/json");
      const path = request.url ?? "";
      if (path.startsWith("/simple/")) {
        response.setHeader("content-type", "application/vnd.pypi.simple.v1+json");
        const name = path.split("/")[2] ?? "";
        response.end(JSON.stringify({ meta: { "api-version": "1.4" }, name, files: [] }));
        return;
      }
      if (path.startsWith("/v1/vulns/")) {
        response.end(JSON.stringify(record(decodeURIComponent(path.slice("/v1/vulns/".length)))));
        return;
      }
      const asked = JSON.parse(body) as {
        queries?: { package: { name: string } }[];
        package?: { name: string };
      };
      if (asked.queries) {
        const results = asked.queries.map(({ package: { name } }) => ({
          vulns: idsOf(name).map((id) => ({ id, modified: "2026-11-22T00:00:00Z" })),
        }));
        response.end(JSON.stringify({ results }));
      } else response.end(JSON.stringify({ vulns: idsOf(asked.package!.name).map(record) }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
