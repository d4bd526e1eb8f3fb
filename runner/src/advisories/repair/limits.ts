// How far a plan is searched for. What is beyond a limit is said: such a plan is proven, and not shown to be the best.

/** Combinations of this many things at most are tried all; of more, only those that one search suggests. */
export const MOST_COMBINED = 14;
/** So many answers of one size are compared. */
export const MOST_COMPARED = 24;
/** So many sets of advisories to be left are tried one after the other. */
export const MOST_SETS = 60;
/** So many searches are made to move fewer packages with a plan that holds; fewer where each is for everywhere. */
export const MOST_REFINEMENTS = 300;
export const MOST_SCOPE_REFINEMENTS = 40;
/** So many constraints are tried on so many other packages. */
export const MOST_SWAPPED = 6;
/** So many releases of each line, and so many choices of them, are compared where the nearest moves others along. */
export const MOST_RELEASES = 12;
export const MOST_CHOICES = 150;
/** So often a plan is made anew because a release of it was refused. */
export const MOST_VETTINGS = 40;
