// Which documents are manifests: by language id, and by file pattern, so that it works beside and without other Python and TOML extensions.
import * as vscode from "vscode";

/** Schemes whose text is edited as a file; a comparison's left side or an output is none of ours. */
const SCHEMES = ["file", "untitled", "vscode-vfs", "vscode-test-web"];
const LANGUAGES = ["pip-requirements", "pipfile", "pyproject-toml"];
const PATTERNS = [
  "**/*requirements*.{txt,in}",
  "**/*constraints*.{txt,in}",
  "**/requirements/*.{txt,in}",
  "**/constraints/*.{txt,in}",
  "**/Pipfile",
  "**/Pipfile.lock",
  "**/pyproject.toml",
  "**/pylock.toml",
  "**/pylock.*.toml",
];

export interface ManifestFilter {
  readonly scheme: string;
  readonly language?: string;
  readonly pattern?: string;
}

/** What the language client and the language status select by. */
export const manifestSelector: readonly ManifestFilter[] = SCHEMES.flatMap((scheme) => [
  ...LANGUAGES.map((language) => ({ scheme, language })),
  ...(scheme === "untitled" ? [] : PATTERNS.map((pattern) => ({ scheme, pattern }))),
]);

/** Whether a document is a manifest. */
export function isManifest(document: vscode.TextDocument): boolean {
  return vscode.languages.match([...manifestSelector], document) > 0;
}

function grammarExistsFor(language: string): boolean {
  return vscode.extensions.all.some((extension) => {
    const grammars: unknown = extension.packageJSON?.contributes?.grammars;
    return Array.isArray(grammars) && grammars.some((grammar) => grammar?.language === language);
  });
}

/** By file name: our language whose grammar draws it. */
const OWN_LANGUAGES: readonly (readonly [string, string])[] = [
  ["/Pipfile", "pipfile"],
  ["/pyproject.toml", "pyproject-toml"],
];

/**
 * Gives a Pipfile and a pyproject.toml our colours where they are TOML and no extension brings a grammar for TOML, which is how
 * things are beside the Python extension alone.
 */
export async function colourToml(document: vscode.TextDocument): Promise<void> {
  const own = OWN_LANGUAGES.find(([name]) => document.uri.path.endsWith(name));
  if (own === undefined || document.languageId !== "toml" || grammarExistsFor("toml")) return;
  await vscode.languages.setTextDocumentLanguage(document, own[1]);
}
