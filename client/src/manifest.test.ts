// The extension's manifest: what package.json promises the editor holds together.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { clientCommands } from "../../shared/src/protocol/editor.ts";

const at = (path: string) => new URL(`../../${path}`, import.meta.url);
const manifest = JSON.parse(readFileSync(at("package.json"), "utf8"));
const texts: Record<string, string> = JSON.parse(readFileSync(at("package.nls.json"), "utf8"));
const settings: Record<string, { type: string; default: unknown; scope: string }> =
  manifest.contributes.configuration.properties;

describe("the extension's manifest", () => {
  it("names every text that it refers to, and no other", () => {
    const used = [...JSON.stringify(manifest).matchAll(/"%([^%"]+)%"/g)].map((match) => match[1] ?? "");
    assert.deepEqual([...new Set(used)].sort(), Object.keys(texts).sort());
  });

  it("refers to files that are there", () => {
    const { icon, contributes } = manifest;
    const steps: { media: { markdown: string } }[] = contributes.walkthroughs[0].steps;
    const paths: string[] = [
      icon,
      ...contributes.grammars.map((grammar: { path: string }) => grammar.path),
      ...contributes.languages.flatMap(
        (language: { configuration?: string }) => language.configuration ?? [],
      ),
      ...steps.map((step) => step.media.markdown),
    ];
    for (const path of paths) assert.ok(existsSync(at(path)), path);
  });

  it("contributes exactly the commands that the client registers, each with a place in the palette", () => {
    const named = Object.values(clientCommands).sort();
    const contributed: { command: string; category: string }[] = manifest.contributes.commands;
    assert.deepEqual(contributed.map((entry) => entry.command).sort(), named);
    for (const entry of contributed) assert.equal(entry.category, "Thoth");
    const palette: { command: string; when: string }[] = manifest.contributes.menus.commandPalette;
    assert.deepEqual(palette.map((entry) => entry.command).sort(), named);
    for (const entry of palette) assert.match(entry.when, /thoth\./, entry.command);
  });

  it("activates by exact names, nothing recursive", () => {
    for (const event of manifest.activationEvents as string[]) assert.doesNotMatch(event, /[*?]/);
  });

  it("keeps every setting that names what is run, read or contacted from an untrusted workspace", () => {
    const restricted: string[] = manifest.capabilities.untrustedWorkspaces.restrictedConfigurations;
    for (const name of Object.keys(settings)) {
      const dangerous =
        /\.python$|index\.(url|extraUrls|findLinks)|runner|knowledge|script|Sandbox|buildSdists/.test(name);
      assert.equal(restricted.includes(name), dangerous, name);
    }
  });

  it("describes every setting in docs/configuration.md", () => {
    const page = readFileSync(at("docs/configuration.md"), "utf8");
    for (const name of Object.keys(settings)) assert.ok(page.includes(`\`${name}\``), name);
  });

  it("keeps types at the floor of the editor that it asks for", () => {
    const floor = /^\^(\d+\.\d+)\./.exec(manifest.engines.vscode)?.[1];
    const types = JSON.parse(readFileSync(at("node_modules/@types/vscode/package.json"), "utf8")).version;
    assert.ok(floor !== undefined && types.startsWith(`${floor}.`), `${floor} and ${types}`);
  });
});
