import { type Contract, describeContract } from "@kerf/contract";
import type { WrittenAgainst } from "../build/descriptor.ts";
import type { AnyService } from "../declaration/service.ts";
import { usesOf } from "../declaration/uses.ts";

/** The contracts of others as a service was written against them: what it calls, and which events it does something with. */
export function writtenAgainst(service: AnyService): WrittenAgainst {
  const awaited = service.sagas.flatMap(({ waits = [] }) => waits);
  return {
    calls: usesOf(service).map(({ contract, optional }) => ({
      optional,
      contract: describeContract({ ...contract, events: {} } as Contract),
    })),
    events: [...service.subscriptions.values()].map(({ producer, handlers }) => {
      const names = new Set([
        ...Object.keys(handlers).filter((name) => handlers[name] !== undefined),
        ...awaited.flatMap((wait) => (wait.producer.name === producer.name ? wait.events : [])),
      ]);
      const { version, events } = describeContract({ ...producer, operations: {} } as Contract);
      return {
        producer: producer.name,
        version,
        events: Object.fromEntries(Object.entries(events).filter(([name]) => names.has(name))),
      };
    }),
  };
}
