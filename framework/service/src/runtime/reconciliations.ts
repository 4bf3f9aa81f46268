import { CallContext, KerfError, newTrace } from "@kerf/kernel";
import { type Keyed, Reconciler, type ReconciliationDefinition } from "@kerf/saga";
import type { Reconciliation } from "../declaration/reconciliation.ts";
import type { BoundService } from "./bound-service.ts";
import { type OperatorActions, textOf } from "./operate.ts";
import type { SagaParts } from "./sagas.ts";

/** Rows of one page. */
const pageSize = 200;
/** Bound of one page and of one repair, milliseconds. */
const callMs = 15_000;
/** What is younger is left out, milliseconds, unless the author says otherwise. */
const settleMs = 300_000;

/** The comparisons of one service in this process. */
export function reconcilerOf(bound: BoundService, parts: SagaParts): Reconciler {
  const { clock, database, log, service } = bound;
  return new Reconciler({
    definitions: [...service.reconciliations].map(([name, declared]) =>
      definitionOf(bound, parts, name, declared),
    ),
    instance: parts.instance,
    database,
    clock,
    random: parts.random,
    log,
  });
}

function definitionOf(
  bound: BoundService,
  parts: SagaParts,
  name: string,
  declared: Reconciliation<any, any, Keyed>,
): ReconciliationDefinition<Keyed> {
  const { clock, database, log } = bound;
  const { repair } = declared;
  const reads = () => database.reads({ deadline: clock.now() + callMs });
  return {
    name,
    settleMs: declared.settleMs ?? settleMs,
    ours: (after) => {
      const { db, raw } = reads();
      return declared.ours({ db: db as never, raw, after, limit: pageSize });
    },
    theirs: (after) =>
      inContext(bound, parts, undefined, (clients) =>
        declared.theirs({ clients: clients as never, after, limit: pageSize }),
      ),
    same: declared.same ?? isSame,
    repair:
      repair &&
      ((difference, idempotencyKey) =>
        inContext(bound, parts, idempotencyKey, (clients) =>
          repair(difference, {
            clients: clients as never,
            db: reads().db as never,
            log: log.with({ reconciliation: name }),
          }),
        )),
  };
}

/** By everything but the time of the change, whatever the order of the fields. */
function isSame(ours: Keyed, theirs: Keyed): boolean {
  const told = ({ at: _, ...rest }: Keyed): string =>
    JSON.stringify(Object.entries(rest).sort(([a], [b]) => (a < b ? -1 : 1)));
  return told(ours) === told(theirs);
}

async function inContext<T>(
  bound: BoundService,
  { wheel }: SagaParts,
  idempotencyKey: string | undefined,
  work: (clients: unknown) => Promise<T>,
): Promise<T> {
  const context = new CallContext({
    clock: bound.clock,
    wheel,
    deadline: wheel.now + callMs,
    trace: newTrace(),
    caller: bound.name,
    idempotencyKey,
  });
  try {
    return await work(bound.clients(context));
  } finally {
    context.release();
  }
}

/** What operators may ask of the comparisons; they are there once the service is connected. */
export function reconciliationActions(bound: BoundService): OperatorActions {
  const { reconciliations } = bound.service;
  if (reconciliations.size === 0) return {};
  return {
    "reconciliations.reports": async () => bound.reconciler?.reports(),
    async "reconciliations.run"(input) {
      const name = textOf(input, "name");
      if (!reconciliations.has(name)) {
        throw new KerfError("not_found", {
          message: `${bound.name} has no reconciliation ${JSON.stringify(name)}.`,
          fix: `Give one of: ${[...reconciliations.keys()].join(", ")}`,
        });
      }
      const repair = input["repair"] === true;
      await bound.database.inTransaction(bound.clock.now() + callMs, async (transaction) =>
        bound.reconciler?.ask(transaction, name, repair),
      );
      return {};
    },
  };
}
