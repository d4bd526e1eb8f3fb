// Provenance: where every artifact comes from, and whether that is so. This is all that other parts may import.
export { labelOf } from "./checks/addresses.ts";
export { checkArchive } from "./checks/archiveTruth.ts";
export { checkArtifactDigest } from "./checks/artifactDigest.ts";
export { type AttestationTools, type AttestedAnswer, checkAttestation } from "./checks/attestation.ts";
export {
  checkContinuity,
  checkLockedIdentities,
  checkProjectUrls,
  fileBefore,
  historyOf,
} from "./checks/continuity.ts";
export { checkCoolDown } from "./checks/coolDown.ts";
export { type Expected, underDemand } from "./checks/expectedSigner.ts";
export { checkIndexPolicy, checkIndexUse, type IndexUse, usesOf } from "./checks/indexPolicy.ts";
export { checkMalware, checkStatusMarkers, type MalwareReport } from "./checks/knownBad.ts";
export { checkNameConfusion, findSlip, isEstablished, possiblyMeant } from "./checks/nameConfusion.ts";
export { checkLockHash, checkPinnedAndHashed } from "./checks/pinnedAndHashed.ts";
export { checkAbandoned, checkRunsCode, checkYanked, withoutFiles } from "./checks/releaseState.ts";
export { checkSeveralIndexes } from "./checks/severalIndexes.ts";
export { isFinding, type JudgeOptions, judge, noteExpired } from "./judge.ts";
export type {
  CheckContext,
  CheckDraft,
  EnvironmentJudge,
  IndexView,
  LocatedFile,
  Pipeline,
  Subject,
  SubjectView,
} from "./model.ts";
export { isPublicIndex, mayBeTold } from "./privacy.ts";
export { lockedFilesOf, subjectsOf } from "./subjects.ts";
export { admits, isWheel, judgedOf, viewSubject } from "./view.ts";
