import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { buildFiles } from "@kerf/service/builds";
import { context, dockerfile } from "./dockerfile.ts";
import type { ImageProgramOf } from "./service-image.ts";
import { programFiles, programFolder } from "./program-layer.ts";

/** Writes a Dockerfile with all that it copies into a folder, over what lies there. Answers the file's path. */
export async function writeContext(
  program: ImageProgramOf,
  into: string,
  base: string,
): Promise<string> {
  const { files } = await programFiles();
  for (const [path, { bytes = Buffer.alloc(0) }] of files)
    await put(join(into, context.programs, path.slice(programFolder.length)), bytes);
  for (const { descriptor, directory } of program.builds)
    for (const path of [...Object.keys(descriptor.files), buildFiles.descriptor])
      await put(
        join(into, context.builds, descriptor.service.name, path),
        await readFile(join(directory, path)),
      );
  const file = join(into, "Dockerfile");
  await put(file, Buffer.from(dockerfile(program, base)));
  return file;
}

async function put(path: string, bytes: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, bytes);
}
