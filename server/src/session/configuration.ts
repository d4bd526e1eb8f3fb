// Settings per document, asked of the client once and kept until they change. A bad value is told once.
import { defaultSettings, readSettings, type Settings } from "../settings.ts";

export interface SettingsHost {
  /** The section `thoth` for a document, or without one; undefined where the client cannot be asked. */
  ask(uri: string | undefined): Promise<unknown>;
  warn(message: string): void;
}

export class SettingsStore {
  readonly #host: SettingsHost;
  readonly #kept = new Map<string, Promise<Settings>>();
  readonly #told = new Set<string>();
  #revision = 1;
  #pushed: unknown;

  constructor(host: SettingsHost) {
    this.#host = host;
  }

  /** The settings of a document; those of the machine without one. */
  of(uri: string | undefined): Promise<Settings> {
    const key = uri ?? "";
    let settings = this.#kept.get(key);
    if (!settings) {
      settings = this.#read(uri);
      this.#kept.set(key, settings);
    }
    return settings;
  }

  async #read(uri: string | undefined): Promise<Settings> {
    const revision = this.#revision;
    try {
      const section = (await this.#host.ask(uri)) ?? this.#pushed;
      const { settings, problems } = readSettings(section, revision);
      for (const problem of problems) {
        if (this.#told.has(problem.message)) continue;
        this.#told.add(problem.message);
        this.#host.warn(problem.message);
      }
      return settings;
    } catch {
      // A client that cannot answer gets the defaults; nothing of the person's is lost by that.
      return { ...defaultSettings, revision };
    }
  }

  /** Everything is to be asked again. `section` is what clients without `workspace/configuration` push. */
  changed(section?: unknown): void {
    this.#revision++;
    this.#kept.clear();
    this.#pushed = section;
  }

  close(uri: string): void {
    this.#kept.delete(uri);
  }
}
