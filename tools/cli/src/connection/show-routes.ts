import { KerfError } from "@kerf/kernel";
import type { RoutesOptions } from "../commands/routes.ts";
import { printJson } from "../output/json.ts";
import { table } from "../output/table.ts";
import { withPlatform } from "./connect.ts";
import { type DeclaredGateway, type GatewayRoute, routesOf } from "./gateway-routes.ts";

/** Prints the routes of one gateway, or of all. */
export function showRoutes(name: string | undefined, options: RoutesOptions): Promise<void> {
  return withPlatform(options, async ({ client }) => {
    const { gateways } = (await client.manifest({})) as unknown as {
      gateways: readonly DeclaredGateway[];
    };
    const wanted = gateways.filter((gateway) => name === undefined || gateway.name === name);
    if (name !== undefined && wanted.length === 0) {
      throw new KerfError("not_found", {
        message: `There is no gateway ${JSON.stringify(name)}.`,
        fix: `Give one of: ${gateways.map((gateway) => gateway.name).join(", ")}`,
      });
    }
    const routes = wanted.flatMap((gateway) => routesOf(gateway));
    if (options.json === true) printJson(routes);
    else process.stdout.write(`${routesText(routes)}\n`);
  });
}

function routesText(routes: readonly GatewayRoute[]): string {
  const titles = ["GATEWAY", "METHOD", "PATH", "TO", "ACCESS", "LIMITS"];
  return table(
    titles.map((title) => ({ title })),
    routes.map(({ gateway, method, path, to, access, limits }) => [
      gateway,
      method,
      path,
      to.join(", "),
      access,
      limits.join("; "),
    ]),
  );
}
