// The files of a source tree, as far as metadata is read from them.

/** The files of a tree, wherever it lies: paths with `/`, relative to its root. */
export interface ProjectTree {
  /** Undefined of a file that is not there. Throws for one that cannot be read. */
  read(path: string): Promise<string | undefined>;
}

/** A path of the tree that does not climb out of it. */
export function isInside(path: string): boolean {
  return !/^[/\\]|^[A-Za-z]:|\0/.test(path) && !path.split(/[/\\]/).includes("..");
}
