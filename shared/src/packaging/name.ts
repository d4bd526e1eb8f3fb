// Names of projects, extras and dependency groups: PEP 503, PEP 508, PEP 685.

const VALID = /^[A-Z0-9](?:[A-Z0-9._-]*[A-Z0-9])?$/i;
const NORMAL = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;

/**
 * The form under which two spellings of one project name are the same: lower case, every run of `-`, `_` and `.` one `-`
 * (PEP 503). Takes any text, so that an invalid name can still be compared.
 */
export function normalizeName(name: string): string {
  for (let index = 0; index < name.length; index++) {
    const code = name.charCodeAt(index);
    const plain = (code >= 97 && code <= 122) || (code >= 48 && code <= 57);
    if (!plain) return name.replace(/[-_.]+/g, "-").toLowerCase();
  }
  return name;
}

/** Whether the text is a project name as PEP 508 allows it: ASCII letters and digits at both ends, `._-` between. */
export function isValidName(name: string): boolean {
  return VALID.test(name) && !name.endsWith("\n");
}

/** Whether the text is a valid name in its normal form already (PEP 503). */
export function isNormalizedName(name: string): boolean {
  return NORMAL.test(name);
}

/** The normal form of an extra's or dependency group's name: the same rule as for projects (PEP 685, PEP 735). */
export function normalizeExtra(extra: string): string {
  return normalizeName(extra);
}
