import { command, contract, error, event, query } from "@kerf/contract";
import { z } from "zod";

const payment = z.object({
  from: z.string(),
  to: z.string(),
  amount: z.number().int(),
  /** Of what the payment is for: one effect each, however often it is asked for. */
  label: z.string(),
  /** Also opens transactions inside of the transaction. */
  nested: z.boolean().optional(),
});

/** Keeps money; what it pays is an event. */
export const wallet = contract("wallet", {
  version: "1.0.0",
  operations: {
    pay: command({
      access: "service",
      input: payment,
      output: z.object({ paid: z.number() }),
      errors: { insufficient: error({ data: z.object({ balance: z.number() }) }) },
    }),
    balance: query({
      access: "service",
      input: z.object({ name: z.string() }),
      output: z.object({ balance: z.number() }),
    }),
    accounts: query({
      access: "service",
      input: z.object({}),
      output: z.array(z.object({ name: z.string(), paid: z.number() })),
    }),
    /** Labels of what was paid, here and elsewhere, in the order of code units. */
    payments: query({
      access: "service",
      input: z.object({ after: z.string(), limit: z.number() }),
      output: z.array(z.object({ label: z.string() })),
    }),
  },
  events: {
    paid: event({
      schema: z.object({ account: z.string(), paid: z.number(), label: z.string() }),
      key: "account",
    }),
  },
});

/** Sells: by a command that calls another, and by a saga. */
export const shop = contract("shop", {
  version: "1.0.0",
  operations: {
    buy: command({ access: "service", input: payment, output: z.object({ paid: z.number() }) }),
    order: command({
      access: "service",
      input: z.object({
        buyer: z.string(),
        /** Who pays at the end; `broke` cannot, so that all is undone. */
        settler: z.string(),
        label: z.string(),
        /** Milliseconds that the saga rests in the middle. */
        restMs: z.number(),
      }),
      output: z.object({ saga: z.string() }),
    }),
  },
  events: { packed: event({ schema: z.object({ label: z.string() }), key: "label" }) },
});

/** Keeps entries, in a database that its own process makes. */
export const ledger = contract("ledger", {
  version: "1.0.0",
  operations: {
    enter: command({
      access: "service",
      input: z.object({ label: z.string() }),
      output: z.object({}),
    }),
  },
});

/** Sees every payment. */
export const audit = contract("audit", {
  version: "1.0.0",
  operations: {
    /** From now on events of this account can be applied. */
    mend: command({
      access: "service",
      input: z.object({ label: z.string() }),
      output: z.object({}),
    }),
  },
  events: {},
});

/** Writes down what its schedules did. */
export const diary = contract("diary", {
  version: "1.0.0",
  operations: {},
  events: {
    ticked: event({
      schema: z.object({ schedule: z.string(), at: z.string(), half: z.number() }),
      key: "schedule",
    }),
  },
});

/** Keeps what each account has paid, as tables that follow the wallet. */
export const mirror = contract("mirror", { version: "1.0.0", operations: {}, events: {} });

/** Collects money, by sagas that wait for it or for somebody to mend something. */
export const billing = contract("billing", {
  version: "1.0.0",
  operations: {
    collect: command({
      access: "service",
      input: z.object({
        label: z.string(),
        /** Whose next payment ends it; its own deposit is from another one. */
        awaited: z.string(),
      }),
      output: z.object({ saga: z.string() }),
    }),
    file: command({
      access: "service",
      input: z.object({ label: z.string() }),
      output: z.object({ saga: z.string() }),
    }),
    mend: command({
      access: "service",
      input: z.object({ label: z.string() }),
      output: z.object({}),
    }),
  },
});

/** Compares what was promised with what the wallet has paid. */
export const books = contract("books", { version: "1.0.0", operations: {}, events: {} });
