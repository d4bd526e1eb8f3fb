// A publisher's continuity as a table: what is said of the same file after each history, and how grave it is.
import assert from "node:assert/strict";
import {
  type AttestedFile,
  type Identity,
  judgeContinuity,
  type PublisherHistory,
  type SeenIdentity,
} from "./index.ts";

const DAY = 86_400_000;
const START = Date.parse("2026-01-01");

const signer = (change: Partial<Identity> = {}): Identity => ({
  kind: "GitHub",
  issuer: "https://token.actions.githubusercontent.com",
  san: "https://github.com/octo/demo/.github/workflows/release.yml@refs/tags/v1",
  repository: "https://github.com/octo/demo",
  repositoryId: "1",
  owner: "https://github.com/octo",
  ownerId: "2",
  workflow: ".github/workflows/release.yml",
  ...change,
});

const OWN = "https://github.com/octo/demo/.github/workflows/release.yml";
const CALLED = "https://github.com/shared/ci/.github/workflows/build.yml";

/** A file of `version`, uploaded on the day `day`. */
const file = (version: string, day: number, change: Partial<AttestedFile> = {}): AttestedFile => ({
  version,
  filename: `demo-${version}-py3-none-any.whl`,
  kind: "wheel",
  uploadedAt: START + day * DAY,
  state: "attested",
  identities: [signer()],
  ...change,
});
const absent = { state: "absent", identities: [] } as const;
const sdist = (version: string): Partial<AttestedFile> => ({
  kind: "sdist",
  filename: `demo-${version}.tar.gz`,
});

interface Row {
  readonly what: string;
  readonly file: PublisherHistory["file"];
  readonly others?: readonly AttestedFile[];
  readonly seen?: readonly SeenIdentity[];
  /** `severity code`, gravest first. */
  readonly want: readonly string[];
  readonly says?: RegExp;
}

const gone = { repositoryId: undefined, ownerId: undefined } as const;

const ROWS: readonly Row[] = [
  {
    what: "the same publisher",
    file: file("1.1", 10),
    others: [file("1.0", 0)],
    want: ["none same-publisher"],
    says: /^Signed by the publisher of 1\.0: octo\/demo, release\.yml\.$/,
  },
  { what: "the first release", file: file("1.0", 0), want: ["none first-attested"] },
  {
    what: "the first release that is attested",
    file: file("1.1", 10),
    others: [file("1.0", 0, absent)],
    want: ["none first-attested"],
  },
  {
    what: "an earlier attestation that nobody has verified",
    file: file("1.1", 10),
    others: [file("1.0", 0, { identities: [] })],
    want: ["none no-history"],
  },
  {
    what: "the same ids with a new name",
    file: file("1.1", 10, { identities: [signer({ repository: "https://github.com/octo/demo-next" })] }),
    others: [file("1.0", 0)],
    want: ["information renamed-repository"],
    says: /^The repository octo\/demo is called octo\/demo-next now; its id is the same\.$/,
  },
  {
    what: "the same ids with a new owner's name",
    file: file("1.1", 10, {
      identities: [signer({ repository: "https://github.com/cat/demo", owner: "https://github.com/cat" })],
    }),
    others: [file("1.0", 0)],
    want: ["information renamed-repository"],
  },
  {
    what: "the same name with new ids",
    file: file("1.1", 10, { identities: [signer({ repositoryId: "9", ownerId: "8" })] }),
    others: [file("1.0", 0)],
    want: ["warning recreated-repository"],
    says: /^octo\/demo is another repository than the one that signed 1\.0: the name is the same, the id is not\.$/,
  },
  {
    what: "the same name with a new repository id of the same owner",
    file: file("1.1", 10, { identities: [signer({ repositoryId: "9" })] }),
    others: [file("1.0", 0)],
    want: ["warning recreated-repository"],
  },
  {
    what: "the same repository with a new owner id",
    file: file("1.1", 10, { identities: [signer({ ownerId: "9" })] }),
    others: [file("1.0", 0)],
    want: ["warning other-owner"],
    says: /the owner's name is the same, the id is not\.$/,
  },
  {
    what: "a repository that was given to another owner",
    file: file("1.1", 10, {
      identities: [signer({ repository: "https://github.com/cat/demo", ownerId: "9" })],
    }),
    others: [file("1.0", 0)],
    want: ["warning other-owner"],
    says: /^1\.0 was signed by octo\/demo; this by cat\/demo, of another owner\.$/,
  },
  {
    what: "another repository of another owner",
    file: file("1.1", 10, {
      identities: [signer({ repository: "https://github.com/evil/demo", repositoryId: "9", ownerId: "8" })],
    }),
    others: [file("1.0", 0)],
    want: ["warning other-owner"],
  },
  {
    what: "another repository of the same owner",
    file: file("1.1", 10, {
      identities: [signer({ repository: "https://github.com/octo/mono", repositoryId: "9" })],
    }),
    others: [file("1.0", 0)],
    want: ["information other-repository"],
  },
  {
    what: "another issuer",
    file: file("1.1", 10, { identities: [signer({ kind: "GitLab", issuer: "https://gitlab.com" })] }),
    others: [file("1.0", 0)],
    want: ["warning other-issuer"],
  },
  {
    what: "another workflow file",
    file: file("1.1", 10, { identities: [signer({ workflow: ".github/workflows/publish.yml" })] }),
    others: [file("1.0", 0)],
    want: ["information other-workflow"],
    says: /^1\.0 was built by \.github\/workflows\/release\.yml, this by \.github\/workflows\/publish\.yml of the same repository\.$/,
  },
  {
    what: "the same workflow file that calls one of another repository now",
    file: file("1.1", 10, { identities: [signer({ signer: `${CALLED}@refs/heads/main` })] }),
    others: [file("1.0", 0, { identities: [signer({ signer: `${OWN}@refs/tags/v1` })] })],
    want: ["information other-workflow"],
    says: /^1\.0 was built by \.github\/workflows\/release\.yml, this by https:\/\/github\.com\/shared\/ci\/.*build\.yml for the same repository\.$/,
  },
  {
    what: "the same called workflow at another ref",
    file: file("1.1", 10, { identities: [signer({ signer: `${CALLED}@refs/heads/main` })] }),
    others: [file("1.0", 0, { identities: [signer({ signer: `${CALLED}@refs/tags/v1` })] })],
    want: ["none same-publisher"],
  },
  {
    what: "a new name, which is in the workflow's address too",
    file: file("1.1", 10, {
      identities: [
        signer({
          repository: "https://github.com/octo/next",
          signer: `${OWN.replace("/demo/", "/next/")}@refs/tags/v2`,
        }),
      ],
    }),
    others: [file("1.0", 0, { identities: [signer({ signer: `${OWN}@refs/tags/v1` })] })],
    want: ["information renamed-repository"],
  },
  {
    what: "a new name and another workflow file",
    file: file("1.1", 10, {
      identities: [signer({ repository: "https://github.com/octo/x", workflow: "ci.yml" })],
    }),
    others: [file("1.0", 0)],
    want: ["information renamed-repository", "information other-workflow"],
  },
  {
    what: "two attestations of which one is by the publisher of before",
    file: file("1.1", 10, { identities: [signer({ workflow: "slsa.yml" }), signer()] }),
    others: [file("1.0", 0)],
    want: ["none same-publisher"],
  },
  {
    what: "certificates without ids and the same repository",
    file: file("1.1", 10, { identities: [signer(gone)] }),
    others: [file("1.0", 0, { identities: [signer(gone)] })],
    want: ["none same-publisher"],
  },
  {
    what: "certificates without ids and another repository",
    file: file("1.1", 10, { identities: [signer({ ...gone, repository: "https://github.com/evil/demo" })] }),
    others: [file("1.0", 0, { identities: [signer(gone)] })],
    want: ["warning other-owner"],
  },
  {
    what: "another e-mail address",
    file: file("1.1", 10, {
      identities: [{ kind: "email", issuer: "https://accounts.example", san: "b@example" }],
    }),
    others: [
      file("1.0", 0, {
        identities: [{ kind: "email", issuer: "https://accounts.example", san: "a@example" }],
      }),
    ],
    want: ["warning other-owner"],
    says: /^1\.0 was signed by a@example; this by b@example\.$/,
  },
  {
    what: "the nearest earlier release, not the oldest",
    file: file("1.2", 20),
    others: [file("1.0", 0, { identities: [signer({ ownerId: "7" })] }), file("1.1", 10)],
    want: ["none same-publisher"],
  },
  {
    what: "a release by another, of which another file was seen",
    file: file("1.1", 11, { identities: [signer({ repositoryId: "9", ownerId: "8" })] }),
    others: [
      file("1.1", 10, { ...sdist("1.1"), identities: [signer({ repositoryId: "9", ownerId: "8" })] }),
      file("1.0", 0),
    ],
    want: ["warning recreated-repository"],
  },
  {
    what: "another file of the first release, by another",
    file: file("1.0", 11, { identities: [signer({ repositoryId: "9", ownerId: "8" })] }),
    others: [file("1.0", 10, sdist("1.0"))],
    want: ["warning recreated-repository"],
  },
  {
    what: "an attestation that is lost on the same line and kind",
    file: file("1.2", 20, absent),
    others: [file("1.1", 10)],
    want: ["warning lost-attestation"],
    says: /^The wheel of 1\.1 was attested by octo\/demo, release\.yml; demo-1\.2-py3-none-any\.whl is not attested\.$/,
  },
  {
    what: "an attestation that was only listed, and is lost",
    file: file("1.2", 20, absent),
    others: [file("1.1", 10, { identities: [] })],
    want: ["warning lost-attestation"],
  },
  {
    what: "an attestation that was lost two releases ago",
    file: file("1.3", 30, absent),
    others: [file("1.2", 20, absent), file("1.1", 10)],
    want: ["warning lost-attestation"],
  },
  {
    what: "a late wheel of a release whose other wheels are attested",
    file: file("1.1", 20, { ...absent, filename: "demo-1.1-cp315-cp315-win_amd64.whl" }),
    others: [file("1.1", 10, { filename: "demo-1.1-cp314-cp314-win_amd64.whl" })],
    want: ["warning lost-attestation"],
  },
  {
    what: "a wheel without attestation beside an attested sdist",
    file: file("1.1", 10, absent),
    others: [file("1.0", 0, sdist("1.0"))],
    want: [],
  },
  {
    what: "an sdist that is no longer attested",
    file: file("1.1", 10, { ...absent, ...sdist("1.1") }),
    others: [file("1.0", 0, sdist("1.0"))],
    want: ["warning lost-attestation"],
    says: /^The source distribution of 1\.0/,
  },
  {
    what: "a release of an old line that never was attested",
    file: file("1.26.19", 50, absent),
    others: [file("2.0", 10), file("2.1", 40), file("1.26.18", 0, absent)],
    want: [],
  },
  {
    what: "a release from before attestations",
    file: file("2.0", 0, absent),
    others: [file("1.26.15", 30)],
    want: [],
  },
  {
    what: "the first release of a new line without attestation",
    file: file("2.0", 20, absent),
    others: [file("1.9", 10)],
    want: ["information lost-on-new-line"],
  },
  {
    what: "a new year of a project that is numbered by the calendar",
    file: file("2026.1.1", 20, absent),
    others: [file("2025.12.1", 10)],
    want: ["warning lost-attestation"],
  },
  {
    what: "an outage now",
    file: file("1.2", 20, { state: "unknown", identities: [] }),
    others: [file("1.1", 10)],
    want: ["none not-known"],
    says: /^Not compared:/,
  },
  {
    what: "an outage then",
    file: file("1.2", 20, absent),
    others: [file("1.1", 10, { state: "unknown", identities: [] })],
    want: [],
  },
  {
    what: "upload times that the index does not tell",
    file: file("1.2", 0, { ...absent, uploadedAt: undefined }),
    others: [file("1.1", 0, { uploadedAt: undefined })],
    want: ["warning lost-attestation"],
  },
  {
    what: "an earlier release that only knowledge has",
    file: file("1.2", 20, absent),
    seen: [seen("1.1", signer())],
    want: ["warning lost-attestation"],
  },
  {
    what: "a release that was signed by another when it was first seen",
    file: { ...file("1.1", 10, { identities: [signer({ ownerId: "6" })] }), sha256: "aa" },
    seen: [seen("1.1", signer(), "aa")],
    want: ["warning rewritten-history", "none first-attested"],
    says: /^demo-1\.1-py3-none-any\.whl was signed by octo\/demo, release\.yml when it was first seen on 2 January 2026, and is by octo\/demo, release\.yml with other ids or another commit now\.$/,
  },
  {
    what: "a release whose attestation is gone since it was first seen",
    file: { ...file("1.1", 10, absent), sha256: "aa" },
    seen: [seen("1.1", signer(), "aa")],
    want: ["warning rewritten-history"],
    says: /; its attestation is gone\.$/,
  },
  {
    what: "a release that is as it was when it was first seen, with one more attestation",
    file: { ...file("1.1", 10, { identities: [signer({ workflow: "slsa.yml" }), signer()] }), sha256: "aa" },
    seen: [seen("1.1", signer(), "aa")],
    want: ["none first-attested"],
  },
  {
    what: "another file under a name that was seen on the same index",
    file: { ...file("1.1", 10), sha256: "bb", source: "https://index.example/simple" },
    seen: [{ ...seen("1.1", signer(), "aa"), source: "https://index.example/simple/" }],
    want: ["warning rewritten-history", "none first-attested"],
    says: /^demo-1\.1-py3-none-any\.whl was another file, by octo\/demo, release\.yml, when it was first seen on 2 January 2026; this one is by octo\/demo, release\.yml\.$/,
  },
  {
    what: "another file under a name that was seen on the same index, without attestation",
    file: { ...file("1.1", 10, absent), sha256: "bb", source: "https://index.example/simple" },
    seen: [{ ...seen("1.1", signer(), "aa"), source: "https://index.example/simple" }],
    want: ["warning rewritten-history"],
    says: /; this one is not attested\.$/,
  },
  {
    what: "another file under a name that was seen on another index",
    file: { ...file("1.1", 10), sha256: "bb", source: "https://mirror.example/simple" },
    seen: [{ ...seen("1.1", signer(), "aa"), source: "https://index.example/simple" }],
    want: ["none first-attested"],
  },
  {
    what: "an outage of a release that was attested when it was first seen",
    file: { ...file("1.1", 10, { state: "unknown", identities: [] }), sha256: "aa" },
    seen: [seen("1.1", signer(), "aa")],
    want: ["none not-known"],
  },
];

function seen(version: string, identity: Identity, sha256 = "00"): SeenIdentity {
  const { filename, uploadedAt } = file(version, 1);
  return { project: "demo", version, filename, sha256, identity, uploadedAt, firstSeen: START + DAY };
}

describe("a publisher's continuity", () => {
  for (const { what, file: subject, others = [], seen: known = [], want, says } of ROWS) {
    it(`after ${what}: ${want.join(", ") || "nothing to say"}`, () => {
      const notes = judgeContinuity({ file: subject, others, seen: known });
      assert.deepEqual(
        notes.map(({ severity, code }) => `${severity} ${code}`),
        want,
        JSON.stringify(notes, null, 1),
      );
      if (says) assert.match(notes[0]?.sentence ?? "", says);
    });
  }
});
