// Fixtures of the features' tests: a text with marked places, what is known, and the view of both. No I/O.

import type { RuntimeEnvironment } from "../../../shared/src/environment/model.ts";
import type { ProjectFacts, ReleaseFacts } from "../../../shared/src/facts/model.ts";
import type { FixProof, StackFacts } from "../../../shared/src/facts/stack.ts";
import type { Manifest } from "../../../shared/src/manifest/model.ts";
import { readRequirements } from "../../../shared/src/manifest/requirements.ts";
import type { IncludeFault, ManifestFile, ManifestTree } from "../../../shared/src/manifest/treeModel.ts";
import { findingsOf } from "../../../shared/src/rules/index.ts";
import type { Snapshot } from "../../../shared/src/rules/model.ts";
import type { Span } from "../../../shared/src/text/span.ts";
import type { View } from "../model.ts";
import { readSettings } from "../settings.ts";

export const rootUri = "file:///work/requirements.txt";
export const now = Date.UTC(2026, 10, 22, 12);

/** A text without its marks: `‸` is a cursor, `⟦⟧` a range. */
export interface Marked {
  readonly text: string;
  readonly cursor: number;
  readonly span: Span;
}

/** Takes the marks out of a text. */
export function unmark(marked: string): Marked {
  let text = "";
  let cursor = 0;
  let start = 0;
  let end = 0;
  for (const character of marked) {
    if (character === "‸") cursor = text.length;
    else if (character === "⟦") start = text.length;
    else if (character === "⟧") end = text.length;
    else text += character;
  }
  return { text, cursor, span: { start, end } };
}

/** A text with a range marked in it. */
export function mark(text: string, span: Span): string {
  return `${text.slice(0, span.start)}⟦${text.slice(span.start, span.end)}⟧${text.slice(span.end)}`;
}

export const linux: RuntimeEnvironment = {
  name: "test",
  pythonVersion: "3.11.7",
  implementation: "cpython",
  platform: "linux",
  architecture: "x86_64",
  markers: {
    implementation_name: "cpython",
    implementation_version: "3.11.7",
    os_name: "posix",
    platform_machine: "x86_64",
    platform_release: "6.1",
    platform_system: "Linux",
    platform_version: "1",
    python_full_version: "3.11.7",
    platform_python_implementation: "CPython",
    python_version: "3.11",
    sys_platform: "linux",
  },
  tags: ["py3-none-any"],
  origins: {},
  notes: [],
};

/** A project whose releases stand newest first; each has a wheel for any platform and no dependencies. */
export function project(
  name: string,
  releases: readonly (string | ReleaseFacts)[],
  more: Partial<ProjectFacts> = {},
): ProjectFacts {
  const facts = releases.map(
    (release): ReleaseFacts =>
      typeof release === "string" ? { version: release, artifact: "wheel", anyPlatform: true } : release,
  );
  return {
    name,
    state: "known",
    freshness: "fresh",
    checked: now - 5 * 60_000,
    indexes: ["https://index.test/simple/"],
    releases: facts,
    details: Object.fromEntries(
      facts.map(({ version }) => [
        version,
        {
          version,
          requiresDist: [],
          artifacts: [
            {
              filename: `${name}-${version}-py3-none-any.whl`,
              hashes: { sha256: "a".repeat(64) },
              suits: true,
              index: 0,
            },
          ],
        },
      ]),
    ),
    ...more,
  };
}

/** A resolver's answer for a text: it resolves, and every edit that is asked about does too. */
export function resolved(
  text: string,
  more: Partial<StackFacts> = {},
  proof: FixProof = { resolves: true, packages: 43, changes: 2 },
): StackFacts {
  return {
    state: "resolves",
    environment: "Python 3.11.7 on linux x86_64",
    packages: 43,
    leftOut: [],
    lines: [],
    proofs: new Proxy({}, { get: () => proof }),
    texts: { [rootUri]: text },
    checked: now - 5 * 60_000,
    ...more,
  };
}

export interface Setting {
  readonly projects?: readonly ProjectFacts[];
  readonly snapshot?: Partial<Snapshot>;
  readonly settings?: unknown;
  readonly manifest?: Manifest;
  readonly uri?: string;
  /** Other files of the tree, included by the line that the span is of. */
  readonly included?: readonly ManifestFile[];
  readonly faults?: readonly IncludeFault[];
  readonly companion?: ManifestFile;
  readonly refused?: string;
}

/** The view of a text in a setting; without more, on Linux under Python 3.11. */
export function viewOf(text: string, setting: Setting = {}): View {
  const uri = setting.uri ?? rootUri;
  const manifest = setting.manifest ?? readRequirements(text, { kind: "requirements" });
  const file: ManifestFile = { uri, manifest, as: "requirements" };
  const tree: ManifestTree = {
    root: uri,
    files: [file, ...(setting.included ?? [])],
    faults: setting.faults ?? [],
    ...(setting.companion ? { companion: setting.companion } : {}),
  };
  const { settings } = readSettings(setting.settings ?? {});
  const snapshot: Snapshot = {
    number: 1,
    environment: linux,
    projects: new Map((setting.projects ?? []).map((facts) => [facts.name, facts])),
    pending: false,
    now,
    ...setting.snapshot,
  };
  const view: View = {
    file,
    tree,
    snapshot,
    settings,
    configuration: { severities: settings.rules },
    versions: new Map([[uri, 1]]),
    ...(setting.refused === undefined ? {} : { refused: setting.refused }),
    findings: () => findingsOf(view),
  };
  return view;
}
