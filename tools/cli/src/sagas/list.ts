import type { ListedSaga } from "@kerf/control-api";
import type { SagaListOptions } from "../commands/saga.ts";
import { withPlatform } from "../connection/connect.ts";
import { operate, wantedServices } from "../connection/operate.ts";
import { printJson } from "../output/json.ts";
import { printable } from "../output/printable.ts";
import { table } from "../output/table.ts";
import { servicesWithSagas } from "./find.ts";

/** Prints the newest sagas of one service or of all. */
export function listSagas(name: string | undefined, options: SagaListOptions): Promise<void> {
  return withPlatform(options, async (connection) => {
    const services = wantedServices(await servicesWithSagas(connection), name, () => true);
    const found = await Promise.all(
      services.map(async (service) => {
        const state = options.state === undefined ? {} : { state: options.state };
        const sagas = await operate<ListedSaga[]>(connection, service.name, "sagas.list", state);
        return sagas.map((saga) => ({ service: service.name, ...saga }));
      }),
    );
    const all = found.flat().sort((a, b) => (a.startedAt < b.startedAt ? 1 : -1));
    if (options.json === true) return printJson(all);
    if (all.length === 0) return void process.stdout.write("There are no such sagas.\n");
    const rows = all.map(
      ({ service, id, name: saga, version, state, startedAt, failure, problem }) => [
        id,
        `${service}.${saga} v${version}`,
        state,
        startedAt.slice(0, 19),
        printable((problem ?? failure)?.message.split("\n")[0] ?? ""),
      ],
    );
    const titles = ["ID", "SAGA", "STATE", "STARTED", "WHY"];
    process.stdout.write(
      `${table(
        titles.map((title) => ({ title })),
        rows,
      )}\n`,
    );
  });
}
