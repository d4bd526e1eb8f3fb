// Serves the small index that was recorded beside the example, on loopback, for a machine that no index answers to.
// Plain JavaScript without dependencies: it runs beside the command line of a clone.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { gunzipSync } from "node:zlib";

/**
 * Starts serving `file`; pages as PEP 691 says, core metadata as PEP 714 says, no artifacts.
 * @param {string} file
 * @returns {Promise<{url: string, recorded: string, close: () => void}>}
 */
export async function serveRecordedIndex(file) {
  const { recorded, projects } = JSON.parse(gunzipSync(readFileSync(file)).toString("utf8"));
  const server = createServer((request, response) => {
    const [, kind, name = "", last = ""] = (request.url ?? "").split("/");
    const project = Object.hasOwn(projects, name) ? projects[name] : undefined;
    if (kind === "simple" && project) {
      response.setHeader("content-type", "application/vnd.pypi.simple.v1+json");
      response.end(JSON.stringify(project.page));
    } else if (kind === "files" && project && Object.hasOwn(project.metadata, last)) {
      response.setHeader("content-type", "text/plain; charset=utf-8");
      response.end(project.metadata[last]);
    } else {
      response.statusCode = 404;
      response.end();
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/simple/`,
    recorded,
    close: () => server.closeAllConnections() ?? server.close(),
  };
}
