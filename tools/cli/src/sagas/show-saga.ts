import type { SagaOptions } from "../commands/saga.ts";
import { withPlatform } from "../connection/connect.ts";
import { printJson } from "../output/json.ts";
import { paintFor } from "../output/paint.ts";
import { findSaga } from "./ask-services.ts";
import type { SagaDetail } from "./saga-answers.ts";
import { sagaText } from "./saga-picture.ts";

/** Prints one saga with its steps. */
export function showSaga(id: string, options: SagaOptions): Promise<void> {
  return withPlatform(options, async (connection) => {
    const { saga, service } = await findSaga(connection, id);
    printSaga(service, saga, options);
  });
}

/** Prints a saga as a picture, or as JSON. */
export function printSaga(service: string, saga: SagaDetail, options: SagaOptions): void {
  if (options.json === true) printJson({ service, ...saga });
  else process.stdout.write(`${sagaText(service, saga, paintFor(process.stdout))}\n`);
}
