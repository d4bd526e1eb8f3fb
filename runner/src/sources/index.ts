// Sources: what a folder or a repository says of the project in it, without running any of its code.

export type { ProjectTree } from "./projectTree.ts";
export { createSourceReader, type SourceReaderOptions } from "./reader.ts";
export { readStaticMetadata, type StaticMetadata, type StaticProject } from "./staticMetadata.ts";
