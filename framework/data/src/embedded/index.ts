// Boundary: the PostgreSQL that npm ships, as a server of this machine. Only what starts servers imports it (the platform,
// the test kit); a unit gets a connection and never knows where its server came from.
export { serverOwner } from "./account.ts";
export { findBinaries, type PostgresBinaries } from "./binaries.ts";
export { EmbeddedServer, type EmbeddedServerOptions } from "./embedded-server.ts";
export { makeSpareDatabases } from "./make-spare-databases.ts";
export { quickestDirectory } from "./quickest-directory.ts";
export { makeSpareClusters, type SpareOptions } from "./spare-clusters.ts";
export { serverParameters, type ServerSettings } from "./settings.ts";
export { startTemporaryServer, type TemporaryServer } from "./temporary-server.ts";
