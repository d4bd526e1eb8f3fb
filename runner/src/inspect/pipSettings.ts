// pip's own configuration, told to uv, which does not read it.
import { homedir } from "node:os";
import { readMachineConfiguration } from "../index/index.ts";
import type { InspectionIndexes } from "./model.ts";

export interface ToldSettings {
  readonly indexes: InspectionIndexes;
  /** Variables for the tool: certificates, proxy, hosts that are trusted without one. */
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Joins what the manifest and the person say with what pip is configured for. As in pip, an index that the manifest names
 * stands in place of all configured ones. Values keep their credentials: they go into a file of the tool's own, never a log.
 */
export function withPipConfiguration(
  given: InspectionIndexes,
  env: Readonly<Record<string, string | undefined>>,
  cwd: string,
): ToldSettings {
  if (given.usePipConfiguration === false) return { indexes: given, env: trusting(given.trustedHosts ?? []) };
  const home = env.HOME ?? homedir();
  const { values } = readMachineConfiguration({ env, platform: process.platform, home, cwd });
  const one = (key: string): string | undefined => values.get(key)?.value.trim() || undefined;
  const many = (key: string): string[] => one(key)?.split(/\s+/) ?? [];
  const on = (key: string): boolean => /^(?:1|true|yes|on|y|t)$/i.test(one(key) ?? "");
  const indexUrl = given.indexUrl ?? one("index-url");
  const extra = [
    ...(given.indexUrl === undefined ? many("extra-index-url") : []),
    ...(given.extraIndexUrls ?? []),
  ];
  const trusted = [...many("trusted-host"), ...(given.trustedHosts ?? [])];
  const cert = one("cert");
  const proxy = one("proxy");
  return {
    indexes: {
      ...(indexUrl === undefined ? {} : { indexUrl }),
      extraIndexUrls: extra,
      findLinks: [...many("find-links"), ...(given.findLinks ?? [])],
      noIndex: given.noIndex === true || on("no-index"),
      pre: given.pre === true || on("pre"),
    },
    env: {
      ...trusting(trusted),
      ...(cert ? { SSL_CERT_FILE: cert } : {}),
      ...(proxy ? { ALL_PROXY: proxy } : {}),
    },
  };
}

function trusting(hosts: readonly string[]): Record<string, string> {
  return hosts.length > 0 ? { UV_INSECURE_HOST: hosts.join(" ") } : {};
}
