// The third pass with the runner in the test's own hands: when it asks, what it gives up, what it keeps.
import assert from "node:assert/strict";
import { CancellationToken } from "vscode-jsonrpc";
import { proofKey, type StackFacts } from "../../../shared/src/facts/stack.ts";
import type { ManifestTree } from "../../../shared/src/manifest/treeModel.ts";
import type { ResolveOutput, ResolvePartial } from "../../../shared/src/protocol/resolve.ts";
import { Cancelled } from "../backend/client.ts";
import { resolved, rootUri, viewOf } from "../features/testing.ts";
import { StackKeeper, type StackWants } from "./stacks.ts";
import { fromRunner, pairUris, toRunner } from "./stackUris.ts";

interface Asked {
  readonly wants: StackWants;
  readonly tree: ManifestTree;
  tell(piece: ResolvePartial): void;
  answer(output: ResolveOutput): void;
  isCancelled: boolean;
}

function keeperWith() {
  const asked: Asked[] = [];
  const changes: boolean[] = [];
  const keeper = new StackKeeper({
    resolve: (_root, tree, wants, tell, token) =>
      new Promise((answer, reject) => {
        const one: Asked = { wants, tree, tell, answer, isCancelled: false };
        asked.push(one);
        token.onCancellationRequested(() => {
          one.isCancelled = true;
          reject(new Cancelled());
        });
      }),
    pairs: (tree) => pairUris(tree.files.map(({ uri }) => [uri, uri.replace("file://", "")])),
    now: () => 1,
    changed: (_root, settled) => changes.push(settled),
    log: () => {},
  });
  return { keeper, asked, changes };
}

const stackOf = (text: string, more: Partial<StackFacts> = {}): StackFacts =>
  resolved(text, { proofs: {}, ...more });
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("the third pass", () => {
  const tree = viewOf("flask\n").tree;

  it("tells the status first and is settled with the whole answer", async () => {
    const { keeper, asked, changes } = keeperWith();
    keeper.start(rootUri, tree);
    assert.equal(keeper.isResolving(rootUri), true);
    asked[0]!.tell({ stack: stackOf("flask\n") });
    assert.equal(keeper.stackOf(rootUri)?.state, "resolves");
    asked[0]!.answer({ stack: stackOf("flask\n", { packages: 7 }) });
    await keeper.settled(rootUri);
    assert.equal(keeper.stackOf(rootUri)?.packages, 7);
    assert.equal(keeper.isResolving(rootUri), false);
    await turn();
    assert.deepEqual(changes, [false, true]);
  });

  it("gives up at once when the text changes, and keeps nothing that comes too late", async () => {
    const { keeper, asked } = keeperWith();
    keeper.start(rootUri, tree);
    keeper.update(rootUri, viewOf("flask>=3\n").tree);
    assert.equal(asked[0]!.isCancelled, true);
    asked[0]!.tell({ stack: stackOf("flask\n") });
    await turn();
    assert.equal(keeper.stackOf(rootUri), undefined);
  });

  it("goes on when a tree is read again with the same texts, and asks nothing that it knows", async () => {
    const { keeper, asked } = keeperWith();
    keeper.start(rootUri, tree);
    const same = viewOf("flask\n").tree;
    keeper.update(rootUri, same);
    assert.equal(asked[0]!.isCancelled, false);
    asked[0]!.answer({ stack: stackOf("flask\n") });
    await keeper.settled(rootUri);
    keeper.start(rootUri, same);
    assert.equal(asked.length, 1);
    keeper.start(rootUri, same, true);
    assert.equal(asked[1]!.wants.refresh, true);
  });

  it("has each edit proven once, and forgets proofs with the text", async () => {
    const { keeper, asked } = keeperWith();
    keeper.start(rootUri, tree);
    asked[0]!.answer({ stack: stackOf("flask\n") });
    await keeper.settled(rootUri);
    const edits = [{ uri: rootUri, edits: [{ span: { start: 5, end: 5 }, newText: "==3" }] }];
    const proving = keeper.prove(rootUri, [edits], CancellationToken.None);
    await turn();
    const proof = { resolves: true, packages: 7, changes: 1 } as const;
    const [sent] = asked[1]!.wants.prove ?? [];
    asked[1]!.answer({ stack: stackOf("flask\n", { proofs: { [proofKey(sent!)]: proof } }) });
    await proving;
    assert.deepEqual(keeper.stackOf(rootUri)?.proofs[proofKey(edits)], proof);
    await keeper.prove(rootUri, [edits], CancellationToken.None);
    assert.equal(asked.length, 2);
  });

  it("says that it was not checked where the runner fails, never that all is well", async () => {
    const { keeper, asked } = keeperWith();
    keeper.start(rootUri, tree);
    asked[0]!.answer(undefined as unknown as ResolveOutput);
    await keeper.settled(rootUri);
    assert.equal(keeper.stackOf(rootUri)?.state, "not-checked");
  });
});

describe("names of files between editor and runner", () => {
  const pairs = pairUris([
    ["untitled:Untitled-1", "/work/Untitled-1.txt"],
    ["file:///c%3A/my%20work/requirements.txt", "c:\\my work\\requirements.txt"],
  ]);

  it("are the editor's on this side and the runner's on the other, wherever they stand", () => {
    const data = {
      uri: "untitled:Untitled-1",
      texts: { "untitled:Untitled-1": "flask\n" },
      lines: [{ uri: "x:y" }],
    };
    const sent = toRunner(data, pairs);
    assert.equal(sent.uri, "file:///work/Untitled-1.txt");
    assert.deepEqual(
      fromRunner({ ...sent, texts: { "file:///work/Untitled-1.txt": "flask\n" } }, pairs),
      data,
    );
  });

  it("are found however the runner spells a drive and a blank", () => {
    assert.equal(
      fromRunner({ uri: "file:///C:/my%20work/requirements.txt" }, pairs).uri,
      "file:///c%3A/my%20work/requirements.txt",
    );
  });
});
