// Asks the `keyring` command for a login, as pip's subprocess provider does. Loaded only when an index answered 401.
import { execFile } from "node:child_process";

export interface KeyringLogin {
  readonly user: string;
  readonly password: string;
}

/**
 * The login that `keyring --mode=creds --output=json get SERVICE` tells, or undefined: no such command, no login, an answer
 * that is no JSON, or no answer within `timeoutMs`.
 */
export function askKeyring(
  service: string,
  signal?: AbortSignal,
  timeoutMs = 10_000,
  command = "keyring",
): Promise<KeyringLogin | undefined> {
  return new Promise((resolve) => {
    execFile(
      command,
      ["--mode=creds", "--output=json", "get", service],
      {
        timeout: timeoutMs,
        killSignal: "SIGKILL",
        maxBuffer: 65_536,
        windowsHide: true,
        env: { ...process.env, PYTHONIOENCODING: "utf-8" },
        ...(signal ? { signal } : {}),
      },
      (error, stdout) => {
        if (error) return resolve(undefined);
        try {
          const { username, password } = JSON.parse(stdout) as { username?: unknown; password?: unknown };
          const usable = typeof username === "string" && typeof password === "string";
          resolve(usable ? { user: username, password } : undefined);
        } catch {
          resolve(undefined);
        }
      },
    );
  });
}
