// `npm start` and `./thoth`: the command line of a clone. Without arguments it checks the example project.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { build, findNode, installPackages, root, say, withNode } from "./bootstrap.js";
import { serveRecordedIndex } from "./recordedIndex.js";

const args = process.argv.slice(2);
installPackages();
const node = findNode();
// `npm start -- ARGS` runs in the clone; paths are meant from where the person stands.
const cwd =
  process.env.npm_lifecycle_event === "start" ? (process.env.INIT_CWD ?? process.cwd()) : process.cwd();

if (args[0] === "--editor") {
  run(node, [join(root, "scripts", "editor.ts"), ...args.slice(1)]);
} else if (args.length > 0 || process.env.npm_lifecycle_event !== "start") {
  run(node, [build(node), ...args]);
} else {
  await checkExample(build(node));
}

/** Hands the terminal over: its signals, its streams, its exit status. @param {string} program @param {string[]} words */
function run(program, words) {
  const child = spawn(program, words, { cwd, stdio: "inherit", env: { ...process.env, ...forChild() } });
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => process.exit(code ?? (signal === "SIGINT" ? 130 : 1)));
}

function forChild() {
  return args[0] === "--editor" ? withNode(node) : {};
}

/** Findings are what the example is for: they are no failure of the command. @param {string} bundle */
async function checkExample(bundle) {
  const example = join(root, "example");
  say("Checking the example project against the indexes that pip is configured for.");
  const options = ["--python", readFileSync(join(example, ".python-version"), "utf8").trim()];
  const probe = await check(bundle, [...options, "--format", "json", "--quiet"], "pipe");
  /** @type {{url: string, recorded: string, close: () => void} | undefined} */
  let recorded;
  if (!anythingKnown(probe.output)) {
    recorded = await serveRecordedIndex(join(example, "index.json.gz"));
    say(
      `No index answers from here. Using the small one recorded beside the example on ${recorded.recorded}.`,
    );
    options.push("--index-url", recorded.url, "--isolated");
  }
  const { status } = await check(bundle, options, "inherit");
  recorded?.close();
  if (status !== 0 && status !== 1 && status !== 3) process.exit(status);
  say("");
  say("Try next:");
  say("  ./thoth explain example/requirements.txt   why it does not resolve, and what would help");
  say("  ./thoth fix example                        what would be changed, as a diff");
  say("  ./thoth validate example/Pipfile           install, import and run it in a sandbox");
  say("  ./thoth --editor example                   the same inside an editor");
}

/** @param {string} bundle @param {string[]} options @param {"pipe" | "inherit"} output @returns {Promise<{status: number, output: string}>} */
function check(bundle, options, output) {
  return new Promise((resolve) => {
    const child = spawn(node, [bundle, "check", "example", ...options], {
      cwd: root,
      stdio: ["ignore", output, output === "pipe" ? "ignore" : "inherit"],
    });
    let text = "";
    child.stdout?.setEncoding("utf8").on("data", (piece) => {
      text += piece;
    });
    child.on("close", (code) => resolve({ status: code ?? 2, output: text }));
  });
}

/** Whether any index answered about any package. @param {string} text */
function anythingKnown(text) {
  try {
    return JSON.parse(text).result.checked !== undefined;
  } catch {
    return false;
  }
}
