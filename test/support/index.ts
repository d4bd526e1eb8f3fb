// A simple index on loopback (PEP 503, 691, 658, 592, 700, 708, 792), made of artifacts that the tests build, with switches for bad behaviour.
import { createHash } from "node:crypto";
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { gzipSync } from "node:zlib";
import type { BuiltArtifact } from "./wheels.ts";

export type { BuiltArtifact } from "./wheels.ts";
export { buildSdist, buildTarGz, buildWheel, metadataText } from "./wheels.ts";

const JSON_TYPE = "application/vnd.pypi.simple.v1+json";

export interface IndexedFile {
  readonly artifact: BuiltArtifact;
  readonly yanked?: boolean | string;
  /** What the page says; the artifact's own Requires-Python is not looked at. */
  readonly requiresPython?: string;
  readonly uploadTime?: string;
  /** False: the page lists no metadata file and none is served. True lists it without its digest. */
  readonly coreMetadata?: boolean;
  /** Listed in place of the true digest. */
  readonly listedSha256?: string;
  /** PEP 740: an address, null for "none"; absent leaves the key out. */
  readonly provenance?: string | null;
}

export interface IndexedProject {
  readonly files: readonly (IndexedFile | BuiltArtifact)[];
  readonly status?: string;
  readonly statusReason?: string;
  /** PEP 708: addresses of the project on other indexes. */
  readonly tracks?: readonly string[];
  readonly alternateLocations?: readonly string[];
}

export interface RecordedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly status: number;
}

export interface IndexOptions {
  /** Serve HTML even where JSON is accepted. */
  readonly html?: boolean;
  /** `max-age=600` by default; null sends no header. */
  readonly cacheControl?: string | null;
  /** Send no ETag. */
  readonly noEtag?: boolean;
  /** Ask for these credentials (Basic). */
  readonly auth?: { readonly user: string; readonly password: string };
  /** Milliseconds before each answer. */
  readonly delay?: number;
  /** Answer every range request with the whole file. */
  readonly noRanges?: boolean;
  /** List no metadata files. */
  readonly noCoreMetadata?: boolean;
  /** Path prefix of the index, `/simple/` by default. */
  readonly prefix?: string;
  /** Host name that the server listens on, `127.0.0.1` by default. */
  readonly host?: string;
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Sees every request first. Returns true when it has answered, or never will. */
  readonly misbehave?: (request: IncomingMessage, response: ServerResponse) => boolean | undefined;
  /** What the list of projects names, in place of the projects. */
  readonly names?: readonly string[];
  /** Changes the JSON page before it is sent. */
  readonly editPage?: (page: Record<string, unknown>, name: string) => unknown;
}

export interface RunningIndex {
  /** `http://127.0.0.1:PORT/simple/` */
  readonly url: string;
  readonly origin: string;
  /** Every request so far, in order of its answer. */
  readonly requests: RecordedRequest[];
  /** The projects, which a test may change while the index runs. */
  readonly projects: Record<string, IndexedProject | readonly (IndexedFile | BuiltArtifact)[]>;
  /** Stops at once, open connections included. */
  close(): Promise<void>;
}

const normalize = (name: string): string => name.replace(/[-_.]+/g, "-").toLowerCase();
const escapeHtml = (text: string): string =>
  text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;");
const sha256 = (data: string | Uint8Array): string => createHash("sha256").update(data).digest("hex");
const asFile = (file: IndexedFile | BuiltArtifact): IndexedFile =>
  "artifact" in file ? file : { artifact: file };
const asProject = (project: IndexedProject | readonly (IndexedFile | BuiltArtifact)[]): IndexedProject =>
  "files" in project ? project : { files: project };

/** The PEP 691 page of a project, as the server sends it before `editPage`. */
function pageOf(name: string, project: IndexedProject, options: IndexOptions): Record<string, unknown> {
  const files = project.files.map(asFile);
  return {
    meta: { "api-version": "1.4", ...(project.tracks ? { tracks: project.tracks } : {}) },
    ...(project.alternateLocations ? { "alternate-locations": project.alternateLocations } : {}),
    ...(project.status
      ? {
          "project-status": {
            status: project.status,
            ...(project.statusReason ? { reason: project.statusReason } : {}),
          },
        }
      : {}),
    name,
    versions: [...new Set(files.map((file) => file.artifact.filename.split("-")[1]))],
    files: files.map((file) => {
      const metadata =
        !options.noCoreMetadata &&
        (file.coreMetadata === undefined
          ? file.artifact.filename.endsWith(".whl") && { sha256: sha256(file.artifact.metadata) }
          : file.coreMetadata);
      return {
        filename: file.artifact.filename,
        url: `/files/${normalize(name)}/${encodeURIComponent(file.artifact.filename)}`,
        hashes: { sha256: file.listedSha256 ?? file.artifact.sha256 },
        size: file.artifact.bytes.length,
        yanked: file.yanked ?? false,
        ...(file.requiresPython ? { "requires-python": file.requiresPython } : {}),
        ...(file.uploadTime ? { "upload-time": file.uploadTime } : {}),
        ...(file.provenance === undefined ? {} : { provenance: file.provenance }),
        ...(metadata ? { "core-metadata": metadata } : {}),
      };
    }),
  };
}

interface ListedFile {
  readonly filename: string;
  readonly url: string;
  readonly hashes?: Readonly<Record<string, string>>;
  readonly yanked?: boolean | string;
  readonly "requires-python"?: string;
  readonly "core-metadata"?: boolean | { readonly sha256: string };
  readonly provenance?: string | null;
}

/** The same page in HTML. */
function htmlOf(page: Record<string, unknown>, project: IndexedProject): string {
  const files = Array.isArray(page.files) ? (page.files as ListedFile[]) : [];
  const anchors = files.map((file) => {
    const hash = file.hashes?.sha256 ? `#sha256=${file.hashes.sha256}` : "";
    const python = file["requires-python"];
    const metadata = file["core-metadata"];
    const attributes = [
      python ? ` data-requires-python="${escapeHtml(python)}"` : "",
      file.yanked ? ` data-yanked="${file.yanked === true ? "" : escapeHtml(file.yanked)}"` : "",
      file.provenance ? ` data-provenance="${escapeHtml(file.provenance)}"` : "",
      metadata ? ` data-core-metadata="${metadata === true ? "true" : `sha256=${metadata.sha256}`}"` : "",
    ].join("");
    return `<a href="${escapeHtml(file.url + hash)}"${attributes}>${escapeHtml(file.filename)}</a><br/>`;
  });
  const status = project.status
    ? `<meta name="pypi:project-status" content="${escapeHtml(project.status)}">` +
      (project.statusReason
        ? `<meta name="pypi:project-status-reason" content="${escapeHtml(project.statusReason)}">`
        : "")
    : "";
  const places = [
    ...(project.tracks ?? []).map((url) => ["tracks", url]),
    ...(project.alternateLocations ?? []).map((url) => ["alternate-locations", url]),
  ].map(([key, url]) => `<meta name="pypi:${key}" content="${escapeHtml(url!)}">`);
  return `<!DOCTYPE html><html><head><meta name="pypi:repository-version" content="1.4">${status}${places.join("")}</head><body>\n${anchors.join("\n")}\n</body></html>\n`;
}

/** Sends a file or its metadata, whole or the range that is asked for. */
function sendBytes(
  request: IncomingMessage,
  response: ServerResponse,
  bytes: Uint8Array,
  ranges: boolean,
): void {
  const headers = {
    "content-type": "application/octet-stream",
    "cache-control": "max-age=365000000, immutable, public",
    etag: `"${sha256(bytes).slice(0, 20)}"`,
    ...(ranges ? { "accept-ranges": "bytes" } : {}),
  };
  const range = ranges ? /^bytes=(\d*)-(\d*)$/.exec(request.headers.range ?? "") : null;
  if (!range) {
    response.writeHead(200, { ...headers, "content-length": bytes.length });
    response.end(request.method === "HEAD" ? undefined : bytes);
    return;
  }
  const [first = "", last = ""] = [range[1], range[2]];
  const start = first === "" ? Math.max(0, bytes.length - Number(last)) : Number(first);
  const end =
    first !== "" && last !== "" ? Math.min(Number(last), bytes.length - 1) : Math.max(bytes.length - 1, 0);
  if (start >= bytes.length) {
    response.writeHead(416, { "content-range": `bytes */${bytes.length}` }).end();
    return;
  }
  const part = bytes.subarray(start, end + 1);
  response.writeHead(206, {
    ...headers,
    "content-range": `bytes ${start}-${end}/${bytes.length}`,
    "content-length": part.length,
  });
  response.end(request.method === "HEAD" ? undefined : part);
}

function sendPage(
  request: IncomingMessage,
  response: ServerResponse,
  name: string,
  project: IndexedProject,
  options: IndexOptions,
): void {
  const plain = pageOf(name, project, options);
  const page = options.editPage ? options.editPage(plain, name) : plain;
  const json = !options.html && /vnd\.pypi\.simple\.v1\+json|\*\/\*/.test(request.headers.accept ?? "*/*");
  const body = json ? JSON.stringify(page) : htmlOf(page as Record<string, unknown>, project);
  const etag = `"${sha256(body).slice(0, 20)}"`;
  const headers: Record<string, string> = {
    "content-type": json ? JSON_TYPE : "text/html; charset=utf-8",
    vary: "Accept, Accept-Encoding",
    ...(options.cacheControl === null ? {} : { "cache-control": options.cacheControl ?? "max-age=600" }),
    ...(options.noEtag ? {} : { etag }),
  };
  if (!options.noEtag && request.headers["if-none-match"] === etag) {
    response.writeHead(304, headers).end();
    return;
  }
  const zipped = /\bgzip\b/.test(request.headers["accept-encoding"] ?? "");
  const data = zipped ? gzipSync(body) : Buffer.from(body);
  if (zipped) headers["content-encoding"] = "gzip";
  response.writeHead(200, { ...headers, "content-length": data.length });
  response.end(request.method === "HEAD" ? undefined : data);
}

/** The list of projects (PEP 503, 691). */
function sendRoot(
  request: IncomingMessage,
  response: ServerResponse,
  names: readonly string[],
  options: IndexOptions,
): void {
  const json = !options.html && /vnd\.pypi\.simple\.v1\+json/.test(request.headers.accept ?? "");
  const links = (): string =>
    names.map((name) => `<a href="${normalize(name)}/">${escapeHtml(name)}</a><br>`).join("\n");
  const body = json
    ? JSON.stringify({ meta: { "api-version": "1.4" }, projects: names.map((name) => ({ name })) })
    : `<!DOCTYPE html><html><head><title>Simple</title></head><body>\n${links()}\n</body></html>`;
  const zipped = /\bgzip\b/.test(request.headers["accept-encoding"] ?? "");
  const data = zipped ? gzipSync(body) : Buffer.from(body);
  response.writeHead(200, {
    "content-type": json ? JSON_TYPE : "text/html; charset=utf-8",
    "content-length": data.length,
    ...(zipped ? { "content-encoding": "gzip" } : {}),
  });
  response.end(data);
}

function answer(
  request: IncomingMessage,
  response: ServerResponse,
  projects: RunningIndex["projects"],
  options: IndexOptions,
): void {
  if (options.misbehave?.(request, response)) return;
  if (options.auth) {
    const wanted = `Basic ${Buffer.from(`${options.auth.user}:${options.auth.password}`).toString("base64")}`;
    if (request.headers.authorization !== wanted) {
      response.writeHead(401, { "www-authenticate": 'Basic realm="tests"' }).end("sign in\n");
      return;
    }
  }
  const path = new URL(request.url ?? "/", "http://loopback").pathname;
  const prefix = options.prefix ?? "/simple/";
  const absent = (): unknown =>
    response.writeHead(404, { "content-type": "text/plain" }).end("no such thing here\n");
  if (path === prefix) {
    sendRoot(request, response, options.names ?? Object.keys(projects), options);
    return;
  }
  if (path.startsWith(prefix)) {
    const asked = decodeURIComponent(path.slice(prefix.length)).replace(/\/$/, "");
    const name = normalize(asked);
    if (name !== asked || !path.endsWith("/")) {
      response.writeHead(301, { location: `${prefix}${name}/` }).end();
      return;
    }
    const found = Object.entries(projects).find(([key]) => normalize(key) === name);
    if (found) sendPage(request, response, found[0], asProject(found[1]), options);
    else absent();
    return;
  }
  const file = /^\/files\/([^/]+)\/([^/]+)$/.exec(path);
  if (!file) {
    absent();
    return;
  }
  const filename = decodeURIComponent(file[2] ?? "");
  const files = Object.entries(projects)
    .filter(([key]) => normalize(key) === file[1])
    .flatMap(([, project]) => asProject(project).files.map(asFile));
  const exact = files.find((each) => each.artifact.filename === filename);
  const owner = files.find((each) => `${each.artifact.filename}.metadata` === filename);
  if (exact) sendBytes(request, response, exact.artifact.bytes, !options.noRanges);
  else if (owner && owner.coreMetadata !== false && !options.noCoreMetadata)
    sendBytes(request, response, Buffer.from(owner.artifact.metadata), !options.noRanges);
  else absent();
}

/**
 * Starts an index on a free loopback port. `projects` maps names to their files. Close it in `after` or `afterEach`.
 * It is also what `misbehave` makes of it: see `test/hostile`.
 */
export async function startIndex(
  projects: RunningIndex["projects"] = {},
  options: IndexOptions = {},
): Promise<RunningIndex> {
  const requests: RecordedRequest[] = [];
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    response.on("close", () => {
      const { method = "GET", url: path = "/", headers } = request;
      requests.push({ method, path, headers, status: response.statusCode });
    });
    if (options.delay) await new Promise((wake) => setTimeout(wake, options.delay));
    if (!response.destroyed) answer(request, response, projects, options);
  };
  const server: Server = options.tls
    ? createHttpsServer({ key: options.tls.key, cert: options.tls.cert }, handle)
    : createHttpServer(handle);
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket)).on("error", () => {});
  });
  const host = options.host ?? "127.0.0.1";
  await new Promise<void>((ready) => server.listen(0, host, ready));
  const { port } = server.address() as AddressInfo;
  const origin = `${options.tls ? "https" : "http"}://${host}:${port}`;
  return {
    url: `${origin}${options.prefix ?? "/simple/"}`,
    origin,
    requests,
    projects,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
        for (const socket of sockets) socket.destroy();
      }),
  };
}
