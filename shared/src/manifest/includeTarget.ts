// Where an include points: its target resolved against the file that names it, as pip resolves it, on URIs.

/** Why a target names no place. */
export interface UnresolvedTarget {
  readonly reason: "variable" | "no-folder";
}

/**
 * Resolves the target of `-r` or `-c` (pip 26, `_parse_and_recurse`): a URL stays, anything else is a path beside the file.
 *
 * @param from the URI of the including file: `file:`, `untitled:`, `http:`, or a scheme of an editor's own.
 */
export function resolveInclude(from: string, target: string): { readonly uri: string } | UnresolvedTarget {
  if (/\$\{[A-Z0-9_]+\}/.test(target)) return { reason: "variable" };
  if (/^https?:/i.test(target)) return { uri: target };
  const base = splitUri(from);
  if (base === undefined) return { reason: "no-folder" };
  if (/^file:/i.test(target)) return resolveFileUrl(base, target);
  if (/^https?$/.test(base.scheme)) return joinUrl(from, target);
  const isWindows = /^\/[a-z](?::|%3a)\//i.test(base.path) || base.authority !== "";
  const drive = /^([a-z]):[\\/](.*)$/is.exec(target);
  if (drive)
    return { uri: `file:///${drive[1]!.toLowerCase()}%3A${normalize(`/${encodePath(slashed(drive[2]!))}`)}` };
  const path = isWindows ? slashed(target) : target;
  const share = isWindows ? /^\/\/([^/]+)(\/.*)$/.exec(path) : null;
  if (share) return { uri: `file://${share[1]}${normalize(encodePath(share[2]!))}` };
  // An untitled file that an editor will save somewhere has that place's folder; others have none.
  if (base.scheme === "untitled" && !base.path.startsWith("/")) return { reason: "no-folder" };
  const scheme = base.scheme === "untitled" ? "file" : base.scheme;
  const folder = path.startsWith("/")
    ? driveOf(base.path)
    : base.path.slice(0, base.path.lastIndexOf("/") + 1);
  return { uri: `${scheme}://${base.authority}${normalize(folder + encodePath(path))}` };
}

/** A URI's spelling by which two names of one file are told to be one. */
export function sameFileKey(uri: string): string {
  const parts = splitUri(uri);
  if (parts === undefined) return uri;
  let path = parts.path;
  try {
    path = decodeURIComponent(path);
  } catch {
    // A stray percent sign names itself.
  }
  if (/^\/[A-Z]:/.test(path)) path = `/${path[1]!.toLowerCase()}${path.slice(2)}`;
  return `${parts.scheme}://${parts.authority}${path}`;
}

interface UriParts {
  readonly scheme: string;
  readonly authority: string;
  readonly path: string;
}

function splitUri(uri: string): UriParts | undefined {
  const match = /^([a-z][a-z0-9+.-]*):(?:\/\/([^/?#]*))?([^?#]*)/i.exec(uri);
  return match ? { scheme: match[1]!.toLowerCase(), authority: match[2] ?? "", path: match[3]! } : undefined;
}

function resolveFileUrl(base: UriParts, target: string): { readonly uri: string } | UnresolvedTarget {
  const rest = target.slice(5);
  const match = /^\/\/([^/]*)(\/.*)?$/s.exec(rest);
  if (match) {
    const authority = match[1] === "localhost" ? "" : match[1]!;
    return { uri: `file://${authority}${normalize(match[2] ?? "/")}` };
  }
  if (rest.startsWith("/")) return { uri: `file://${normalize(rest)}` };
  if (base.scheme !== "file") return { reason: "no-folder" };
  return {
    uri: `file://${base.authority}${normalize(base.path.slice(0, base.path.lastIndexOf("/") + 1) + rest)}`,
  };
}

function joinUrl(from: string, target: string): { readonly uri: string } | UnresolvedTarget {
  try {
    return { uri: new URL(target, from).href };
  } catch {
    return { reason: "no-folder" };
  }
}

function slashed(path: string): string {
  return path.replaceAll("\\", "/");
}

function driveOf(path: string): string {
  return /^\/[a-z](?::|%3a)(?=\/)/i.exec(path)?.[0] ?? "";
}

/** As `encodeURIComponent` in each segment, so that `#`, `?` and `%` in a file's name stay its own. */
function encodePath(path: string): string {
  return path
    .split("/")
    .map((segment) =>
      segment.isWellFormed() ? encodeURIComponent(segment) : encodeURIComponent(segment.toWellFormed()),
    )
    .join("/");
}

/** Takes `.` and `..` out, as `os.path.abspath` does. */
function normalize(path: string): string {
  const segments: string[] = [];
  for (const segment of path.split("/")) {
    if (segment === "..") segments.pop();
    else if (segment !== "." && segment !== "") segments.push(segment);
  }
  return `/${segments.join("/")}`;
}
