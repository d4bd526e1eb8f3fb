// How rules say versions, Pythons, places and ages, so that every face says them alike.
import type { RuntimeEnvironment } from "../environment/model.ts";
import type { SpecifierSet } from "../packaging/specifier.ts";

/** `Python 3.11 or newer` for `>=3.11`; else `Python >=3.8,<3.12`. */
export function sayPython(requiresPython: string): string {
  const simple = /^\s*>=\s*([0-9.]+?)(?:\.0)?\s*$/.exec(requiresPython);
  if (simple) return `Python ${/^\d+$/.test(simple[1]!) ? `${simple[1]}` : simple[1]} or newer`;
  return `Python ${requiresPython.replace(/\s+/g, "")}`;
}

/** `3.10` for `3.10.4`: what people call a Python. */
export function shortPython(version: string): string {
  return version.split(".").slice(0, 2).join(".");
}

const platformNames: Readonly<Record<string, string>> = { linux: "Linux", darwin: "macOS", win32: "Windows" };
const architectureNames: Readonly<Record<string, string>> = {
  x86_64: "x86-64",
  AMD64: "x86-64",
  aarch64: "Arm64",
  arm64: "Arm64",
};

/** `Python 3.11.7, Linux x86-64`. */
export function sayEnvironment(environment: RuntimeEnvironment | undefined): string {
  if (!environment) return "unknown environment";
  const python = environment.pythonVersion ? `Python ${environment.pythonVersion}` : "no Python found";
  const platform = platformNames[environment.platform] ?? environment.platform;
  const architecture = architectureNames[environment.architecture] ?? environment.architecture;
  const libc = environment.libc?.family === "musl" ? " (musl)" : "";
  return `${python}, ${platform} ${architecture}${libc}`;
}

/** The specifier with single commas and no spaces: `>=2,<3`. */
export function saySpecifier(specifier: SpecifierSet): string {
  if (specifier.alternatives) return specifier.alternatives.map(saySpecifier).join(" || ");
  return specifier.clauses.map((clause) => `${clause.operator}${clause.version}`).join(",");
}

/**
 * `5 minutes ago`, `2 days ago`; the day itself where it is more than one ahead, which only a wrong clock makes it. The exact time
 * stands elsewhere. Times in milliseconds since the epoch.
 */
export function sayAge(time: number, now: number): string {
  if (time - now > 86_400_000) return new Date(time).toISOString().slice(0, 10);
  const seconds = Math.max(0, Math.round((now - time) / 1000));
  if (seconds < 60) return "just now";
  const units: readonly [number, string][] = [
    [86_400 * 365, "year"],
    [86_400 * 30, "month"],
    [86_400, "day"],
    [3_600, "hour"],
    [60, "minute"],
  ];
  for (const [size, name] of units) {
    const count = Math.floor(seconds / size);
    if (count >= 1) return `${count} ${name}${count === 1 ? "" : "s"} ago`;
  }
  return "just now";
}

/** `1 package`, `43 packages`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

/** The last part of a URI, decoded: what people call the file. */
export function fileName(uri: string): string {
  const last = uri.slice(uri.lastIndexOf("/") + 1);
  try {
    return decodeURIComponent(last);
  } catch {
    return last;
  }
}

/** Control, bidirectional and other invisible characters replaced, and cut to a length: text from an index is a stranger's. */
export function tame(text: string, most = 200): string {
  const visible = text
    .replace(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+/g, " ")
    .replace(/ {2,}/g, " ")
    .trim();
  return visible.length > most ? `${visible.slice(0, most - 1)}…` : visible;
}
