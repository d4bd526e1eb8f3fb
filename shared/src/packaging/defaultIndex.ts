// The one index that is asked where nothing else is configured.

/** The index that pip documents as its default for `--index-url`, and that pipenv writes into a lock whose Pipfile names none. */
export const DEFAULT_INDEX_URL = "https://pypi.org/simple";
