import { contract, event, schemaFrom } from "@kerf/contract";
import type { CommandTransaction } from "@kerf/data";
import { DeclaredError, KerfError, type Random } from "@kerf/kernel";
import type { SagaDefinition, SagaSteps } from "@kerf/saga";
import { changeAccount, insertEffect } from "../statements/bank.ts";

/** The two services. Each has accounts, moves money between its own and the other's, and follows what the other one does. */
export const services = ["east", "west"] as const;
export type ServiceName = (typeof services)[number];

/** The service whose events a service follows. */
export function otherOf(service: ServiceName): ServiceName {
  return service === "east" ? "west" : "east";
}

/** Accounts of each service: few, so that commands meet, and two in each of two shards. */
export const accounts = ["a", "q", "b", "r"] as const;
/** What is in each account at first. */
export const firstBalance = 100;

/** A change of one account. */
export interface Change {
  readonly account: string;
  readonly amount: number;
  /** Whether it may leave a debt, as undoing may. */
  readonly force?: boolean;
}

/** Money that goes from one service to the other, or within one. */
export interface Transfer {
  readonly from: { readonly service: ServiceName; readonly account: string };
  readonly to: { readonly service: ServiceName; readonly account: string };
  readonly amount: number;
  /** How long it rests in between, milliseconds. */
  readonly restMs: number;
  /** How long it waits until its own service knows of what arrived in the other one, milliseconds; 0 when it does not ask. */
  readonly waitMs: number;
  /** Whether the command that starts it has an effect of its own. */
  readonly noted: boolean;
}

/** What happened to an account: `n` counts its changes, so that order and gaps show. */
export interface Moved {
  readonly account: string;
  readonly n: number;
}

const anything = schemaFrom({ type: "object" }, (value) => value as Record<string, unknown>);

/** The contract of one of the services, as far as its log needs it. */
export function bankContract(name: ServiceName) {
  return contract(name, {
    version: "1.0.0",
    operations: {},
    events: { moved: event({ schema: anything as never, key: "account" as never }) },
  });
}

/** Where a bank's statements and events go. */
export interface BankWork {
  readonly transaction: CommandTransaction;
  readonly emit: Readonly<Record<string, (payload: unknown) => void>>;
}

/** The handler of a change, and of what sagas do in their own service. Throws the declared error `short` when there is not enough. */
export async function change(
  { transaction, emit }: BankWork,
  key: string,
  { account, amount, force }: Change,
): Promise<number> {
  const { rows } = await transaction.raw.query<{ n: number }>(changeAccount, [
    account,
    amount,
    force === true ? -1_000_000 : 0,
  ]);
  const [changed] = rows;
  if (changed === undefined) throw new DeclaredError("short", { account });
  await transaction.raw.query(insertEffect, [key, account, amount]);
  emit["moved"]?.({ account, n: changed.n } satisfies Moved);
  return changed.n;
}

type ChangeOperation = (input: Change, options?: { idempotencyKey?: string }) => any;

/** Clients as the sagas see them. */
export type BankClients = Readonly<Record<ServiceName, { readonly change: ChangeOperation }>>;

/** A transfer as a saga: two steps side by side, in an order that chance decides anew in each run; nobody knows them but by name. */
export function transferSaga(own: ServiceName, random: Random): SagaDefinition<any, any> {
  const other = bankContract(otherOf(own));
  return {
    name: "transfer",
    version: 1,
    input: anything as never,
    waits: [{ producer: other, events: ["moved"] }],
    run: async (s: SagaSteps<BankClients, BankWork>, given) => {
      const { from, to, amount, restMs, waitMs } = given as unknown as Transfer;
      const say = (what: string) => async (work: BankWork) => {
        await work.transaction.raw.query(insertEffect, [`saga:${s.id}:${what}`, "", 0]);
      };
      await s.local("note", say("note"), { undo: say("note:undo") });
      const take = () =>
        s.call(
          "take",
          s.clients[from.service].change,
          { account: from.account, amount: -amount },
          { undo: (input) => s.clients[from.service].change({ ...input, amount, force: true }) },
        );
      const give = () =>
        s.call(
          "give",
          s.clients[to.service].change,
          { account: to.account, amount },
          {
            undo: (input) =>
              s.clients[to.service].change({ ...input, amount: -amount, force: true }),
          },
        );
      const both = random.next() < 0.5 ? [take, give] : [give, take];
      await Promise.all(both.map((step) => step()));
      if (restMs > 0) await s.sleep("rest", restMs);
      if (waitMs > 0 && to.service === other.name) {
        const options = { key: to.account, timeoutMs: waitMs };
        const arrived = await s.waitFor("arrived", other, "moved", options);
        if (arrived === undefined) throw s.fail("nothing was heard of it");
      }
      if (amount % 10 === 7) throw s.fail("the bank changes its mind");
      await s.local("close", say("close"));
    },
  };
}

/** A call of something that a bank does not have. */
export function noSuchOperation(name: string): KerfError {
  return new KerfError("not_found", `The bank has no operation ${name}.`);
}
