// What the language-status item says of a document, in one state and one line.
import type { StatusParams } from "../../../shared/src/protocol/editor.ts";
import { sayEnvironment } from "../../../shared/src/rules/words.ts";
import { summaryOf } from "../features/codeLens.ts";
import { say } from "../l10n.ts";
import type { View } from "../model.ts";
import type { AskContext } from "./knowledge.ts";

export function statusOf(uri: string, view: View): StatusParams {
  const { snapshot } = view;
  return {
    state: stateOf(view),
    uri,
    message: snapshot.unasked ? unaskedStatus(snapshot.unasked) : summaryOf(view),
    ...(snapshot.environment ? { environment: sayEnvironment(snapshot.environment) } : {}),
  };
}

function unaskedStatus({ code, message }: NonNullable<AskContext["unasked"]>): string {
  return code === "untrusted" ? say("Not checked: {0}. The text alone is checked.", message) : message;
}

function stateOf(view: View): StatusParams["state"] {
  const code = view.snapshot.unasked?.code;
  if (code === "untrusted") return "untrusted";
  if (code === "runner-failed") return "runner-failed";
  if (view.settings.offline) return "offline";
  const { pending, resolving, tracing } = view.snapshot;
  return pending || resolving || tracing ? "checking" : "idle";
}
