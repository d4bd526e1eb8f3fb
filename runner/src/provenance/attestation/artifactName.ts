// Whether two file names are of the same artifact: compared after parsing, since wheels may order their tags as they like.
import { readSdistFilename, readWheelFilename } from "../../../../shared/src/packaging/filename.ts";
import { compareVersions, type Version } from "../../../../shared/src/packaging/version.ts";

/** A file name taken apart as far as two of them are compared. */
export interface ArtifactName {
  readonly kind: "wheel" | "sdist";
  /** PEP 503 form. */
  readonly name: string;
  readonly version: Version;
  /** Build tag and every single tag of a wheel, the ending of an sdist. */
  readonly rest: string;
}

/** The parts of a wheel's or source distribution's name (PEP 427, PEP 625), or undefined where it is neither. */
export function readArtifactName(filename: string): ArtifactName | undefined {
  if (filename.endsWith(".whl")) {
    const wheel = readWheelFilename(filename);
    if (!wheel.ok) return undefined;
    const { name, version, build, tags } = wheel.value;
    return { kind: "wheel", name, version, rest: `${build?.join(".") ?? ""} ${tags.join(" ")}` };
  }
  const sdist = readSdistFilename(filename);
  if (!sdist.ok) return undefined;
  const { name, version } = sdist.value;
  return { kind: "sdist", name, version, rest: filename.endsWith(".zip") ? ".zip" : ".tar.gz" };
}

/** Whether both stand for the same artifact: spelling of name and version and the order of tags do not matter. */
export function isSameArtifactName(one: ArtifactName, two: ArtifactName): boolean {
  return (
    one.kind === two.kind &&
    one.name === two.name &&
    one.rest === two.rest &&
    compareVersions(one.version, two.version) === 0
  );
}
