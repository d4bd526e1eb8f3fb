// What every operation is told for a document: its folder, its path, its environment, the person's indexes.
import {
  type ActiveInterpreterParams,
  type ActiveInterpreterResult,
  activeInterpreter,
} from "../../../shared/src/protocol/editor.ts";
import type { CommonInput } from "../../../shared/src/protocol/operation.ts";
import { fileName } from "../../../shared/src/rules/words.ts";
import type { Settings } from "../settings.ts";
import type { SettingsStore } from "./configuration.ts";
import { within } from "./patience.ts";
import type { SessionSetup } from "./setup.ts";
import type { Trust } from "./trust.ts";

/** Milliseconds that the Python extension gets to name its interpreter. */
const interpreterWait = 3000;

export class Inputs {
  readonly #setup: SessionSetup;
  readonly #settings: SettingsStore;
  readonly #trust: Trust;

  constructor(setup: SessionSetup, settings: SettingsStore, trust: Trust) {
    this.#setup = setup;
    this.#settings = settings;
    this.#trust = trust;
  }

  /** The input that all operations share, by a document's settings. */
  async of(uri: string, settings?: Settings): Promise<CommonInput> {
    const configured = settings ?? (await this.#settings.of(uri));
    const interpreter = configured["environment.python"] || (await this.#activeInterpreter(uri));
    const index = {
      ...(configured["index.url"] ? { indexUrl: configured["index.url"] } : {}),
      ...(configured["index.extraUrls"].length > 0 ? { extraIndexUrls: configured["index.extraUrls"] } : {}),
      ...(configured["index.findLinks"].length > 0 ? { findLinks: configured["index.findLinks"] } : {}),
      ...(configured["index.strategy"] ? { strategy: configured["index.strategy"] } : {}),
    };
    const environment = {
      ...(interpreter ? { interpreter } : {}),
      ...(configured["environment.pythonVersion"] ? { python: configured["environment.pythonVersion"] } : {}),
      ...(configured["environment.platform"] ? { platform: configured["environment.platform"] } : {}),
    };
    return {
      cwd: this.folderOf(uri),
      ...(Object.keys(environment).length > 0 ? { environment } : {}),
      ...(Object.keys(index).length > 0 ? { index } : {}),
      ...(configured["index.usePipConfiguration"] ? {} : { usePipConfiguration: false }),
      ...(configured.offline ? { offline: true } : {}),
      ...(configured["resolve.buildSdists"] ? { buildSdists: true } : {}),
    };
  }

  /** The folder that relative paths of a document mean: its own, else the workspace's, else the home. */
  folderOf(uri: string): string {
    const { runtime, folders } = this.#setup;
    const own = runtime.pathOf(new URL(".", uri.startsWith("file:") ? uri : "file:///").href);
    if (uri.startsWith("file:") && own !== undefined) return own;
    for (const folder of folders()) {
      const path = runtime.pathOf(folder);
      if (path !== undefined) return path;
    }
    return runtime.home;
  }

  /** Where a document would lie if it does not: untitled text has a name in its folder. */
  pathFor(uri: string): string {
    const path = this.#setup.runtime.pathOf(uri);
    if (path !== undefined) return path;
    const name = fileName(uri.replace(/^[a-z-]+:/, "")) || "requirements.txt";
    return `${this.folderOf(uri).replace(/[/\\]+$/, "")}/${/\.|^Pipfile$/.test(name) ? name : `${name}.txt`}`;
  }

  async #activeInterpreter(uri: string): Promise<string | undefined> {
    const { client, connection, runtime } = this.#setup;
    if (!client.ours || !this.#trust.isGranted) return undefined;
    const params: ActiveInterpreterParams = { uri };
    const asked = connection.sendRequest<ActiveInterpreterResult>(activeInterpreter, params).then(
      (result) => result?.path,
      () => undefined,
    );
    return within(runtime, interpreterWait, asked);
  }
}
