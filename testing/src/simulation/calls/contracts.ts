import { command, contract, query, stream } from "@kerf/contract";
import { jsonSchema } from "@kerf/contract/json-schema";

/** What every call carries: what it is about, the same in each execution of it, and which call it is. */
export interface Errand {
  /** The intent: what has one effect, however often it is executed. */
  readonly id: string;
  /** The call of a client's stub that sent it; all of its attempts have the same. */
  readonly call: number;
}

/** Of a stream: how many items. */
export interface Watch extends Errand {
  readonly to: number;
}

const errand = () => jsonSchema<Errand>({});
const done = () => jsonSchema<{ readonly id: string }>({});
const access = "public" as const;

/** Reads, changes that are recorded with their effect, and streams. */
export const stock = contract("stock", {
  version: "1.0.0",
  operations: {
    count: query({ access, input: errand(), output: done() }),
    take: command({ access, input: errand(), output: done() }),
    watch: stream({
      access,
      input: jsonSchema<Watch>({}),
      output: jsonSchema<{ readonly n: number }>({}),
      cursor: "n",
    }),
    /** Ends only when it is cancelled. */
    hang: query({ access, input: errand(), output: done() }),
  },
});

/** Changes something outside of a database: nothing records what it did. */
export const mail = contract("mail", {
  version: "1.0.0",
  operations: { send: command({ access, input: errand(), output: done() }) },
});

/** Calls the other two. */
export const shop = contract("shop", {
  version: "1.0.0",
  operations: {
    look: query({ access, input: errand(), output: done() }),
    order: command({ access, input: errand(), output: done() }),
  },
});

export const contracts = { stock, mail, shop } as const;
export type ServiceName = keyof typeof contracts;
export const serviceNames = Object.keys(contracts) as ServiceName[];

/** Whether a service records its commands with their effects. */
export const records: Readonly<Record<ServiceName, boolean>> = {
  stock: true,
  mail: false,
  shop: true,
};
