// A small index on loopback with the projects of the journeys, and the settings that make their answers the same on every machine.
import { buildWheel, type IndexOptions, type RunningIndex, startIndex } from "../support/index.ts";
import { Workbench } from "./workbench.ts";

const wheel = (name: string, version: string, more: Partial<Parameters<typeof buildWheel>[0]> = {}) =>
  buildWheel({ name, version, ...more });

/** flask has a yanked release and newer ones; brittle cannot be imported; slowpoke takes its time to be. */
const PROJECTS: RunningIndex["projects"] = {
  flask: [
    { artifact: wheel("flask", "2.2.3"), uploadTime: "2023-02-15T22:43:57Z" },
    { artifact: wheel("flask", "2.2.5"), yanked: "broken wheel", uploadTime: "2023-05-02T14:42:36Z" },
    {
      artifact: wheel("flask", "3.1.3", { requires: ["werkzeug>=3.0"], summary: "A small web framework" }),
      uploadTime: "2026-02-10T12:00:00Z",
    },
    { artifact: wheel("flask", "4.0.0", { requiresPython: ">=3.99" }), requiresPython: ">=3.99" },
  ],
  werkzeug: [wheel("werkzeug", "3.0.0"), wheel("werkzeug", "3.1.0")],
  brittle: [
    wheel("brittle", "1.0", { modules: { brittle: 'raise ImportError("brittle needs a newer glue")' } }),
  ],
  slowpoke: [
    wheel("slowpoke", "1.0", { modules: { slowpoke: "import time\nwhile True:\n    time.sleep(0.05)\n" } }),
  ],
};

/** The index of the journeys. */
export function startStackIndex(options: IndexOptions = {}): Promise<RunningIndex> {
  return startIndex({ ...PROJECTS }, options);
}

/** Settings that take the machine out of the answers. */
export const SETTLED = { "thoth.environment.pythonVersion": "3.11" } as const;

/** The environment of a workbench that asks this index and no other. */
export function askingOnly(index: Pick<RunningIndex, "url">): Record<string, string | undefined> {
  return {
    PIP_CONFIG_FILE: "/dev/null",
    THOTH_TRUST_REPOSITORY: "off",
    PIP_INDEX_URL: index.url,
    PIP_EXTRA_INDEX_URL: undefined,
    PIP_FIND_LINKS: undefined,
    PIP_NO_INDEX: undefined,
    UV_FIND_LINKS: undefined,
    UV_INDEX_URL: undefined,
    UV_DEFAULT_INDEX: index.url,
    http_proxy: undefined,
    https_proxy: undefined,
    HTTP_PROXY: undefined,
    HTTPS_PROXY: undefined,
  };
}

export interface StackJourneys {
  /** The index that runs for the test at hand. */
  readonly index: RunningIndex;
  /** A workbench on one requirements file that asks this index and no other. */
  open(text: string, more?: Partial<Parameters<typeof Workbench.open>[0]>): Promise<Workbench>;
}

/** Gives the `describe` that calls it the index of the journeys: one for all its tests, or one for each. */
export function onStackIndex(lives: "for all" | "for each" = "for all"): StackJourneys {
  let running: RunningIndex;
  const [start, end] = lives === "for all" ? [before, after] : [beforeEach, afterEach];
  start(async () => {
    running = await startStackIndex();
  });
  end(() => running.close());
  return {
    get index() {
      return running;
    },
    open: (text, more = {}) =>
      Workbench.open({
        files: { "requirements.txt": text },
        open: "requirements.txt",
        environment: askingOnly(running),
        settings: SETTLED,
        ...more,
      }),
  };
}
