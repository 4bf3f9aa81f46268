// The program of the sidecar of an image of somebody else, started in a container beside that image's own: by the platform with its boot document on its
// standard input, or by others with a document in a file.
import { brokerOfFile, databaseOfUrl } from "@kerf/service";
import { assembleImageSidecar } from "./image-sidecar/image-sidecar.ts";
import { startProgram } from "./start-program.ts";

await startProgram("sidecar", assembleImageSidecar, {
  databaseOf: databaseOfUrl,
  brokerOf: brokerOfFile,
});
