// Runs the operation `provenance` in process over files in a folder of its own, for a Python that needs no interpreter.

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createContext, loadOperation } from "../../runner/src/operations/index.ts";
import type { Answer } from "../../shared/src/protocol/operation.ts";
import type {
  CheckState,
  PackageProvenance,
  ProvenanceCheck,
  ProvenanceInput,
  ProvenanceOutput,
} from "../../shared/src/protocol/provenance.ts";

export interface ProvenancePlace {
  readonly folder: string;
  readonly knowledge: string;
  write(name: string, content: string): string;
  run(paths: readonly string[], input?: Partial<ProvenanceInput>, now?: number): Promise<ProvenanceAnswer>;
  remove(): void;
}

export interface ProvenanceAnswer extends Answer<ProvenanceOutput> {
  readonly warnings: readonly string[];
  /** The one package of this name. Throws where there is none. */
  of(name: string): PackageProvenance;
  /** The results of one rule for one package. */
  checks(name: string, rule: string): readonly ProvenanceCheck[];
  /** The results of one rule for the files. */
  fileChecks(rule: string): readonly ProvenanceCheck[];
}

export const NOW = Date.parse("2026-11-22T12:00:00Z");

/** A folder for Python 3.11 on Linux, with nothing of this machine's configuration. */
export function makeProvenancePlace(env: Readonly<Record<string, string>> = {}): ProvenancePlace {
  const root = mkdtempSync(join(tmpdir(), "thoth-provenance-"));
  const folder = join(root, "work");
  const home = join(root, "home");
  const knowledge = join(root, "knowledge.db");
  for (const each of [folder, home]) mkdirSync(each, { recursive: true });
  return {
    folder,
    knowledge,
    write(name, content) {
      const path = join(folder, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, content);
      return path;
    },
    async run(paths, input = {}, now = NOW) {
      const context = createContext({
        version: "0.0.0",
        knowledgeFile: knowledge,
        now: () => now,
        machine: {
          env: {
            HOME: home,
            PIP_CONFIG_FILE: "/dev/null",
            THOTH_TRUST_REPOSITORY: "off",
            PIP_KEYRING_PROVIDER: "disabled",
            PIP_RETRIES: "0",
            ...env,
          },
          platform: "linux",
          home,
        },
      });
      const warnings: string[] = [];
      try {
        const operation = await loadOperation("provenance");
        const answer = await operation(
          context,
          {
            cwd: folder,
            paths: [...paths],
            constraints: [],
            texts: {},
            rules: {},
            allArtifacts: false,
            download: false,
            environment: { python: "3.11.7", platform: "x86_64-manylinux_2_28" },
            ...input,
          },
          { progress() {}, partial() {}, warn: (message) => warnings.push(message) },
          new AbortController().signal,
        );
        return answerOf(answer, warnings);
      } finally {
        await context.close();
      }
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

function answerOf(answer: Answer<ProvenanceOutput>, warnings: readonly string[]): ProvenanceAnswer {
  const of = (name: string): PackageProvenance => {
    const found = answer.result.packages.filter((one) => one.name === name);
    if (found.length !== 1) throw new Error(`${found.length} packages are named ${name}`);
    return found[0]!;
  };
  return {
    ...answer,
    warnings,
    of,
    checks: (name, rule) => of(name).checks.filter((check) => check.rule === rule),
    fileChecks: (rule) =>
      answer.result.files.flatMap(({ checks }) => checks).filter((check) => check.rule === rule),
  };
}

/** The one result of a rule, with its state as wanted. */
export function onlyCheck(checks: readonly ProvenanceCheck[], state: CheckState): ProvenanceCheck {
  assert.deepEqual(
    checks.map((check) => check.state),
    [state],
    JSON.stringify(checks, null, 1),
  );
  return checks[0]!;
}
