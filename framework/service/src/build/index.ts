// Boundary: builds, for whoever writes, keeps and compares them. A program that runs one loads it by `loadBuild` of the main entry.
export {
  type BuildDescriptor,
  buildFiles,
  buildFormat,
  type BuiltFile,
  type BuiltService,
  type SagaVersion,
  type WrittenAgainst,
  type WrittenCall,
  type WrittenEvents,
} from "./descriptor.ts";
export { canonicalJson, digestOf, sha256 } from "./digest.ts";
export { manifestOfBuild } from "./manifest-of-build.ts";
export { type Build, filesBelow, openBuild } from "./open-build.ts";
export { parseDescriptor } from "./parse-descriptor.ts";
