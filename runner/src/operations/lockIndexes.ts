// The indexes that a manifest itself names, as its lock has to name them: without the credentials that a person wrote there.
import type { Manifest, ManifestEntry } from "../../../shared/src/manifest/model.ts";
import { DEFAULT_INDEX_URL } from "../../../shared/src/packaging/defaultIndex.ts";
import type { AskedManifest } from "./askedManifest.ts";

/** pip's options that say where packages come from. */
const INDEX_OPTIONS: ReadonlySet<string> = new Set([
  "--index-url",
  "--extra-index-url",
  "--find-links",
  "--no-index",
  "--trusted-host",
]);

/** Lines for a requirements file; none for what pip's own configuration says, since it will be there. */
export function indexOptionsOf({ root }: Pick<AskedManifest, "root">): string[] {
  const options = root.tree.files.flatMap(({ manifest }) => optionsOf(manifest));
  return [...new Set(options)];
}

function optionsOf(manifest: Manifest): string[] {
  if (manifest.kind === "pipfile") return sourceOptions(manifest.entries);
  if (manifest.project) {
    const { uv } = manifest.project;
    const named = uv.indexes.flatMap(({ url, default: isDefault, format }) =>
      url === undefined
        ? []
        : [
            optionFor(
              format === "flat" ? "--find-links" : isDefault ? "--index-url" : "--extra-index-url",
              url.text,
            ),
          ],
    );
    return [
      ...(uv.indexUrl ? [optionFor("--index-url", uv.indexUrl.text)] : []),
      ...named,
      ...uv.extraIndexUrls.map(({ text }) => optionFor("--extra-index-url", text)),
      ...uv.findLinks.map(({ text }) => optionFor("--find-links", text)),
    ];
  }
  return manifest.entries.flatMap((entry) => {
    if (entry.kind !== "option" || !INDEX_OPTIONS.has(entry.option)) return [];
    return [entry.value === undefined ? entry.option : optionFor(entry.option, entry.value.text)];
  });
}

/** As `pipenv requirements` writes them: the first source, then the others. */
function sourceOptions(entries: readonly ManifestEntry[]): string[] {
  const sources = entries.flatMap((entry) => (entry.kind === "source" && entry.url ? [entry] : []));
  const urls = sources.map(({ url }) => url!.text);
  if (urls.length === 1 && isDefaultIndex(urls[0]!)) return [];
  return sources.flatMap(({ url, verifySsl }, index) => [
    optionFor(index === 0 ? "--index-url" : "--extra-index-url", url!.text),
    ...(verifySsl ? [] : trustedHost(url!.text)),
  ]);
}

function isDefaultIndex(url: string): boolean {
  return url.replace(/\/+$/, "") === DEFAULT_INDEX_URL.replace(/\/+$/, "");
}

function trustedHost(url: string): string[] {
  const host = URL.parse(url)?.host;
  return host ? [`--trusted-host ${host}`] : [];
}

function optionFor(option: string, value: string): string {
  return `${option} ${withoutCredentials(value)}`;
}

/** The address without user, password and query, which may hold a token; where those are variables alone they name no secret and stay. */
export function withoutCredentials(address: string): string {
  return address
    .replace(/^([a-z][a-z0-9+.-]*:\/\/)([^/?#]*)@/i, (whole, scheme: string, user: string) =>
      /^(?:\$\{\w+\}|\$\w+)(?::(?:\$\{\w+\}|\$\w+)?)?$/.test(user) ? whole : scheme,
    )
    .replace(/^([a-z][a-z0-9+.-]*:\/\/[^?#]*)\?([^#]*)/i, (whole, address: string, query: string) =>
      query.split("&").every((one) => /^(?:[\w-]+=)?\$\{\w+\}$/.test(one)) ? whole : address,
    );
}
