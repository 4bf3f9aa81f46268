import type { Inbound } from "@kerf/call";
import type { Workload } from "@kerf/call/host";
import { openBroker } from "@kerf/events";
import type { AnyService } from "../declaration/service.ts";
import { closeDatabases, openDatabases, type ServiceDatabases } from "../runtime/databases.ts";
import { openRedis } from "../runtime/redis.ts";
import { type RuntimeOptions, ServiceRuntime } from "../runtime/runtime.ts";

/** Services at work in a program: with their databases and what carries their events, behind the callee's half of the call path. */
export interface OpenServices {
  readonly runtime: ServiceRuntime;
  readonly databases: ServiceDatabases;
  readonly inbound: Inbound;
  /** Lets go of databases and broker, when the runtime has stopped. */
  close(): Promise<void>;
}

/** Opens what the boot document of their program says. They can be called when the runtime is connected to a caller. Throws `invalid_app` for a service without handlers. */
export async function openServices(
  workload: Workload,
  services: readonly AnyService[],
  own: Pick<RuntimeOptions, "settings" | "issuer" | "tracing"> = {},
): Promise<OpenServices> {
  const { boot, parts } = workload;
  const { instance } = boot;
  const { clock } = parts;
  const { tracing = workload.tracing } = own;
  const databases = await openDatabases(services, boot.databases, { instance, clock, tracing });
  const broker = boot.broker && (await openBroker(boot.broker, clock));
  const runtime = new ServiceRuntime({
    ...parts,
    ...own,
    services,
    databases,
    redis: await openRedis(services, boot.redis),
    broker,
    instance,
    tracing,
  });
  return {
    runtime,
    databases,
    inbound: workload.serve(runtime.served()),
    async close() {
      await broker?.close();
      await closeDatabases(databases);
    },
  };
}
