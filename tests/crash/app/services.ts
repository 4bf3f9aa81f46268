import { type AnyService, service } from "@kerf/service";
import { z } from "zod";
import { billingService } from "./billing.ts";
import { booksService } from "./books.ts";
import { audit, ledger, shop, wallet } from "./contracts.ts";
import { database, owner, undoLabel } from "./declared.ts";
import { diaryService } from "./diary.ts";
import { mirrorService } from "./mirror.ts";

const walletService = service(wallet, { owner, database: database("wallet") });
walletService.implement({
  async pay({ input: { from, to, amount, label, nested }, raw, emit, errors }) {
    if (nested === true) {
      await raw.query("begin");
      await raw.query("insert into public.undone_savepoint (label) values ($1)", [label]);
      await raw.query("rollback");
      await raw.query("begin");
    }
    await raw.query("insert into public.effect (label) values ($1)", [label]);
    if (nested === true) await raw.query("commit");
    const { rows } = await raw.query<{ balance: number; paid: number }>(
      `update public.account set balance = balance - $2, paid = paid + 1 where name = $1
        returning balance, paid`,
      [from, amount],
    );
    const [{ balance, paid }] = rows as [{ balance: number; paid: number }];
    await raw.query("update public.account set balance = balance + $2 where name = $1", [
      to,
      amount,
    ]);
    if (balance < 0) throw errors.insufficient({ balance });
    emit.paid({ account: from, paid, label });
    return { paid };
  },
  async balance({ input, raw }) {
    const { rows } = await raw.query<{ balance: number }>(
      "select balance from public.account where name = $1",
      [input.name],
    );
    return { balance: rows[0]?.balance ?? 0 };
  },
  async accounts({ raw }) {
    const { rows } = await raw.query<{ name: string; paid: number }>(
      "select name, paid from public.account order by name",
    );
    return rows;
  },
  async payments({ input: { after, limit }, raw }) {
    const { rows } = await raw.query<{ label: string }>(
      `select label collate "C" as label from public.receipt where label collate "C" > $1
        union select label collate "C" from public.effect where label collate "C" > $1
        order by label limit $2`,
      [after, limit],
    );
    return rows;
  },
});

const shopService = service(shop, {
  owner,
  database: database("shop"),
  uses: { wallet },
});

const checkout = shopService.saga(
  "checkout",
  {
    version: 1,
    input: z.object({
      buyer: z.string(),
      settler: z.string(),
      label: z.string(),
      restMs: z.number(),
    }),
  },
  async (s, { buyer, settler, label, restMs }) => {
    const reserve = `${label} reserve`;
    await s.call(
      "reserve",
      s.clients.wallet.pay,
      { from: buyer, to: "escrow", amount: 10, label: reserve },
      {
        undo: (input) =>
          s.clients.wallet.pay({ ...input, from: "escrow", to: buyer, label: undoLabel(reserve) }),
      },
    );
    await s.local(
      "pack",
      async ({ raw, emit }) => {
        await raw.query("insert into public.note (label, what) values ($1, 'packed')", [label]);
        emit.packed({ label });
      },
      {
        undo: async ({ raw }) => {
          await raw.query("insert into public.note (label, what) values ($1, 'unpacked')", [label]);
        },
      },
    );
    if (restMs > 0) await s.sleep("rest", restMs);
    await s.call("settle", s.clients.wallet.pay, {
      from: settler,
      to: "shop",
      amount: 10,
      label: `${label} settle`,
    });
  },
);

shopService.implement({
  async buy({ input, clients, raw }) {
    const { paid } = await clients.wallet.pay(input);
    await raw.query("insert into public.purchase (label) values ($1)", [input.label]);
    return { paid };
  },
  async order({ input, raw, start }) {
    await raw.query("insert into public.purchase (label) values ($1)", [input.label]);
    return { saga: start(checkout, input) };
  },
});

const auditService = service(audit, { owner, database: database("audit") });
auditService.implement({
  async mend({ input, raw }) {
    await raw.query("insert into public.mended (account) values ($1)", [input.label]);
    return {};
  },
});
auditService.on(wallet, {
  async paid({ event: { id, payload }, raw }) {
    if (payload.account === "poison") {
      const { rowCount } = await raw.query("select from public.mended where account = $1", [
        payload.account,
      ]);
      if (rowCount === 0) throw new TypeError("a bug in the handler");
    }
    await raw.query("insert into public.seen (account, paid, event) values ($1, $2, $3)", [
      payload.account,
      payload.paid,
      id,
    ]);
  },
});

const ledgerService = service(ledger, { owner, database: database("ledger") });
ledgerService.implement({
  async enter({ input, raw }) {
    await raw.query("insert into public.entry (label) values ($1)", [input.label]);
    return {};
  },
});

/** Name of a service of the scenarios. */
export type ServiceName =
  | "wallet"
  | "shop"
  | "audit"
  | "ledger"
  | "diary"
  | "mirror"
  | "billing"
  | "books";

/** The services of every scenario, by name. */
export const services: Readonly<Record<ServiceName, AnyService>> = {
  wallet: walletService,
  shop: shopService,
  audit: auditService,
  ledger: ledgerService,
  diary: diaryService,
  mirror: mirrorService,
  billing: billingService,
  books: booksService,
};
