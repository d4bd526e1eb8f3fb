// Which releases the stack is made of, as uv or pip resolve it from metadata alone.

import { readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { normalizeName } from "../../../shared/src/packaging/name.ts";
import { findRefused, indexSettings } from "./askIndexes.ts";
import { explainFailure } from "./explain.ts";
import { findProgram, runHostTool, runPip } from "./hostTools.ts";
import type { RequirementLine } from "./model.ts";
import { pipArguments, writePipFile } from "./pipFile.ts";
import { withPipConfiguration } from "./pipSettings.ts";
import type { PinnedPackage, ResolveAnswer, ResolveRequest } from "./resolving.ts";
import { showable } from "./telling.ts";

/** Resolves with uv where it is to be had, else with the interpreter's pip; both honour the file's options and pip's configuration. */
export async function resolveStack(request: ResolveRequest): Promise<ResolveAnswer> {
  writeFileSync(join(request.folder, "constraints.txt"), linesOf(request.constraints), { mode: 0o600 });
  const { pip, executable } = request.interpreter;
  // Whoever resolves, pip fetches by its own rules of indexes, credentials and digests, and fills the environment.
  if (!pip)
    return missingTool(
      `${executable} has no pip.`,
      "Install pip for this interpreter, or its ensurepip module.",
    );
  const [major = 0, minor = 0] = pip.version.split(".").map(Number);
  if (major < 22 || (major === 22 && minor < 3)) {
    return missingTool(
      `pip ${pip.version} cannot report what it would install.`,
      "Raise pip to 22.3 or newer.",
    );
  }
  const uv = request.resolver === "pip" ? undefined : findProgram("uv", request.env.PATH);
  if (uv === undefined && request.resolver === "uv")
    return missingTool("uv is not on PATH.", "Install uv, or let pip resolve.");
  return blameIndexes(
    uv === undefined ? await resolveWithPip(request) : await resolveWithUv(uv, request),
    request,
  );
}

/**
 * An index that refuses stops the search (invariant 6), whatever another one had in its place. Where nothing else can stand in
 * for it, or a digest says what is taken, asking once more would tell nothing new.
 */
async function blameIndexes(answer: ResolveAnswer, request: ResolveRequest): Promise<ResolveAnswer> {
  if (request.offline || request.signal?.aborted || ("settled" in answer && answer.settled)) return answer;
  const required = request.requirements.flatMap(({ name }) => name ?? []);
  let names: readonly string[];
  if (answer.ok) {
    const pinned = request.requirements.every(({ text }) => text.includes(" --hash="));
    if (pinned || indexSettings(request).indexes.length < 2) return answer;
    names = answer.packages.flatMap(({ name, url }) => (url === undefined ? name : []));
  } else if (answer.outcome === "install-failed" || answer.outcome === "infrastructure-failed") {
    names = answer.names.length > 0 ? answer.names : required;
  } else return answer;
  const refused = await findRefused(names, request);
  if (refused === undefined) return answer;
  const { message, next } = refused.failure;
  return {
    ok: false,
    outcome: "infrastructure-failed",
    message: showable(message),
    next: showable(next),
    lines: [],
    names: [refused.name, ...names.filter((name) => name !== refused.name)],
  };
}

const missingTool = (message: string, next: string): ResolveAnswer => ({
  ok: false,
  outcome: "infrastructure-failed",
  message,
  next,
  lines: [],
  names: [],
});

/** A requirements file's text. `#` starts no comment inside: each line is one requirement as it was read. */
function linesOf(lines: readonly RequirementLine[]): string {
  return lines.map(({ text }) => `${text}\n`).join("");
}

async function resolveWithPip(request: ResolveRequest): Promise<ResolveAnswer> {
  const file = join(request.folder, "requirements.txt");
  const report = join(request.folder, "report.json");
  writePipFile(file, request.indexes, linesOf(request.requirements));
  const args = [
    "install",
    ...pipArguments(request),
    ...["--dry-run", "--ignore-installed", "--no-user", "--progress-bar", "off", "--only-binary", ":all:"],
    ...["--report", report, "-r", file, "-c", join(request.folder, "constraints.txt")],
  ];
  if (request.onlyListed) args.push("--no-deps");
  const result = await runPip(request.interpreter, args, toolOptions(request));
  if (result.exit !== 0) return explainFailure(result, request);
  const packages = readPipReport(report);
  if (!packages)
    return missingTool("pip's report cannot be read.", "Try again with another release of pip, or with uv.");
  return { ok: true, tool: `pip ${request.interpreter.pip?.version}`, packages };
}

/** pip's installation report, version 1. */
function readPipReport(path: string): PinnedPackage[] | undefined {
  try {
    const report = JSON.parse(readFileSync(path, "utf8")) as {
      install: {
        metadata: { name: string; version: string };
        is_direct?: boolean;
        download_info: { url: string; archive_info?: { hash?: string; hashes?: Record<string, string> } };
      }[];
    };
    return report.install.map(({ metadata, download_info, is_direct }) => {
      const hash =
        download_info.archive_info?.hashes?.sha256 ??
        /^sha256=(\w+)$/.exec(download_info.archive_info?.hash ?? "")?.[1];
      return {
        name: normalizeName(metadata.name),
        version: metadata.version,
        sha256: hash ? [hash] : [],
        ...(is_direct ? { url: download_info.url } : {}),
      };
    });
  } catch {
    return undefined;
  }
}

async function resolveWithUv(uv: string, request: ResolveRequest): Promise<ResolveAnswer> {
  const file = join(request.folder, "requirements.in");
  const pins = join(request.folder, "uv.txt");
  const told = withPipConfiguration(request.indexes, request.env, request.cwd);
  // uv knows neither as an option of a requirements file.
  const { pre, trustedHosts: _, ...indexes } = told.indexes;
  writePipFile(file, indexes, linesOf(request.requirements));
  const args = ["pip", "compile", file, "-c", join(request.folder, "constraints.txt"), "-o", pins, "--quiet"];
  args.push("--only-binary", ":all:", "--generate-hashes", "--no-header", "--no-annotate", "--no-config");
  args.push("--no-python-downloads", "--python", request.interpreter.executable, "--color", "never");
  // As pip chooses: the best of all indexes.
  args.push("--index-strategy", "unsafe-best-match");
  if (pre) args.push("--prerelease", "allow");
  if (request.offline) args.push("--offline");
  if (request.onlyListed) args.push("--no-deps");
  const options = toolOptions(request);
  const result = await runHostTool(uv, args, { ...options, env: { ...options.env, ...told.env } });
  if (result.exit !== 0) return explainFailure(result, request);
  return { ok: true, tool: "uv", packages: readUvPins(readFileSync(pins, "utf8")) };
}

/** The requirements file that `uv pip compile --generate-hashes` writes: one release, then its hashes, per logical line. */
export function readUvPins(text: string): PinnedPackage[] {
  const packages: PinnedPackage[] = [];
  for (const line of text.replaceAll(/\\\r?\n/g, " ").split(/\r?\n/)) {
    const sha256 = [...line.matchAll(/--hash=sha256:([0-9a-f]{64})/g)].map((found) => found[1]!);
    const pin = /^([\w.-]+)(?:\[[^\]]*\])?==([^\s;]+)/.exec(line);
    const direct = /^([\w.-]+)(?:\[[^\]]*\])?\s*@\s*(\S+)/.exec(line);
    if (pin) packages.push({ name: normalizeName(pin[1]!), version: pin[2]!, sha256 });
    else if (direct) {
      const url = direct[2]!;
      const version = basename(new URL(url).pathname).split("-")[1] ?? "";
      packages.push({ name: normalizeName(direct[1]!), version: decodeURIComponent(version), sha256, url });
    }
  }
  return packages;
}

function toolOptions(request: ResolveRequest) {
  return {
    cwd: request.cwd,
    env: request.env,
    deadline: request.deadline,
    ...(request.signal ? { signal: request.signal } : {}),
    onOutput: request.onOutput,
  };
}
