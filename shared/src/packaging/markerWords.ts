// Markers in plain words: where a requirement is used.
import { type Marker, type MarkerComparison, type MarkerVariable, markerToString } from "./marker.ts";

const SYSTEMS: Readonly<Record<string, string>> = {
  win32: "Windows",
  windows: "Windows",
  nt: "Windows",
  linux: "Linux",
  linux2: "Linux",
  darwin: "macOS",
  cygwin: "Cygwin",
  posix: "Linux, macOS and other POSIX systems",
  emscripten: "Emscripten",
  ios: "iOS",
  android: "Android",
  freebsd: "FreeBSD",
  java: "the Java platform",
};

const MIRRORED: Readonly<Record<string, string>> = { "<": ">", "<=": ">=", ">": "<", ">=": "<=" };

/**
 * Says in words where a marker holds: `Used on Windows`, `Used with Python 3.8 or newer and except on macOS`.
 * What has no words stands as code. Without a full stop.
 */
export function explainMarker(marker: Marker): string {
  if (marker.kind === "constant") return marker.value ? "Used everywhere" : "Never used";
  return `Used ${phrase(marker)}`;
}

function phrase(marker: Marker): string {
  switch (marker.kind) {
    case "constant":
      return marker.value ? "everywhere" : "never";
    case "comparison":
      return comparisonPhrase(marker);
    case "or":
      return joinWords(marker.operands.map(phrase), "or");
    case "and": {
      const parts = marker.operands.map((operand) =>
        operand.kind === "or" && marker.operands.length > 1 ? `(${phrase(operand)})` : phrase(operand),
      );
      return joinWords(parts, "and");
    }
  }
}

function joinWords(parts: readonly string[], word: "and" | "or"): string {
  return parts.length < 3
    ? parts.join(` ${word} `)
    : `${parts.slice(0, -1).join(", ")} ${word} ${parts.at(-1)}`;
}

function comparisonPhrase(comparison: MarkerComparison): string {
  const { left, right } = comparison;
  const asCode = `where ${markerToString(comparison)}`;
  if (left.kind === "variable" && right.kind === "literal") {
    return variablePhrase(left.name, comparison.operator, right.value) ?? asCode;
  }
  if (left.kind === "literal" && right.kind === "variable") {
    const { operator } = comparison;
    if (operator === "in" || operator === "not in") {
      return membershipPhrase(right.name, operator === "in", left.value) ?? asCode;
    }
    return variablePhrase(right.name, MIRRORED[operator] ?? operator, left.value) ?? asCode;
  }
  return asCode;
}

function membershipPhrase(name: MarkerVariable, isIn: boolean, value: string): string | undefined {
  const without = isIn ? "with" : "without";
  if (name === "extras") return `${without} the extra ${value}`;
  return name === "dependency_groups" ? `${without} the dependency group ${value}` : undefined;
}

function variablePhrase(name: MarkerVariable, operator: string, value: string): string | undefined {
  const except = operator === "==" ? "" : operator === "!=" ? "except " : undefined;
  switch (name) {
    case "python_version":
    case "python_full_version":
      return versionPhrase("Python", operator, value);
    case "implementation_version":
      return versionPhrase("the implementation's version", operator, value);
    case "sys_platform":
    case "platform_system":
    case "os_name": {
      const system = SYSTEMS[value.toLowerCase()];
      return except === undefined ? undefined : `${except}on ${system ?? value}`;
    }
    case "platform_machine":
      return except === undefined ? undefined : `${except}on ${value} machines`;
    case "platform_python_implementation":
    case "implementation_name":
      return except === undefined ? undefined : `${except}under ${value}`;
    case "extra":
      return except === undefined ? undefined : `${except === "" ? "with" : "without"} the extra ${value}`;
    default:
      return undefined;
  }
}

function versionPhrase(what: string, operator: string, value: string): string | undefined {
  const series = value.endsWith(".*") ? value.slice(0, -2) : value;
  switch (operator) {
    case "==":
      return `with ${what} ${series}`;
    case "!=":
      return `except with ${what} ${series}`;
    case ">=":
      return `with ${what} ${value} or newer`;
    case ">":
      return `with ${what} newer than ${value}`;
    case "<=":
      return `with ${what} ${value} or older`;
    case "<":
      return `with ${what} older than ${value}`;
    case "~=":
      return `with ${what} ${value} or newer of the same series`;
    default:
      return undefined;
  }
}
