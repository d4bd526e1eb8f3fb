// The environment variables of a runner: the editor's own are not its business.

/**
 * The variables for a child that runs under the editor's Node: without those that would make it an editor (`VSCODE_*`,
 * `ELECTRON_*`), and with the one that makes Electron behave as Node.
 */
export function runnerEnvironment(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined || /^(?:VSCODE_|ELECTRON_)/i.test(name)) continue;
    kept[name] = value;
  }
  kept.ELECTRON_RUN_AS_NODE = "1";
  return kept;
}
