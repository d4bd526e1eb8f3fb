// pip's configuration: which file and which variable counts, as pip 26 decides it.

import assert from "node:assert/strict";
import { inspect } from "node:util";
import { DEFAULT_INDEX_URL } from "../../../shared/src/packaging/defaultIndex.ts";
import { type PipConfigurationInput, readPipConfiguration } from "./pipConfiguration.ts";
import { redactText, redactUrl } from "./redact.ts";
import { type CommandLineOptions, type FileOption, type IndexSettings, resolveIndexes } from "./settings.ts";
import { isTrustedHost } from "./transport.ts";

const HOME = "/home/ann";

function input(
  env: Record<string, string>,
  files: Record<string, string> = {},
  more: Partial<PipConfigurationInput> = {},
): PipConfigurationInput {
  const readFile = (path: string): string | undefined => {
    if (files[path] === "unreadable") throw Object.assign(new Error("no"), { code: "EACCES" });
    return files[path];
  };
  return { env, platform: "linux", home: HOME, cwd: "/work", readFile, ...more };
}

function settings(
  env: Record<string, string>,
  files: Record<string, string> = {},
  given: { fileOptions?: FileOption[]; commandLine?: CommandLineOptions } = {},
): IndexSettings {
  return resolveIndexes(readPipConfiguration(input(env, files)), given);
}

const urls = ({ indexes }: IndexSettings): string[] => indexes.map(({ url }) => url);

describe("pip's configuration", () => {
  it("is the public index where nothing is configured", () => {
    const { indexes, findLinks, timeoutMs, noIndex } = settings({});
    assert.deepEqual(
      indexes.map(({ url, origin }) => [url, origin.kind]),
      [[DEFAULT_INDEX_URL, "default"]],
    );
    assert.deepEqual([findLinks, timeoutMs, noIndex], [[], 15_000, false]);
  });

  it("lets user override global, site user, PIP_CONFIG_FILE all of these but the user's, and the environment everything", () => {
    const files = {
      "/etc/xdg/pip/pip.conf": "[global]\nindex-url = https://xdg/\n",
      "/etc/pip.conf": "[global]\nindex-url = https://etc/\n",
      [`${HOME}/.pip/pip.conf`]: "[global]\nindex-url = https://legacy/\n",
      [`${HOME}/.config/pip/pip.conf`]: "[global]\nindex-url = https://user/\n",
      "/venv/pip.conf": "[global]\nindex-url = https://site/\n",
      "/own.conf": "[global]\nindex-url = https://own/\n",
    };
    const of = (env: Record<string, string>, taken: string[], venv?: string): string | undefined => {
      const some = Object.fromEntries(Object.entries(files).filter(([path]) => !taken.includes(path)));
      const read = readPipConfiguration(input(env, some, { venv }));
      return read.values.get("index-url")?.value;
    };
    const [xdg, etc, legacy, user] = Object.keys(files) as [string, string, string, string];
    assert.equal(of({}, [etc, legacy, user]), "https://xdg/");
    assert.equal(of({}, [legacy, user]), "https://etc/");
    assert.equal(of({}, [user]), "https://legacy/");
    assert.equal(of({}, []), "https://user/");
    assert.equal(of({}, [], "/venv"), "https://site/");
    assert.equal(of({ PIP_CONFIG_FILE: "/own.conf" }, [], "/venv"), "https://own/");
    assert.equal(
      of({ PIP_CONFIG_FILE: "/own.conf", PIP_INDEX_URL: "https://env/" }, [xdg], "/venv"),
      "https://env/",
    );
    assert.equal(of({ PIP_CONFIG_FILE: "/dev/null" }, [], "/venv"), undefined);
  });

  it("does not read the user's files when PIP_CONFIG_FILE is there, as pip does not", () => {
    const read = readPipConfiguration(
      input(
        { PIP_CONFIG_FILE: "/own.conf" },
        { [`${HOME}/.config/pip/pip.conf`]: "[global]\npre = 1\n", "/own.conf": "[global]\nretries = 1\n" },
      ),
    );
    assert.deepEqual([...read.values.keys()], ["retries"]);
  });

  it("looks where Windows and macOS keep it", () => {
    const paths = (more: Partial<PipConfigurationInput>, env: Record<string, string>): string[] =>
      readPipConfiguration(input(env, {}, more)).files.map(({ path }) => path);
    assert.deepEqual(
      paths(
        { platform: "win32", home: "C:\\Users\\ann", venv: "C:\\v" },
        { PROGRAMDATA: "C:\\ProgramData", APPDATA: "C:\\Users\\ann\\AppData\\Roaming" },
      ),
      [
        "C:\\ProgramData\\pip\\pip.ini",
        "C:\\Users\\ann\\pip\\pip.ini",
        "C:\\Users\\ann\\AppData\\Roaming\\pip\\pip.ini",
        "C:\\v\\pip.ini",
      ],
    );
    assert.deepEqual(paths({ platform: "darwin" }, {}), [
      "/Library/Application Support/pip/pip.conf",
      `${HOME}/.pip/pip.conf`,
      `${HOME}/.config/pip/pip.conf`,
    ]);
    const support = `${HOME}/Library/Application Support/pip/pip.conf`;
    const mac = readPipConfiguration(input({}, { [support]: "" }, { platform: "darwin" }));
    assert.equal(mac.files.at(-1)?.path, support);
  });

  it("lets the command's section override [global], whichever file it is in, and an empty value not count", () => {
    const files = {
      "/etc/pip.conf": "[install]\nindex-url = https://install/\n[download]\npre = yes\n",
      [`${HOME}/.config/pip/pip.conf`]: "[global]\nindex-url = https://user/\ntimeout = 7\n",
    };
    assert.deepEqual(urls(settings({}, files)), ["https://install/"]);
    assert.equal(settings({}, files).timeoutMs, 7000);
    assert.equal(settings({ PIP_INDEX_URL: "", PIP_TIMEOUT: "" }, files).timeoutMs, 7000);
    assert.equal(settings({}, files).pre, false);
  });

  it("reads configparser's form: both delimiters, comments, continued values, percent signs, upper case and underscores", () => {
    const text =
      "\ufeff# c\n[DEFAULT]\ntimeout=3\n[global]\n; c\nIndex_URL : https://host/100%25/simple\n--extra-index-url=\n    https://one/\n    # not this\n    https://two/\nempty =\n";
    const made = settings({}, { "/etc/pip.conf": text });
    assert.deepEqual(urls(made), ["https://host/100%25/simple", "https://one/", "https://two/"]);
    assert.equal(made.timeoutMs, 3000);
  });

  it("says which file is broken, and uses the lines that it can read", () => {
    const made = settings(
      {},
      {
        "/etc/pip.conf": "stray\n[global]\nindex-url = https://good/\n",
        [`${HOME}/.pip/pip.conf`]: "unreadable",
      },
    );
    assert.deepEqual(urls(made), ["https://good/"]);
    assert.deepEqual(made.problems, [
      "pip's configuration /etc/pip.conf: line 1 stands before any section.",
      `pip's configuration ${HOME}/.pip/pip.conf: cannot be read (EACCES).`,
    ]);
  });

  it("adds lists of the command line to configured ones, and lets the file's --index-url replace all", () => {
    const env = { PIP_EXTRA_INDEX_URL: "https://env/", PIP_TRUSTED_HOST: "a b" };
    const commandLine = { indexUrl: "https://cli/", extraIndexUrl: ["https://more/"], trustedHost: ["c"] };
    assert.deepEqual(urls(settings(env, {}, { commandLine })), [
      "https://cli/",
      "https://env/",
      "https://more/",
    ]);
    assert.deepEqual(settings(env, {}, { commandLine }).trustedHosts, ["a", "b", "c"]);
    const fileOptions = [
      { option: "--extra-index-url", value: "https://before/", where: "r.txt line 1" },
      { option: "--index-url", value: "https://file/", where: "r.txt line 2" },
      { option: "--extra-index-url", value: "https://after/", where: "r.txt line 3" },
    ];
    const made = settings(env, {}, { commandLine, fileOptions });
    assert.deepEqual(urls(made), ["https://file/", "https://after/"]);
    assert.deepEqual(made.indexes[0]?.origin, { kind: "file", where: "r.txt line 2" });
  });

  it("asks no index with --no-index, wherever it is said, but still looks at find-links", () => {
    for (const made of [
      settings({ PIP_NO_INDEX: "1", PIP_FIND_LINKS: "wheels ~/w" }),
      settings({ PIP_FIND_LINKS: "wheels ~/w" }, {}, { fileOptions: [{ option: "--no-index", where: "r" }] }),
      settings({ PIP_FIND_LINKS: "wheels ~/w" }, {}, { commandLine: { noIndex: true } }),
    ]) {
      assert.deepEqual(urls(made), []);
      assert.deepEqual(
        made.findLinks.map(({ url }) => url),
        ["file:///work/wheels", `file://${HOME}/w`],
      );
    }
    assert.deepEqual(settings({ PIP_NO_INDEX: "maybe" }).problems, [
      "no-index in PIP_NO_INDEX is neither yes nor no.",
    ]);
  });

  it("takes --find-links relative to the file that says it, where that is there", () => {
    const fileOptions = [
      { option: "--find-links", value: "wheels/x.html", where: "r", folder: "/proj/deps" },
      { option: "--find-links", value: "other", where: "r", folder: "/proj/deps" },
    ];
    const made = settings({}, { "/proj/deps/wheels/x.html": "" }, { fileOptions });
    assert.deepEqual(
      made.findLinks.map(({ url }) => url),
      ["file:///proj/deps/wheels/x.html", "file:///work/other"],
    );
  });

  it("combines only-binary and no-binary as pip does", () => {
    const formats = (...commandLine: CommandLineOptions[]): unknown => {
      const { onlyBinary, noBinary } = settings(
        { PIP_ONLY_BINARY: "Foo_x,bar" },
        {},
        { commandLine: commandLine[0] ?? {} },
      );
      return [onlyBinary, noBinary];
    };
    assert.deepEqual(formats(), [["foo-x", "bar"], []]);
    assert.deepEqual(formats({ noBinary: ["bar"] }), [["foo-x"], ["bar"]]);
    assert.deepEqual(formats({ onlyBinary: [":all:"] }), [[":all:"], []]);
    assert.deepEqual(formats({ onlyBinary: [":none:"], noBinary: [":all:"] }), [[], [":all:"]]);
  });

  it("asks equal addresses once, and says what is none", () => {
    const made = settings({
      PIP_INDEX_URL: "https://a/simple",
      PIP_EXTRA_INDEX_URL: "https://a/simple/ ftp://b/ https://[",
    });
    assert.deepEqual(urls(made), ["https://a/simple"]);
    assert.equal(made.problems.length, 2);
  });

  it("expands variables of a file's option without ever showing what they hold", () => {
    const fileOptions = [
      { option: "--index-url", value: "https://$" + "{USER_NAME}:$" + "{TOKEN}@host/simple", where: "r" },
    ];
    const made = settings({ USER_NAME: "ann", TOKEN: "s3cr/et" }, {}, { fileOptions });
    assert.equal(made.problems.length, 1, "a slash in the token makes the address none");
    assert.doesNotMatch(inspect(made, { depth: 9, showHidden: true }), /s3cr/);
    const good = settings({ USER_NAME: "ann", TOKEN: "s3cret" }, {}, { fileOptions });
    assert.deepEqual(urls(good), ["https://host/simple"]);
    assert.equal(
      good.secrets.authorization(new URL("https://host/simple/x/")),
      `Basic ${Buffer.from("ann:s3cret").toString("base64")}`,
    );
    assert.doesNotMatch(inspect(good, { depth: 9, showHidden: true }) + JSON.stringify(good), /s3cret|ann/);
  });

  it("gives a login to its own origin only, the nearest path deciding, netrc where the address has none", () => {
    const netrc = `machine host login n password "p \\"w" machine files.host\n  login f password #x\nmacdef m\nmachine evil login e password e\n\ndefault login d password dd`;
    const made = settings(
      {
        PIP_INDEX_URL: "https://a:1@host/one/simple",
        PIP_EXTRA_INDEX_URL: "https://b:2@host/two/simple https://token@t.host/",
      },
      { [`${HOME}/.netrc`]: netrc },
    );
    const login = (url: string): string =>
      Buffer.from((made.secrets.authorization(new URL(url)) ?? "").slice(6), "base64").toString();
    assert.equal(login("https://host/one/simple/x/"), "a:1");
    assert.equal(login("https://host/two/simple/x/"), "b:2");
    assert.equal(login("https://t.host/x"), "token:");
    assert.equal(login("http://host/one/"), 'n:p "w', "another scheme is another origin");
    assert.equal(login("https://files.host/x"), "f:#x");
    assert.equal(login("https://evil/x"), "d:dd");
    const key = made.secrets.partition(new URL("https://host/one/"), () => "k");
    assert.notEqual(
      key,
      made.secrets.partition(new URL("https://host/one/"), () => "other"),
    );
    assert.notEqual(
      key,
      made.secrets.partition(new URL("https://host/two/"), () => "k"),
    );
    assert.equal(
      settings({}).secrets.partition(new URL("https://host/"), () => "k"),
      "",
    );
  });

  it("takes proxies from pip's option alone, else from the environment", () => {
    assert.deepEqual(settings({ PIP_PROXY: "p:1", https_proxy: "http://e/" }).proxy(), {
      http: "http://p:1",
      https: "http://p:1",
      no: "",
    });
    assert.deepEqual(settings({ HTTPS_PROXY: "http://e/", NO_PROXY: "x" }).proxy(), {
      https: "http://e/",
      no: "x",
    });
    assert.deepEqual(settings({ HTTP_PROXY: "http://e/", REQUEST_METHOD: "GET" }).proxy(), {});
  });

  it("trusts a host with and without its port as pip does", () => {
    assert.equal(isTrustedHost(new URL("http://Host:80/"), ["host"]), true);
    assert.equal(isTrustedHost(new URL("http://host/"), ["host:80"]), true);
    assert.equal(isTrustedHost(new URL("https://host/"), ["host:80"]), false);
    assert.equal(isTrustedHost(new URL("https://hosts/"), ["host"]), false);
    assert.equal(isTrustedHost(new URL("https://[::1]:5/"), ["[::1]"]), true);
  });
});

describe("what is shown of an address", () => {
  it("has no user, password, query or fragment", () => {
    assert.equal(redactUrl("https://u:p@h/x?token=1#f"), "https://h/x");
    assert.equal(redactUrl("not a url https://u:p@h/x?t=1"), "not a url https://h/x?…");
    assert.equal(redactText("GET https://u:p%40@h/ failed: Basic dTpw"), "GET https://h/ failed: Basic …");
    assert.equal(redactText("git+ssh://me@h/x"), "git+ssh://h/x");
    assert.equal(redactText("git+ssh://git:p@h/x"), "git+ssh://h/x");
    assert.equal(redactText("https://git@h/x"), "https://h/x");
    assert.equal(redactText("git+https://h/r@v1#egg=foo"), "git+https://h/r@v1#egg=foo");
    assert.equal(redactText("git+https://u:p@h:8/r@v1"), "git+https://h:8/r@v1");
    assert.equal(redactText("git+https://u:p/q@h/r@v1"), "git+https://v1");
    assert.equal(redactText("https://u/p@h/x"), "https://h/x");
  });

  it("leave a login that PEP 610 knows to hold no secret", () => {
    assert.equal(redactText("git+ssh://git@h/x@v1"), "git+ssh://git@h/x@v1");
    assert.equal(redactUrl("ssh://git@h/x"), "ssh://git@h/x");
    assert.equal(redactText("https://${USER}:${TOKEN}@h/x"), "https://${USER}:${TOKEN}@h/x");
    assert.equal(redactText("https://${USER}:p@h/x"), "https://h/x");
    assert.equal(redactText("git+ssh://git@u:p@h/x"), "git+ssh://git@h/x");
  });
});
