import type { SagaCancelOptions, SagaResolveOptions } from "../commands/saga.ts";
import { withPlatform } from "../connection/connect.ts";
import { operate } from "../connection/operate.ts";
import { printJson } from "../output/json.ts";
import { paintFor } from "../output/paint.ts";
import { findSaga } from "./find.ts";
import { sagaPicture } from "./picture.ts";

/** Acts on one saga and shows what it is then. */
export function actOnSaga(
  action: "retry" | "cancel" | "resolve",
  id: string,
  options: SagaCancelOptions & SagaResolveOptions,
): Promise<void> {
  return withPlatform(options, async (connection) => {
    const { service } = await findSaga(connection, id);
    const { note, reason } = options;
    await operate(connection, service, `sagas.${action}`, {
      id,
      ...(action === "cancel" && { reason }),
      ...(action === "resolve" && { note }),
    });
    const { saga } = await findSaga(connection, id);
    if (options.json === true) return printJson({ service, ...saga });
    process.stdout.write(`${sagaPicture(service, saga, { paint: paintFor(process.stdout) })}\n`);
  });
}
