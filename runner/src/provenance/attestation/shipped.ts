// The trust root that comes with the program, and the root of the TUF repository by which a later one is proven.

import root from "../../data/trusted_root.json" with { type: "json" };
import origin from "../../data/trusted_root.origin.json" with { type: "json" };
import tufRoot from "../../data/tuf_root.json" with { type: "json" };

export const SHIPPED_ROOT: unknown = root;
export const SHIPPED_TUF_ROOT: unknown = tufRoot;
/** Where the shipped trust root is from, and the TUF repository to ask for a later one. */
export const TUF_REPOSITORY: string = origin.from;
/** Milliseconds since the epoch. */
export const SHIPPED_TIME: number = Date.parse(origin.date);
