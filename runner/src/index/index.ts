// The index client: what pip's configuration says, which indexes that makes, and what they have.
export {
  type CallOptions,
  createIndexClient,
  type DownloadOptions,
  type IndexClient,
  type IndexClientOptions,
  type NamesOptions,
  prepareRequests,
  projectUrl,
} from "./client.ts";
export { type IniFile, readIniFile } from "./iniFile.ts";
export { FORBIDDEN_MEANS_ABSENT, type ForbiddenMeansAbsent } from "./knownIndexes.ts";
export { readMachineConfiguration } from "./machineConfiguration.ts";
export type {
  ChosenVariant,
  DownloadAnswer,
  IndexFailure,
  IndexFailureCode,
  IndexLocation,
  MetadataAnswer,
  NamesAnswer,
  PageFile,
  ProjectAnswer,
  ProjectPage,
  ProvenanceAnswer,
  Release,
  TextAnswer,
  ValueOrigin,
} from "./model.ts";
export type { CacheMode } from "./pages.ts";
export {
  type PipConfiguration,
  type PipConfigurationFile,
  type PipConfigurationInput,
  type PipValue,
  readPipConfiguration,
} from "./pipConfiguration.ts";
export { cleanText, redactText, redactUrl } from "./redact.ts";
export const readArchiveText: typeof import("./wheelArchive.ts").readArchiveText = async (...args) =>
  (await import("./wheelArchive.ts")).readArchiveText(...args);
export { type CommandLineOptions, type FileOption, type IndexSettings, resolveIndexes } from "./settings.ts";
export type { TransportLimits } from "./transport.ts";
