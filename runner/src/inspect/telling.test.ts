// The few lines that are shown of a log.
import assert from "node:assert/strict";
import { showable, tellingLine, tellingLines } from "./telling.ts";

describe("tellingLines", () => {
  it("takes the last place and the error of the last traceback", () => {
    const log = `noise
Traceback (most recent call last):
  File "<string>", line 2, in <module>
  File "/work/venv/lib/python3.11/site-packages/flask/__init__.py", line 5, in <module>
    from .app import Flask
  File "/work/venv/lib/python3.11/site-packages/flask/app.py", line 28, in <module>
    from werkzeug.urls import url_quote
ImportError: cannot import name 'url_quote' from 'werkzeug.urls' (/work/venv/lib/python3.11/site-packages/werkzeug/urls.py)
`;
    assert.deepEqual(tellingLines(log), [
      '  File "flask/app.py", line 28, in <module>',
      "    from werkzeug.urls import url_quote",
      "ImportError: cannot import name 'url_quote' from 'werkzeug.urls' (werkzeug/urls.py)",
    ]);
    assert.match(tellingLine(log) ?? "", /^ImportError: cannot import name 'url_quote'/);
  });

  it("takes the error of a module that raises it itself", () => {
    const log = `Traceback (most recent call last):
  File "<string>", line 1, in <module>
  File "/work/venv/lib/python3.11/site-packages/brittle.py", line 1, in <module>
    raise ImportError("brittle needs a newer glue")
ImportError: brittle needs a newer glue
`;
    assert.equal(tellingLine(log), "ImportError: brittle needs a newer glue");
  });

  it("takes the last of chained errors", () => {
    const log =
      'Traceback (most recent call last):\n  File "a.py", line 1, in <module>\nKeyError: 1\n\nDuring handling of the above exception, another exception occurred:\n\nTraceback (most recent call last):\n  File "b.py", line 2, in <module>\nOSError: libGL.so.1: cannot open shared object file: No such file or directory\n';
    assert.equal(
      tellingLine(log),
      "OSError: libGL.so.1: cannot open shared object file: No such file or directory",
    );
  });

  it("takes pip's errors and what they are caused by", () => {
    const log =
      "Collecting a\nERROR: Cannot install a and b because these package versions have conflicting dependencies.\n\nThe conflict is caused by:\n    a 1.0 depends on c<2\n    b 1.0 depends on c>=2\n";
    assert.equal(tellingLines(log).length, 3);
    assert.equal(
      tellingLine(log),
      "Cannot install a and b because these package versions have conflicting dependencies.",
    );
  });

  it("falls back to the last lines, and has none for an empty log", () => {
    assert.deepEqual(tellingLines("one\n\ntwo\nthree\nfour\n\n"), ["two", "three", "four"]);
    assert.deepEqual(tellingLines(""), []);
    assert.equal(tellingLine(""), undefined);
  });
});

describe("showable", () => {
  it("shows no control, direction or terminal sequence, and no credential", () => {
    assert.equal(showable("\u001b[1;31mred\u001b[0m \u0007\u202ex\u009b"), "red \\x07\\x202ex\\x9b");
    assert.equal(showable("https://user:password@example.com/simple"), "https://****@example.com/simple");
    assert.equal(
      showable("git+ssh://git@example.com and ftp://a:b@c"),
      "git+ssh://****@example.com and ftp://****@c",
    );
  });

  it("clips a long line", () => {
    assert.equal(showable("x".repeat(1000)).length, 300);
  });
});
