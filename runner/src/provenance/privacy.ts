// To whom the name of a package may be told: what is bound to a private index is never sent to a public service.
import { DEFAULT_INDEX_URL } from "../../../shared/src/packaging/defaultIndex.ts";

/** Services that everybody may publish to or read from. */
const PUBLIC_HOSTS = new Set([
  new URL(DEFAULT_INDEX_URL).hostname,
  "test.pypi.org",
  "files.pythonhosted.org",
  "download.pytorch.org",
  "pypi.nvidia.com",
  "www.piwheels.org",
  "pypi.anaconda.org",
]);

/** Whether the index is one that everybody may use. */
export function isPublicIndex(url: string): boolean {
  return PUBLIC_HOSTS.has(URL.parse(url)?.hostname ?? "");
}

/** Whether the address is of this machine or of a network that is not the internet. */
function isInside(url: URL): boolean {
  const host = url.hostname.toLowerCase();
  return (
    url.protocol === "file:" ||
    !host.includes(".") ||
    /\.(?:local|internal|lan|intranet|corp|home\.arpa)$/.test(host) ||
    /^(?:127|10)\.|^192\.168\.|^172\.(?:1[6-9]|2\d|3[01])\.|^\[(?:::1|f[cd])/.test(host)
  );
}

/**
 * Whether the name of a package that is bound to the index `bound` may be told to the index `other`: always where `bound` is
 * public itself; else only within one's own network or domain, and never to the index that is asked for everything else.
 */
export function mayBeTold(bound: string, other: string, isOtherTheDefault: boolean): boolean {
  if (bound === other || isPublicIndex(bound)) return true;
  if (isPublicIndex(other) || isOtherTheDefault) return false;
  const [mine, theirs] = [URL.parse(bound), URL.parse(other)];
  if (!mine || !theirs) return false;
  return isInside(theirs) || domainOf(mine) === domainOf(theirs);
}

function domainOf(url: URL): string {
  return url.hostname.toLowerCase().split(".").slice(-2).join(".");
}
