// Changes the policy in the text of a `.thoth.yaml`, and nothing else in it: comments, order and spacing stay.
import { isMap, isSeq, parseDocument, YAMLMap, YAMLSeq } from "yaml";
import type { Acceptance } from "./policy.ts";
import { readConfiguration } from "./read.ts";

export type PolicyChange =
  | { readonly kind: "accept"; readonly acceptance: Acceptance }
  | { readonly kind: "bind"; readonly package: string; readonly index: string };

export type PolicyChangeAnswer = { readonly text: string } | { readonly problem: string };

/** The text with the change made; an empty text is a file that is not there yet. Never throws. */
export function changePolicy(text: string, change: PolicyChange): PolicyChangeAnswer {
  const document = parseDocument(text, { version: "1.2" });
  const [error] = document.errors;
  if (error) return { problem: `is not YAML: ${error.message.split("\n")[0]}` };
  if (document.contents === null) document.contents = document.createNode({}) as never;
  if (!isMap(document.contents)) return { problem: "is no table of keys" };
  const policy = document.getIn(["policy"], true);
  if (policy === undefined || policy === null) document.setIn(["policy"], new YAMLMap());
  else if (!isMap(policy)) return { problem: "has a policy that is no table of keys" };
  if (change.kind === "bind") {
    if (!isMap(document.getIn(["policy", "bindings"]))) document.setIn(["policy", "bindings"], new YAMLMap());
    document.setIn(["policy", "bindings", change.package], change.index);
  } else {
    if (!isSeq(document.getIn(["policy", "accept"]))) document.setIn(["policy", "accept"], new YAMLSeq());
    document.addIn(["policy", "accept"], document.createNode(change.acceptance));
  }
  const changed = document.toString({ lineWidth: 0, flowCollectionPadding: !/\{\S/.test(text) });
  const [problem] = readConfiguration(changed).problems.filter(({ code }) => code !== "unknown-key");
  return problem ? { problem: problem.message } : { text: changed };
}
