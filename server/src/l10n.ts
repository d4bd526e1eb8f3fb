// The server's own strings: English in the source, another language when the client hands a bundle over (vscode-l10n's form).

let messages: Readonly<Record<string, string>> = {};

/** Sets the translations, by English text. Called once, before the first answer. */
export function useMessages(bundle: Readonly<Record<string, string>> | undefined): void {
  messages = bundle ?? {};
}

/** The text in the person's language, with `{0}`, `{1}` filled in. Nothing within an argument is filled in again. */
export function say(message: string, ...args: readonly (string | number)[]): string {
  const template = Object.hasOwn(messages, message) ? (messages[message] ?? message) : message;
  return template.replace(/\{(\d+)\}/g, (whole, index: string) => String(args[Number(index)] ?? whole));
}
