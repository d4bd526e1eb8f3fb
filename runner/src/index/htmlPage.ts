// Reads a page of links in HTML (PEP 503, 592, 629, 658, 708, 714, 740, 792): a project's page, or a find-links page.
import { Parser } from "htmlparser2";
import { checkApiVersion, summarise } from "./jsonPage.ts";
import type { DraftFile, PageDraft } from "./pageBody.ts";
import { LinkReader, otherLocations, provenanceAddress } from "./pageLinks.ts";

interface Anchors {
  readonly base: string | undefined;
  readonly metas: ReadonlyMap<string, string>;
  /** PEP 708, of which a page may have several each. */
  readonly tracks: readonly string[];
  readonly alternates: readonly string[];
  readonly anchors: readonly Readonly<Record<string, string>>[];
}

/** Every anchor's attributes, the first base and the meta elements of PyPI's names. */
function collect(html: string): Anchors {
  let base: string | undefined;
  const metas = new Map<string, string>();
  const anchors: Record<string, string>[] = [];
  const tracks: string[] = [];
  const alternates: string[] = [];
  const parser = new Parser({
    onopentag(tag, attributes) {
      if (tag === "a" && attributes.href !== undefined) anchors.push(attributes);
      else if (tag === "base" && attributes.href !== undefined) base ??= attributes.href;
      else if (tag === "meta" && attributes.name?.startsWith("pypi:")) {
        const { name, content = "" } = attributes;
        if (name === "pypi:tracks") tracks.push(content);
        else if (name === "pypi:alternate-locations") alternates.push(content);
        else if (!metas.has(name)) metas.set(name, content);
      }
    },
  });
  parser.end(html);
  return { base, metas, tracks, alternates, anchors };
}

/** `sha256=…` of a fragment or an attribute. */
function readDigest(text: string): { algorithm: string; digest: string } | undefined {
  const found = /(?:^|&)(sha256|sha384|sha512|sha224|sha1|md5|blake2b)=([0-9a-f]+)(?:&|$)/i.exec(text);
  return found?.[1] && found[2]
    ? { algorithm: found[1].toLowerCase(), digest: found[2].toLowerCase() }
    : undefined;
}

function readAnchor(
  anchor: Readonly<Record<string, string>>,
  links: LinkReader,
  page: URL,
): DraftFile | undefined {
  const resolved = links.resolve((anchor.href ?? "").trim());
  if (!resolved) return undefined;
  const filename = links.filenameOf(resolved.url);
  // A page has links to elsewhere: only what looks like an archive is one.
  if (filename === "" || !links.accepts(filename)) return undefined;
  const digest = readDigest(resolved.fragment);
  const metadata = anchor["data-core-metadata"] ?? anchor["data-dist-info-metadata"];
  const yanked = anchor["data-yanked"];
  const requiresPython = anchor["data-requires-python"];
  const provenance = anchor["data-provenance"];
  const metadataDigest = metadata === undefined ? undefined : readDigest(metadata);
  return {
    filename,
    url: resolved.url,
    ...(digest?.algorithm === "sha256" && digest.digest.length === 64 ? { sha256: digest.digest } : {}),
    ...(digest && digest.algorithm !== "sha256"
      ? { otherHashes: { [digest.algorithm]: digest.digest } }
      : {}),
    ...(requiresPython ? { requiresPython } : {}),
    ...(yanked === undefined ? {} : { yanked: yanked === "" ? (true as const) : yanked }),
    ...(metadata === undefined || metadata === "false"
      ? {}
      : { coreMetadata: metadataDigest?.algorithm === "sha256" ? metadataDigest.digest : (true as const) }),
    ...(provenance ? { provenance: provenanceAddress(provenance, page) } : {}),
  };
}

/**
 * The links of `html`, fetched from `url`. With `name` (PEP 503 form) those of this project, else every archive. A
 * base element counts only where it is of the page's own kind of address. Throws IndexError for a newer major version.
 */
export function readHtmlPage(html: string, url: URL, name: string | undefined): PageDraft {
  const { base, metas, tracks, alternates, anchors } = collect(html);
  checkApiVersion(metas.get("pypi:repository-version"), url);
  const stated = base === undefined ? undefined : URL.parse(base, url.href);
  const remote = url.protocol !== "file:";
  const usable = stated && (/^https?:$/.test(stated.protocol) || (!remote && stated.protocol === "file:"));
  const links = new LinkReader(usable ? stated : url, name);
  const files: DraftFile[] = [];
  for (const anchor of anchors) {
    const file = readAnchor(anchor, links, url);
    if (file) files.push(file);
  }
  const status = metas.get("pypi:project-status");
  const statusReason = metas.get("pypi:project-status-reason");
  return {
    displayName: name ?? "",
    ...(status && status !== "active" ? { status } : {}),
    ...(statusReason ? { statusReason } : {}),
    ...(tracks.length > 0 ? { tracks: otherLocations(tracks) } : {}),
    ...(alternates.length > 0 ? { alternateLocations: otherLocations(alternates) } : {}),
    files,
    problems: summarise(links),
  };
}
