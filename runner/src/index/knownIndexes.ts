// What is known of particular indexes: those that answer otherwise than the standard asks.

export interface ForbiddenMeansAbsent {
  readonly host: string;
  readonly path: string;
  readonly reason: string;
}

/** Indexes whose 403 says no more than 404 would. */
export const FORBIDDEN_MEANS_ABSENT: readonly ForbiddenMeansAbsent[] = [
  {
    host: "download.pytorch.org",
    path: "/whl",
    reason:
      "The bucket behind it may not be listed, so it answers 403 for every project that it does not have.",
  },
];

/** Whether a 403 for `url` only says that there is no such project there. */
export function isAbsentWhenForbidden(
  url: URL,
  known: readonly ForbiddenMeansAbsent[] = FORBIDDEN_MEANS_ABSENT,
): boolean {
  return known.some(
    ({ host, path }) =>
      url.host === host && (url.pathname === path || url.pathname.startsWith(`${path.replace(/\/$/, "")}/`)),
  );
}
