import { service } from "@kerf/service";
import { z } from "zod";
import { billing, wallet } from "./contracts.ts";
import { database, owner, undoLabel } from "./declared.ts";

/** How long somebody waits for a payment at most, milliseconds: longer than any run. */
const patienceMs = 600_000;

/** Sagas that wait. */
export const billingService = service(billing, {
  owner,
  database: database("billing"),
  uses: { wallet },
});
// What its sagas wait for.
billingService.on(wallet, {});

const collecting = billingService.saga(
  "collecting",
  {
    version: 1,
    input: z.object({ label: z.string(), awaited: z.string() }),
    waits: [{ producer: wallet, events: ["paid"] }],
  },
  async (s, { label, awaited }) => {
    await s.call(
      "deposit",
      s.clients.wallet.pay,
      { from: "ada", to: "escrow", amount: 10, label: `${label} deposit` },
      {
        undo: (input) =>
          s.clients.wallet.pay({
            ...input,
            from: "escrow",
            to: "ada",
            label: undoLabel(input.label),
          }),
      },
    );
    await s.local(
      "open",
      async ({ raw }) => {
        await raw.query("insert into public.note (label, what) values ($1, 'opened')", [label]);
      },
      {
        undo: async ({ raw }) => {
          await raw.query("insert into public.note (label, what) values ($1, 'withdrawn')", [
            label,
          ]);
        },
      },
    );
    const payment = await s.waitFor("payment", wallet, "paid", {
      key: awaited,
      timeoutMs: patienceMs,
    });
    await s.local("close", async ({ raw }) => {
      const what = payment === undefined ? "written off" : `paid by ${payment.label}`;
      await raw.query("insert into public.note (label, what) values ($1, $2)", [label, what]);
    });
  },
);

const filing = billingService.saga(
  "filing",
  { version: 1, input: z.object({ label: z.string() }) },
  async (s, { label }) => {
    await s.local("file", async ({ raw }) => {
      await raw.query("insert into public.note (label, what) values ($1, 'filed')", [label]);
      const { rowCount } = await raw.query("select from public.mended where label = $1", [label]);
      if (rowCount === 0) throw new TypeError("a bug in the step");
    });
  },
);

billingService.implement({
  async collect({ input, raw, start }) {
    await raw.query("insert into public.bill (label) values ($1)", [input.label]);
    return { saga: start(collecting, input) };
  },
  async file({ input, raw, start }) {
    await raw.query("insert into public.bill (label) values ($1)", [input.label]);
    return { saga: start(filing, input) };
  },
  async mend({ input, raw }) {
    await raw.query("insert into public.mended (label) values ($1)", [input.label]);
    return {};
  },
});
