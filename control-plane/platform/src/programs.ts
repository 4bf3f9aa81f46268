import { fileURLToPath } from "node:url";

/** The programs that the platform starts, by path; it imports none of them. */
export const programs = {
  /** Turns an app module into its manifest. */
  describe: fileURLToPath(import.meta.resolve("@kerf/service/describe")),
  /** Builds the services of an app. */
  builder: fileURLToPath(import.meta.resolve("@kerf/platform/builds")),
  /** Puts the next three together. */
  programBundle: fileURLToPath(import.meta.resolve("@kerf/platform/program-bundle")),
  /** Runs a unit. */
  host: fileURLToPath(import.meta.resolve("@kerf/service/host")),
  /** Runs a unit whose service is a program in any language. */
  sidecar: fileURLToPath(import.meta.resolve("@kerf/proxy/sidecar")),
  /** Stands beside an image of somebody else. */
  "image-sidecar": fileURLToPath(import.meta.resolve("@kerf/proxy/image-sidecar")),
  /** Runs a gateway. */
  gateway: fileURLToPath(import.meta.resolve("@kerf/proxy/gateway")),
  /** Keeps what all of them tell of themselves. */
  telemetryStore: fileURLToPath(import.meta.resolve("@kerf/platform/telemetry-store")),
};
