import type { SagaOptions } from "../commands/saga.ts";
import { withPlatform } from "../connection/connect.ts";
import { printJson } from "../output/json.ts";
import { paintFor } from "../output/paint.ts";
import { findSaga } from "./find.ts";
import { sagaPicture } from "./picture.ts";

/** Draws one saga. */
export function showSaga(id: string, options: SagaOptions): Promise<void> {
  return withPlatform(options, async (connection) => {
    const { service, saga } = await findSaga(connection, id);
    if (options.json === true) return printJson({ service, ...saga });
    process.stdout.write(`${sagaPicture(service, saga, { paint: paintFor(process.stdout) })}\n`);
  });
}
