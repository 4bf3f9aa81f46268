import { userInfo } from "node:os";
import type { SagaActionOptions } from "../commands/saga.ts";
import { withPlatform } from "../connection/connect.ts";
import { findSaga, operateOn } from "./ask-services.ts";
import type { SagaDetail } from "./saga-answers.ts";
import { printSaga } from "./show-saga.ts";

/** Acts on a saga in the name of whoever is logged in, and prints how it stands then. */
export function actOnSaga(
  action: "retry" | "cancel" | "resolve",
  id: string,
  options: SagaActionOptions,
): Promise<void> {
  return withPlatform(options, async (connection) => {
    const { service } = await findSaga(connection, id);
    const input = {
      id,
      by: userInfo().username,
      ...(options.note === undefined ? undefined : { note: options.note }),
    };
    const saga = await operateOn<SagaDetail>(connection, service, `sagas.${action}`, input);
    printSaga(service, saga, options);
  });
}
