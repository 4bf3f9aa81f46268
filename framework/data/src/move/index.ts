// Boundary: a service's database moved to another server. What it holds, copied and proved equal; writes held; the old one closed. Which server serves
// is not decided here.
export { type TableSum, type TableSums, unequalTables } from "./checksums.ts";
export { contentDifferences, type Contents, readContents } from "./contents.ts";
export { type CopyPass, DatabaseCopy } from "./database-copy.ts";
export {
  closeToService,
  dropDatabase,
  openToService,
  revokeWrites,
  setAside,
  writeRights,
} from "./fence.ts";
export { pauseWrites } from "./write-pause.ts";
