// pip's options by any of their forms, for hover and completion.
import { PIP_OPTIONS, type PipOption } from "../../../shared/src/manifest/pipOptions.ts";

export { PIP_OPTIONS, type PipOption };

/** The option with this form, short or long; undefined where pip 26 knows none. */
export function findPipOption(form: string): PipOption | undefined {
  return PIP_OPTIONS.find((option) => option.name === form || option.forms.includes(form));
}
