import type { SagaListOptions } from "../commands/saga.ts";
import { withPlatform } from "../connection/connect.ts";
import { thoseThatAnswer } from "../connection/those-that-answer.ts";
import { printJson } from "../output/json.ts";
import { oneLine } from "../output/printable.ts";
import { table } from "../output/table.ts";
import { operateOn, servicesWithData } from "./ask-services.ts";
import type { SagaSummary } from "./saga-answers.ts";

/** A saga with the service that it belongs to. */
export type Listed = SagaSummary & { readonly service: string };

/** Prints the sagas of one service, or of all. */
export function listSagas(name: string | undefined, options: SagaListOptions): Promise<void> {
  return withPlatform(options, async (connection) => {
    const services = await servicesWithData(connection, name);
    const lists = await thoseThatAnswer(services, async (service) =>
      (
        await operateOn<readonly SagaSummary[]>(connection, service, "sagas.list", {
          all: options.all === true,
          ...(options.name === undefined ? undefined : { name: options.name }),
        })
      ).map((saga): Listed => ({ service, ...saga })),
    );
    const sagas = lists.flat().toSorted((a, b) => b.startedAt.localeCompare(a.startedAt));
    if (options.json === true) printJson(sagas);
    else process.stdout.write(`${listText(sagas)}\n`);
  });
}

/** The list as a table; those that are stuck say why below. */
export function listText(sagas: readonly Listed[]): string {
  if (sagas.length === 0) return "no sagas";
  const rows = sagas.map(
    ({ service, name, version, id, state, startedAt, lastStep, cancelled }) => [
      service,
      `${name} ${version}`,
      id,
      cancelled && state === "running" ? "running, cancelled" : state,
      startedAt.slice(0, 19).replace("T", " "),
      lastStep ?? "–",
    ],
  );
  const titles = ["SERVICE", "SAGA", "ID", "STATE", "STARTED", "LAST STEP"];
  const why = sagas
    .filter(({ state }) => state === "stuck")
    .map(({ id, failure }) => `  ${id} ${oneLine(failure?.message ?? "it is not known why")}`);
  return [
    table(
      titles.map((title) => ({ title })),
      rows,
    ),
    ...(why.length === 0 ? [] : ["", "stuck, and waiting for an operator:", ...why]),
  ].join("\n");
}
