// For whoever reads authors' modules without running them, and must understand them as the loader does.
export { AppBoundary } from "./app-files.ts";
export { findImport } from "./find-import.ts";
export { isHostPackage } from "./host-packages.ts";
export { mayNeedTransform, transformedSource } from "./transform.ts";
