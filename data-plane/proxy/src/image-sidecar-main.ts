// The program of the sidecar of an image of somebody else, started by the platform in a container beside that image's own, with its boot document on its
// standard input.
import { assembleImageSidecar } from "./image-sidecar/image-sidecar.ts";
import { startProgram } from "./start-program.ts";

await startProgram("sidecar", assembleImageSidecar);
