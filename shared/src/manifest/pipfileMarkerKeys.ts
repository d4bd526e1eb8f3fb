// The keys of a Pipfile's entry that are parts of a marker.

/** PEP 508 variables that pipenv takes as keys: the value is the rest of the comparison, as in `sys_platform = "== 'win32'"`. */
export const PIPFILE_MARKER_KEYS: readonly string[] = [
  "os_name",
  "sys_platform",
  "platform_machine",
  "platform_python_implementation",
  "platform_release",
  "platform_system",
  "platform_version",
  "python_version",
  "python_full_version",
  "implementation_name",
  "implementation_version",
];
