// Sources: what a folder or a repository says of the project in it, without running any of its code.
export { createSourceReader, type SourceReaderOptions } from "./reader.ts";
export {
  type ProjectTree,
  readStaticMetadata,
  type StaticMetadata,
  type StaticProject,
} from "./staticMetadata.ts";
