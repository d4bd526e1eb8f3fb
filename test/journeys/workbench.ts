// The page object of the real workbench: every selector and every gesture that the journeys use, and nothing of what they expect.
import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import {
  type Browser,
  type BrowserContext,
  chromium,
  type FrameLocator,
  type Locator,
  type Page,
} from "playwright-core";
import { packedExtension } from "../../scripts/package.ts";
import {
  CACHE,
  findChromium,
  installWorkbench,
  type RunningServer,
  startWorkbench,
  unpackExtension,
} from "../../scripts/workbench.ts";
import { NETRC, searchText } from "./canaries.ts";

/** Milliseconds that any one thing may take to appear; generous, since two cores may be shared with a build. */
const PATIENCE = 45_000;

/** Milliseconds after which a gesture that showed nothing is made again: lines move while lenses and hints arrive. */
const ATTEMPT = 4_000;

const SELECTORS = {
  workbench: ".monaco-workbench",
  editor: ".editor-instance .monaco-editor",
  group: ".editor-group-container",
  line: ".editor-group-container.active .view-lines .view-line",
  hover: ".monaco-hover:visible",
  squiggle: (severity: string) => `.squiggly-${severity}`,
  fixRow: ".action-widget .monaco-list-row",
  quickInput: ".quick-input-widget:visible input",
  quickWidget: ".quick-input-widget:visible",
  quickRow: ".quick-input-list .monaco-list-row",
  suggestion: ".suggest-widget.visible .monaco-list-row",
  toast: ".notification-list-item",
  toastMessage: ".notification-list-item-message",
  toastButton: ".notification-list-item .monaco-button",
  languageMode: "#status\\.editor\\.mode",
  cursor: "#status\\.editor\\.selection",
  languageStatus: "#status\\.languageStatus",
  languageStatusRow: ".hover-language-status",
  lens: ".codelens-decoration",
  problemRow: ".markers-panel .monaco-list-row",
  breadcrumb: ".editor-group-container.active .monaco-breadcrumb-item",
  activeTab: ".editor-group-container.active .tab.active",
} as const;

const CHROMIUM_ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Files by path, relative to the folder they are in. */
export type Files = Readonly<Record<string, string>>;

export interface WorkbenchOptions {
  /** The workspace's files. With `roots`, the first path segment is the root. */
  readonly files: Files;
  /** Opened in the first editor. */
  readonly open?: string;
  /** Several folders in one workspace. */
  readonly roots?: readonly string[];
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly trusted?: boolean;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Other extensions: folder name → files. */
  readonly rivals?: Readonly<Record<string, Files>>;
  /** A folder for the knowledge and other data; shared by windows that are given the same. */
  readonly dataFolder?: string;
  readonly viewport?: { readonly width: number; readonly height: number };
}

const IN_PAGE = readFileSync(new URL("inPage.js", import.meta.url), "utf8").replaceAll(/^export /gm, "");

let browser: Promise<Browser> | undefined;
const opened = new Set<Workbench>();

/** Every workbench that is open now, for the hooks. */
export function openWorkbenches(): readonly Workbench[] {
  return [...opened];
}

/** Ends the browser that all journeys share. */
export async function closeBrowser(): Promise<void> {
  const running = await browser?.catch(() => undefined);
  browser = undefined;
  await running?.close();
}

async function sharedBrowser(): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error("No Chromium on the PATH. Install the package chromium.");
  browser ??= chromium.launch({ executablePath, args: CHROMIUM_ARGUMENTS });
  return browser;
}

/** The text as it is drawn, line by line, with plain spaces. */
export async function drawnText(place: Locator): Promise<string> {
  const text = await place.evaluate((element) => Reflect.get(element, "innerText") as string);
  searchText("a text that a journey has read", text);
  return text.replaceAll("\u00a0", " ");
}

/** Writes files below a folder. */
export async function writeFiles(folder: string, files: Files): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
}

/** One window on one code-server with a profile, an extensions folder and a data folder of its own. */
export class Workbench {
  readonly page: Page;
  /** The workspace's folder, or the folder of its roots. */
  readonly folder: string;
  /** The folder of everything that is this window's own. */
  readonly home: string;
  /** Where the knowledge and other data are. */
  readonly dataFolder: string;
  readonly #server: RunningServer;
  readonly #context: BrowserContext;
  /** Where the cursor was put last by a click, for gestures that are made again. */
  #cursor: { readonly text: string; readonly line: number } | undefined;

  private constructor(
    page: Page,
    context: BrowserContext,
    server: RunningServer,
    home: string,
    dataFolder: string,
  ) {
    this.dataFolder = dataFolder;
    this.page = page;
    this.#context = context;
    this.#server = server;
    this.home = home;
    this.folder = join(home, "workspace");
  }

  /** Opens a window on a fresh profile with the packed extension installed. */
  static async open(options: WorkbenchOptions): Promise<Workbench> {
    const entry = await installWorkbench((line) => process.stderr.write(`${line}\n`));
    const home = await mkdtemp(join(tmpdir(), "thoth-journey-"));
    const folder = join(home, "workspace");
    await writeFiles(folder, options.files);
    await writeFiles(join(home, "home"), { ".netrc": NETRC });
    for (const [name, files] of Object.entries(options.rivals ?? {})) {
      await writeFiles(join(home, "extensions", name), files);
    }
    await unpackExtension(await packedExtension(), join(home, "extensions"));
    const data = options.dataFolder ?? join(home, "data");
    const server = await startWorkbench({
      entry,
      profile: home,
      settings: { "editor.hover.delay": 100, "files.autoSave": "off", ...options.settings },
      trusted: options.trusted ?? true,
      environment: {
        HOME: join(home, "home"),
        XDG_DATA_HOME: data,
        XDG_CACHE_HOME: join(home, "cache"),
        XDG_CONFIG_HOME: join(home, "config"),
        VIRTUAL_ENV: undefined,
        EXTENSIONS_GALLERY: "{}",
        ...options.environment,
      },
    });
    try {
      const context = await (await sharedBrowser()).newContext({
        viewport: options.viewport ?? { width: 1280, height: 800 },
      });
      context.setDefaultTimeout(PATIENCE);
      await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: server.address });
      // Nothing outside this machine is asked for, whatever the workbench would like.
      await context.route(
        (url) => url.hostname !== "127.0.0.1",
        (route) => route.abort(),
      );
      const workbench = new Workbench(await context.newPage(), context, server, home, data);
      opened.add(workbench);
      await workbench.#load(options);
      return workbench;
    } catch (problem) {
      if (opened.size === 0) await server.stop();
      throw problem;
    }
  }

  async #load({ open, roots }: WorkbenchOptions): Promise<void> {
    const query = new URLSearchParams();
    if (roots === undefined) {
      query.set("folder", this.folder);
    } else {
      const file = join(this.folder, "journey.code-workspace");
      await writeFile(file, JSON.stringify({ folders: roots.map((path) => ({ path })) }));
      query.set("workspace", file);
    }
    if (open !== undefined) {
      const path = pathToFileURL(join(this.folder, open)).pathname;
      query.set(
        "payload",
        JSON.stringify([["openFile", `vscode-remote://127.0.0.1:${this.#server.port}${path}`]]),
      );
    }
    await this.page.goto(`${this.#server.address}/?${query}`, { waitUntil: "commit", timeout: PATIENCE });
    await this.page.waitForSelector(SELECTORS.workbench);
    if (open !== undefined) await this.page.waitForSelector(SELECTORS.line);
  }

  // ---- what is seen ----

  line(number: number): Locator {
    return this.page.locator(SELECTORS.line).nth(number - 1);
  }

  /** The lines that are drawn, top to bottom, decorations such as inlay hints included. */
  async lines(): Promise<string[]> {
    return this.#inPage<string[]>("drawnLines", SELECTORS.line);
  }

  /** Runs a function of inPage.js in the page: its whole source goes there, since it leans on its neighbours. */
  #inPage<Answer>(name: string, argument: unknown): Promise<Answer> {
    return this.page.evaluate(`(() => { ${IN_PAGE}; return ${name}(${JSON.stringify(argument)}); })()`);
  }

  async languageMode(): Promise<string> {
    return ((await this.page.locator(SELECTORS.languageMode).textContent()) ?? "").trim();
  }

  /** Waits until the status bar names this language. */
  async untilLanguageMode(name: string): Promise<void> {
    await this.page.locator(SELECTORS.languageMode).filter({ hasText: name }).waitFor();
  }

  hover(): Locator {
    return this.page.locator(SELECTORS.hover).filter({ hasText: /\S/ }).first();
  }

  squiggles(severity: "error" | "warning" | "info" | "hint"): Locator {
    return this.page.locator(SELECTORS.squiggle(severity));
  }

  suggestions(): Locator {
    return this.page.locator(SELECTORS.suggestion);
  }

  fixes(): Locator {
    return this.page.locator(SELECTORS.fixRow);
  }

  lenses(): Locator {
    return this.page.locator(SELECTORS.lens);
  }

  toasts(): Locator {
    return this.page.locator(SELECTORS.toastMessage);
  }

  toastButton(title: string): Locator {
    return this.page.locator(SELECTORS.toastButton).filter({ hasText: title });
  }

  /** Waits until so many squiggles are drawn. */
  async untilSquiggles(severity: "error" | "warning", count: number): Promise<void> {
    await this.#until(
      () => this.squiggles(severity).count(),
      (found) => found === count,
      `${count} squiggles of severity ${severity}`,
    );
  }

  /** Waits until the lens says how the stack stands, and of nothing that it is still being asked. */
  async untilSettled(): Promise<void> {
    const lens = this.lenses().filter({ hasText: /package/ });
    await lens
      .filter({ hasNotText: /checking|resolving/ })
      .first()
      .waitFor();
  }

  /** The rows of the language status once they match: they are of the moment at which the mouse comes to its braces. */
  async untilLanguageStatus(expected: RegExp): Promise<string> {
    const rows = this.page.locator(SELECTORS.languageStatusRow);
    return this.#until(
      async () => {
        await this.page.mouse.move(5, 5);
        await this.page.locator(SELECTORS.languageStatus).hover();
        if ((await this.#ifShown(rows.first())) === undefined) return "";
        return (await rows.allInnerTexts()).join("\n");
      },
      (words) => expected.test(words),
      `a language status that matches ${expected}`,
    );
  }

  /** Looks until what is seen is what is waited for. */
  async #until<Seen>(look: () => Promise<Seen>, isIt: (seen: Seen) => boolean, what: string): Promise<Seen> {
    const end = Date.now() + PATIENCE;
    for (;;) {
      const seen = await look();
      if (isIt(seen)) return seen;
      if (Date.now() > end) throw new Error(`There never was ${what}; last: ${String(seen)}`);
    }
  }

  /** The rows of the Problems panel, which it opens. */
  async problems(): Promise<Locator> {
    const panel = this.page.locator(".markers-panel");
    if (!(await panel.isVisible())) await this.command("Problems: Focus on Problems View");
    return this.page.locator(SELECTORS.problemRow);
  }

  // ---- gestures ----

  async #placeOf(text: string, line: number): Promise<{ x: number; y: number }> {
    const place = await this.#inPage<{ x: number; y: number } | null>("placeOnLine", {
      selector: SELECTORS.line,
      wanted: text,
      line,
    });
    if (place === null) throw new Error(`"${text}" is not drawn on line ${line}: ${await this.lines()}`);
    return place;
  }

  /** Rests the mouse on a text; undefined when no hover comes of it, as when the lines have just moved. */
  async #hoverByMouse(text: string, line: number): Promise<Locator | undefined> {
    const { x, y } = await this.#placeOf(text, line);
    await this.page.mouse.move(x + 60, y + 160);
    await this.page.mouse.move(x, y, { steps: 4 });
    return this.#ifShown(this.hover());
  }

  /** Puts the cursor on a text and asks for its hover by the keyboard. */
  async #hoverByKeyboard(text: string, line: number): Promise<Locator | undefined> {
    await this.putCursorOn(text, line);
    await this.page.keyboard.press("Control+K");
    await this.page.keyboard.press("Control+I");
    return this.#ifShown(this.hover());
  }

  /** The place once it is drawn, or undefined when a gesture had no effect and is to be made again. */
  async #ifShown(place: Locator): Promise<Locator | undefined> {
    return place.waitFor({ timeout: ATTEMPT }).then(
      () => place,
      () => undefined,
    );
  }

  /** Clicks on a text until the cursor is on its line: a lens that arrives moves the lines under the mouse. */
  async putCursorOn(text: string, line = 1): Promise<void> {
    const shown = this.page.locator(SELECTORS.cursor).filter({ hasText: new RegExp(`^Ln ${line},`) });
    const end = Date.now() + PATIENCE;
    for (;;) {
      // A hover may lie over the line, and would take the click.
      if (await this.hover().first().isVisible()) await this.page.keyboard.press("Escape");
      const { x, y } = await this.#placeOf(text, line);
      await this.page.mouse.click(x, y);
      if ((await this.#ifShown(shown)) !== undefined) break;
      if (Date.now() > end) throw new Error(`The cursor never came to line ${line}.`);
    }
    this.#cursor = { text, line };
  }

  async putCursorAtEnd(line: number): Promise<void> {
    this.#cursor = undefined;
    await this.page.keyboard.press("Control+G");
    const input = this.page.locator(SELECTORS.quickInput);
    await input.waitFor();
    await input.fill(`:${line}`);
    await this.page.keyboard.press("Enter");
    await input.waitFor({ state: "hidden" });
    await this.page.keyboard.press("End");
  }

  async type(text: string): Promise<void> {
    this.#cursor = undefined;
    await this.page.keyboard.type(text, { delay: 15 });
  }

  /** The quick-fix menu of what the cursor is on: the titles that it shows. */
  async openFixes(): Promise<string[]> {
    const end = Date.now() + PATIENCE;
    for (;;) {
      await this.page.keyboard.press("Control+.");
      if ((await this.#ifShown(this.fixes().first())) !== undefined) break;
      if (Date.now() > end) throw new Error("No quick fix was ever shown.");
      await this.page.keyboard.press("Escape");
      if (this.#cursor !== undefined) await this.putCursorOn(this.#cursor.text, this.#cursor.line);
    }
    return this.fixTitles();
  }

  /** The titles in the menu that is open. */
  async fixTitles(): Promise<string[]> {
    return (await this.fixes().allTextContents()).map((text) => text.replaceAll("\u00a0", " ").trim());
  }

  /** Opens the quick-fix menu until it offers a fix, which is when its proof is there; gives the whole title. */
  async untilFix(title: RegExp): Promise<string> {
    const end = Date.now() + PATIENCE;
    for (;;) {
      const titles = await this.openFixes();
      const found = titles.find((each) => title.test(each));
      if (found !== undefined) return found;
      if (Date.now() > end) throw new Error(`No quick fix ${title} among: ${titles.join(" | ")}`);
      await this.page.keyboard.press("Escape");
    }
  }

  async chooseFix(title: string | RegExp): Promise<void> {
    await this.fixes().filter({ hasText: title }).first().click();
  }

  /** Rows of the palette for a query, as they are drawn. */
  async paletteRows(query: string): Promise<string[]> {
    await this.page.keyboard.press("F1");
    const input = this.page.locator(SELECTORS.quickInput);
    await input.waitFor();
    await input.fill(`>${query}`);
    await this.page.locator(SELECTORS.quickRow).first().waitFor();
    const rows = await this.page
      .locator(`${SELECTORS.quickRow} .quick-input-list-label .label-name`)
      .allTextContents();
    await this.page.keyboard.press("Escape");
    await input.waitFor({ state: "hidden" });
    return rows.map((row) => row.replaceAll("\u00a0", " ").trim());
  }

  /** Opens the palette until it has a row; what decides it, a context of the extension, comes when it comes. */
  async untilPaletteHas(title: string): Promise<void> {
    const end = Date.now() + PATIENCE;
    while (!(await this.paletteRows(title)).includes(title)) {
      if (Date.now() > end) throw new Error(`The palette never had "${title}".`);
    }
  }

  /** Runs the command whose palette row is exactly this title. */
  async command(title: string): Promise<void> {
    const input = this.page.locator(SELECTORS.quickInput);
    const row = this.page
      .locator(SELECTORS.quickRow)
      .filter({ has: this.page.getByText(title, { exact: true }) })
      .first();
    const end = Date.now() + PATIENCE;
    for (;;) {
      await this.page.keyboard.press("F1");
      await input.waitFor();
      await input.fill(`>${title}`);
      // The palette lists what may be run at the moment it opens: trust is learnt a moment after the window.
      if ((await this.#ifShown(row)) !== undefined) break;
      if (Date.now() > end) throw new Error(`The palette never had "${title}".`);
      await this.page.keyboard.press("Escape");
      await input.waitFor({ state: "hidden" });
    }
    await row.click();
  }

  /** The rows of the list that a command has opened, once one of them matches. */
  async choices(expected: RegExp): Promise<string[]> {
    await this.page.locator(SELECTORS.quickRow).filter({ hasText: expected }).first().waitFor();
    const rows = await this.page.locator(SELECTORS.quickRow).allTextContents();
    return rows.map((row) => row.replaceAll("\u00a0", " ").trim());
  }

  async choose(row: RegExp): Promise<void> {
    await this.page.locator(SELECTORS.quickRow).filter({ hasText: row }).first().click();
  }

  /** Answers the box that asks this, and gives all that the box said; `picture` keeps what it looks like before the answer. */
  async answer(question: RegExp, text: string, picture: string): Promise<string> {
    const box = this.page.locator(SELECTORS.quickWidget).filter({ hasText: question });
    await box.waitFor();
    const said = await drawnText(box);
    await box.locator("input").first().fill(text);
    await this.keepPicture(picture);
    await this.page.keyboard.press("Enter");
    await box.waitFor({ state: "hidden" });
    return said;
  }

  /** Puts the focus into the first group of editors, where another one was opened beside it. */
  async focusFirstGroup(): Promise<void> {
    await this.page.keyboard.press("Control+1");
    await this.page.locator(`${SELECTORS.group} >> nth=0`).and(this.page.locator(".active")).waitFor();
  }

  /** Opens a file of the workspace by its name. */
  async openFile(path: string): Promise<void> {
    await this.page.keyboard.press("Control+P");
    const input = this.page.locator(SELECTORS.quickInput);
    await input.waitFor();
    await input.fill(path);
    const name = path.split("/").at(-1) ?? path;
    const folder = path.split("/").at(-2) ?? "";
    // Files of the same name differ in their folder, and the list still has the rows of the last query for a moment.
    const row = this.page.locator(SELECTORS.quickRow).filter({ hasText: name }).filter({ hasText: folder });
    await row.first().click();
    const tab = `${SELECTORS.activeTab}[aria-label*="${name}"]`;
    await this.page.locator(tab).waitFor();
    if (folder !== "") {
      const crumb = this.page.locator(SELECTORS.breadcrumb);
      await crumb.filter({ hasText: new RegExp(`^${folder}$`) }).waitFor();
    }
    await this.page.waitForSelector(SELECTORS.line);
  }

  /** Asks for completions at the cursor; the labels that it shows. */
  async openSuggestions(): Promise<string[]> {
    const end = Date.now() + PATIENCE;
    for (;;) {
      await this.page.keyboard.press("Control+Space");
      if ((await this.#ifShown(this.suggestions().first())) !== undefined) break;
      if (Date.now() > end) throw new Error("No suggestion was ever shown.");
      await this.page.keyboard.press("Escape");
    }
    return this.suggestions().locator(".label-name").allTextContents();
  }

  async acceptSuggestion(): Promise<void> {
    await this.page.keyboard.press("Enter");
    await this.suggestions().first().waitFor({ state: "hidden" });
  }

  /** Hovers until it says what is expected: the editor never refreshes a hover that it shows, so it is asked for again. */
  async untilHover(
    text: string,
    line: number,
    expected: RegExp,
    by: "mouse" | "keyboard" = "mouse",
  ): Promise<string> {
    const end = Date.now() + PATIENCE;
    for (;;) {
      const hover =
        by === "mouse" ? await this.#hoverByMouse(text, line) : await this.#hoverByKeyboard(text, line);
      const words = hover === undefined ? "no hover" : await drawnText(hover).catch(String);
      if (expected.test(words.replaceAll("\u00a0", " "))) return words;
      if (Date.now() > end)
        throw new Error(`The hover on "${text}" never matched ${expected}; last: ${words}`);
      await this.page.keyboard.press("Escape");
      await this.page.mouse.move(5, 5);
      await this.hover()
        .waitFor({ state: "hidden" })
        .catch(() => {});
    }
  }

  /** Waits until a line is drawn that holds this text. */
  async untilLine(number: number, text: string): Promise<void> {
    const end = Date.now() + PATIENCE;
    while ((await this.lines())[number - 1]?.includes(text) !== true) {
      if (Date.now() > end) throw new Error(`Line ${number} never had "${text}": ${await this.lines()}`);
    }
  }

  /** Says that the authors of the workspace's files are trusted, as a person does. */
  async trust(): Promise<void> {
    await this.command("Workspaces: Manage Workspace Trust");
    await this.page
      .locator(".workspace-trust-editor .monaco-button", { hasText: /^Trust$/ })
      .first()
      .click();
    await this.page.locator(".workspace-trust-editor.trusted").waitFor();
  }

  /** The content of the markdown preview. */
  async preview(): Promise<FrameLocator> {
    const outer = this.page.frameLocator("iframe.webview.ready");
    return outer.frameLocator("iframe#active-frame");
  }

  /** The TextMate scopes of what stands at a text. */
  async tokenScopes(text: string, line: number): Promise<string> {
    await this.putCursorOn(text, line);
    await this.command("Developer: Inspect Editor Tokens and Scopes");
    const inspector = this.page.locator(".token-inspect-widget");
    await inspector.waitFor();
    return drawnText(inspector);
  }

  /** Milliseconds that extensions took to activate, as the editor's own list of running extensions says, in the order asked for. */
  async activationTimes(names: readonly string[]): Promise<number[]> {
    await this.command("Developer: Show Running Extensions");
    const rows = this.page.locator(".runtime-extensions-editor .monaco-list-row");
    const times: number[] = [];
    for (const name of names) {
      const row = rows
        .filter({ has: this.page.locator(".name", { hasText: new RegExp(`^${name}$`, "i") }) })
        .filter({ hasText: /Activation: \d+\s*ms/ });
      await row.first().waitFor();
      const words = await drawnText(row.first());
      times.push(Number(/Activation: (\d+)/.exec(words)?.[1]));
    }
    return times;
  }

  /** Notifications of long work, which have a button that cancels. */
  progress(): Locator {
    return this.page.locator(SELECTORS.toast).filter({ has: this.page.getByText("Cancel", { exact: true }) });
  }

  async cancelProgress(): Promise<void> {
    await this.toastButton("Cancel").click();
  }

  /** Saves the active file, which an edit has made dirty, and gives its text on disk. */
  async save(path: string): Promise<string> {
    await this.page.locator(`${SELECTORS.activeTab}.dirty`).waitFor();
    await this.page.keyboard.press("Control+S");
    await this.page.locator(`${SELECTORS.activeTab}:not(.dirty)`).waitFor();
    return this.read(path);
  }

  async read(path: string): Promise<string> {
    return readFile(join(this.folder, path), "utf8");
  }

  /** Saves all files until one on the disk matches: an edit of several files reaches them one after the other. */
  async untilSaved(path: string, pattern: RegExp): Promise<string> {
    const end = Date.now() + PATIENCE;
    for (;;) {
      await this.command("File: Save All");
      const text = await this.read(path);
      if (pattern.test(text)) return text;
      if (Date.now() > end) throw new Error(`${path} never matched ${pattern}: ${text}`);
    }
  }

  /** The text of a file once it is there and matches. */
  async untilFile(path: string, expected: RegExp): Promise<string> {
    const end = Date.now() + PATIENCE;
    for (;;) {
      const text = await this.read(path).catch(() => "");
      if (expected.test(text)) return text;
      if (Date.now() > end) throw new Error(`${path} never matched ${expected}: ${text}`);
    }
  }

  /** The language mode of an untitled or other document, chosen as a person does. */
  async setLanguage(name: string): Promise<void> {
    await this.page.locator(SELECTORS.languageMode).click();
    const input = this.page.locator(SELECTORS.quickInput);
    await input.waitFor();
    await input.fill(name);
    await this.page.locator(SELECTORS.quickRow).filter({ hasText: name }).first().click();
    await input.waitFor({ state: "hidden" });
  }

  // ---- keeping ----

  /** Keeps a picture of this moment for a person to look at, beside those of the other journeys. */
  async keepPicture(name: string): Promise<void> {
    await this.picture(join(CACHE, "journeys", `${name}.png`));
  }

  async picture(path: string): Promise<void> {
    await mkdir(dirname(path), { recursive: true });
    await this.page.screenshot({ path, animations: "disabled" });
  }

  /** What the extension host and the extension wrote. */
  async logs(): Promise<string> {
    const parts = [await readFile(this.#server.logFile, "utf8").catch(() => "")];
    const folder = join(this.home, "user-data/logs");
    const files = await readdir(folder, { recursive: true }).catch(() => []);
    for (const file of files.filter((name) => /remoteexthost\.log|Thoth\.log$/.test(name))) {
      parts.push(`==== ${file}\n${await readFile(join(folder, file), "utf8")}`);
    }
    return parts.join("\n");
  }

  /** The process group's leader of the workbench, whose descendants are the runner and the server. */
  get pid(): number {
    return this.#server.pid;
  }

  /** The text of the window and of every frame in it, as it is drawn now. */
  async everythingDrawn(): Promise<string> {
    const texts = this.page.frames().map((frame) =>
      frame
        .locator("body")
        .evaluate((body) => Reflect.get(body, "innerText") as string)
        .catch(() => ""),
    );
    return (await Promise.all(texts)).join("\n");
  }

  /** Closes the window, ends its code-server, and takes its profile away. */
  async close(): Promise<void> {
    opened.delete(this);
    await this.#context.close();
    await this.#server.stop();
    await rm(this.home, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}
