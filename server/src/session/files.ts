// The files that a session may read: none on another host before the workspace is trusted, none that is too large.
import { decodeManifest } from "../../../shared/src/manifest/decode.ts";
import { fileName } from "../../../shared/src/rules/words.ts";
import { say } from "../l10n.ts";
import type { Runtime } from "../runtime.ts";
import { largestText } from "./trees.ts";
import type { Trust } from "./trust.ts";

export class FileAccess {
  readonly #runtime: Runtime;
  readonly #trust: Trust;

  constructor(runtime: Runtime, trust: Trust) {
    this.#runtime = runtime;
    this.#trust = trust;
  }

  /** Before trust, nothing on another host is touched: Windows would send the person's credentials there. */
  forbidden(uri: string): string | undefined {
    if (this.#trust.isGranted || !isRemoteFile(uri)) return undefined;
    return say("{0} is on another host: not read before the workspace is trusted.", fileName(uri));
  }

  #mustBeAllowed(uri: string): void {
    const reason = this.forbidden(uri);
    if (reason) throw new Error(reason);
  }

  /** A manifest's bytes. Throws where it cannot be read, must not be, or is too large. */
  async readManifest(uri: string): Promise<Uint8Array> {
    this.#mustBeAllowed(uri);
    const stat = await this.#runtime.stat(uri);
    if (stat && stat.size > largestText)
      throw new Error(say("{0} is larger than {1} MB and is not read.", fileName(uri), largestText / 1e6));
    return this.#runtime.readFile(uri);
  }

  /** Changes when the file does; undefined where there is none, or it must not be looked at. */
  async stamp(uri: string): Promise<string | undefined> {
    if (this.forbidden(uri)) return undefined;
    const stat = await this.#runtime.stat(uri);
    return stat && `${stat.modified} ${stat.size}`;
  }

  /** A file's text as it is on disk. Throws where it cannot be read, or must not be. */
  async readText(uri: string): Promise<string> {
    this.#mustBeAllowed(uri);
    return decodeManifest(await this.#runtime.readFile(uri)).text;
  }

  /** Folders for the completion of paths. */
  async listFolder(uri: string): Promise<string[]> {
    return this.forbidden(uri) || !uri.startsWith("file:") ? [] : this.#runtime.listFolder(uri);
  }
}

/** `file://host/…`, and the UNC paths that some write as `file:////host/…`. */
export function isRemoteFile(uri: string): boolean {
  if (!uri.startsWith("file:")) return false;
  const url = URL.canParse(uri) ? new URL(uri) : undefined;
  return (
    url === undefined ||
    (url.host !== "" && url.host !== "localhost") ||
    /^\/\/|^\/%5c|^\/\\/i.test(url.pathname)
  );
}
