// Draws the extension's icon: client/media/icon.svg through Chromium into client/media/icon.png.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { findChromium, ROOT } from "./workbench.ts";

const executablePath = findChromium();
if (executablePath === undefined) throw new Error("No Chromium on the PATH.");
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
try {
  const page = await browser.newPage({ viewport: { width: 256, height: 256 } });
  const svg = await readFile(join(ROOT, "client/media/icon.svg"), "utf8");
  await page.setContent(`<style>body{margin:0}svg{display:block}</style>${svg}`);
  await writeFile(join(ROOT, "client/media/icon.png"), await page.screenshot({ omitBackground: true }));
} finally {
  await browser.close();
}
