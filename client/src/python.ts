// What the Python extension has chosen for a file, through its public API, where that extension is there.
import * as vscode from "vscode";

const PYTHON_EXTENSION = "ms-python.python";

/** The part of the Python extension's API that is used here. */
interface PythonApi {
  readonly environments?: {
    getActiveEnvironmentPath(resource?: vscode.Uri): { readonly path: string } | undefined;
    resolveEnvironment?(
      environment: unknown,
    ): Promise<{ readonly executable?: { readonly uri?: vscode.Uri } } | undefined>;
    readonly onDidChangeActiveEnvironmentPath?: vscode.Event<unknown>;
  };
}

async function pythonApi(): Promise<PythonApi | undefined> {
  const extension = vscode.extensions.getExtension<PythonApi>(PYTHON_EXTENSION);
  if (extension === undefined) return undefined;
  return extension.isActive ? extension.exports : await extension.activate();
}

/** The interpreter chosen for a file; undefined without the extension, without a choice, or in an untrusted workspace. */
export async function activeInterpreterOf(uri: vscode.Uri): Promise<string | undefined> {
  if (!vscode.workspace.isTrusted) return undefined;
  const environments = (await pythonApi())?.environments;
  const active = environments?.getActiveEnvironmentPath(uri);
  if (active === undefined) return undefined;
  const resolved = await environments?.resolveEnvironment?.(active);
  return resolved?.executable?.uri?.fsPath ?? active.path;
}

/** Calls `changed` whenever the Python extension's choice changes. */
export async function watchInterpreter(changed: () => void): Promise<vscode.Disposable | undefined> {
  if (!vscode.workspace.isTrusted) return undefined;
  return (await pythonApi())?.environments?.onDidChangeActiveEnvironmentPath?.(changed);
}
