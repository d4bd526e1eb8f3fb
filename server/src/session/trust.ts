// Whether the workspace is trusted: asked by everything that would run or contact something. Once granted, trust stays.
import { say } from "../l10n.ts";

export class Trust {
  #isGranted: boolean;

  constructor(isGranted: boolean) {
    this.#isGranted = isGranted;
  }

  get isGranted(): boolean {
    return this.#isGranted;
  }

  grant(): void {
    this.#isGranted = true;
  }
}

/** Why nothing is asked, as a part of a sentence. */
export function untrustedMessage(): string {
  return say("the workspace is not trusted");
}
