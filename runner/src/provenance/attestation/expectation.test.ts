// Who signed against who was expected: by policy, by a lock's recorded identities, key by key.
import assert from "node:assert/strict";
import {
  differences,
  type ExpectedIdentity,
  type Identity,
  isExpected,
  readExpectedIdentity,
} from "./index.ts";

const GITHUB: Identity = {
  kind: "GitHub",
  issuer: "https://token.actions.githubusercontent.com",
  san: "https://github.com/octo/demo/.github/workflows/release.yml@refs/tags/v1",
  repository: "https://github.com/octo/demo",
  repositoryId: "1",
  owner: "https://github.com/octo",
  ownerId: "2",
  workflow: ".github/workflows/release.yml",
};
const GITLAB: Identity = {
  kind: "GitLab",
  issuer: "https://gitlab.com",
  san: "https://gitlab.com/group/sub/demo//.gitlab-ci.yml@refs/heads/main",
  repository: "https://gitlab.com/group/sub/demo",
  workflow: ".gitlab-ci.yml",
};
const GOOGLE: Identity = {
  kind: "Google",
  issuer: "https://accounts.google.com",
  san: "b@p.iam.gserviceaccount.com",
};
const CIRCLE: Identity = {
  kind: "CircleCI",
  issuer: "https://oidc.circleci.com",
  san: "https://circleci.com/x",
  repository: "github.com/octo/demo",
  signer: "https://circleci.com/api/v2/projects/p-1/pipeline-definitions/d-1",
};

describe("an expected signer", () => {
  const rows: readonly (readonly [Identity, ExpectedIdentity, readonly string[]])[] = [
    [GITHUB, {}, []],
    [GITHUB, { kind: "github", repository: "octo/demo", workflow: "release.yml" }, []],
    [GITHUB, { repository: "https://github.com/Octo/Demo/" }, []],
    [GITHUB, { repository: "https://github.com/octo/demo.git" }, []],
    [GITHUB, { repository: "octo/demo2" }, ["repository"]],
    [GITHUB, { repository: "evil/octo/demo" }, ["repository"]],
    [GITHUB, { repository: "demo" }, ["repository"]],
    [GITHUB, { workflow: ".github/workflows/release.yml" }, []],
    [GITHUB, { workflow: "elease.yml" }, ["workflow"]],
    [GITHUB, { owner: "octo", ownerId: "2", repositoryId: "1" }, []],
    [GITHUB, { owner: "cat", ownerId: "3", repositoryId: "4" }, ["repositoryId", "owner", "ownerId"]],
    [GITHUB, { kind: "GitLab" }, ["kind"]],
    [GITHUB, { issuer: "https://gitlab.com" }, ["issuer"]],
    [GITHUB, { environment: "pypi" }, ["environment"]],
    [{ ...GITHUB, environment: "PyPI" }, { environment: "pypi" }, []],
    [GITHUB, { email: "a@example" }, ["email"]],
    [GITLAB, { kind: "GitLab", repository: "group/sub/demo", workflow: ".gitlab-ci.yml" }, []],
    [GITLAB, { issuer: "https://gitlab.com", repository: "group/sub/demo" }, []],
    [GITLAB, { repository: "https://gitlab.com/group/sub/demo" }, []],
    [GITLAB, { repository: "group/sub/demo" }, ["kind"]],
    [{ ...GITLAB, repositoryId: "1", ownerId: "2" }, { repositoryId: "1", ownerId: "2" }, ["kind"]],
    [GOOGLE, { email: "b@p.iam.gserviceaccount.com" }, []],
    [GOOGLE, { repository: "octo/demo" }, ["kind", "repository"]],
    [
      CIRCLE,
      { claims: { project_id: "p-1", pipeline_definition_id: "d-1", vcs_origin: "github.com/octo/demo" } },
      [],
    ],
    [CIRCLE, { claims: { project_id: "p-2" } }, ["claims"]],
    [CIRCLE, { claims: { pipeline_definition_id: "d" } }, ["claims"]],
    [CIRCLE, { claims: { project_id: "p-1", vcs_ref: "refs/heads/main" } }, ["claims"]],
  ];
  for (const [identity, expected, want] of rows) {
    it(`${identity.kind} against ${JSON.stringify(expected)} differs in ${want.join(", ") || "nothing"}`, () => {
      assert.deepEqual(differences(identity, expected), want);
    });
  }

  it("is one of several, and nobody where none is named", () => {
    assert.equal(isExpected(GITHUB, [{ kind: "GitLab" }, { repository: "octo/demo" }]), true);
    assert.equal(isExpected(GITHUB, []), false);
  });

  it("is read from a pylock's attestation-identities, whatever the kind calls its keys", () => {
    const read = readExpectedIdentity({
      kind: "GitHub",
      repository: "octo/demo",
      workflow: "release.yml",
      environment: "pypi",
    });
    assert.ok(read && isExpected(GITHUB, [read]));
    const lab = readExpectedIdentity({
      kind: "GitLab",
      repository: "group/sub/demo",
      workflow_filepath: ".gitlab-ci.yml",
    });
    assert.ok(lab && isExpected(GITLAB, [lab]) && !isExpected(GITHUB, [lab]));
    const circle = readExpectedIdentity({
      kind: "CircleCI",
      project_id: "p-1",
      pipeline_definition_id: "d-1",
    });
    assert.ok(circle && isExpected(CIRCLE, [circle]));
    assert.equal(readExpectedIdentity({ repository: "octo/demo" }), undefined);
    assert.equal(readExpectedIdentity({ kind: 7 }), undefined);
    assert.equal(readExpectedIdentity({ kind: "GitHub" }), undefined);
  });
});
