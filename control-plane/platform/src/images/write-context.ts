import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Build, buildFiles } from "@kerf/service/builds";
import { context, dockerfile } from "./dockerfile.ts";
import { programFiles, programFolder } from "./program-layer.ts";

/** Writes a Dockerfile with all that it copies into a folder, over what lies there. Answers the file's path. */
export async function writeContext(build: Build, into: string, base: string): Promise<string> {
  const { files } = await programFiles();
  for (const [path, { bytes = Buffer.alloc(0) }] of files)
    await put(join(into, context.programs, path.slice(programFolder.length)), bytes);
  for (const path of [...Object.keys(build.descriptor.files), buildFiles.descriptor])
    await put(join(into, context.build, path), await readFile(join(build.directory, path)));
  const file = join(into, "Dockerfile");
  await put(file, Buffer.from(dockerfile(build.descriptor, base)));
  return file;
}

async function put(path: string, bytes: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, bytes);
}
