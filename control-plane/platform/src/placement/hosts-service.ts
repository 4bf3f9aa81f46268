import type {
  Attachment,
  CertificateOrder,
  HostReport,
  LoadReport,
  ServedService,
  SignedSnapshot,
} from "@kerf/call";
import { hosts, type LeaseOrder, type WakeOrder } from "@kerf/call/host";
import { LeaseKeeper } from "@kerf/call/limits";
import {
  type CallContext,
  type Clock,
  type ErrorShape,
  KerfError,
  toKerfError,
} from "@kerf/kernel";
import type { LoadKeeper, LoadSubject } from "../load/load-keeper.ts";
import type { Instance } from "../supervisor/instance.ts";
import type { Supervisor } from "../supervisor/supervisor.ts";
import type { Authority } from "../resources/authority.ts";
import type { Publisher } from "./publisher.ts";

/** What the host protocol works on. */
export interface HostsServiceOptions {
  readonly supervisor: Supervisor;
  readonly publisher: Publisher;
  /** Makes certificates, where programs talk over TCP. */
  readonly authority: Authority | undefined;
  /** Keeps what instances measure of themselves. */
  readonly load: LoadKeeper;
  readonly clock: Clock;
  /** A service that sleeps is called; rejects when no copy of it gets ready. */
  wake(service: string): Promise<void>;
  /** A host tells of a failure that people should see. */
  problem(error: ErrorShape, source: string): void;
}

/** The platform's side of the host protocol: instances and gateways attach, report, and are told the placement. */
export function hostsService(options: HostsServiceOptions): ServedService {
  const { supervisor, publisher } = options;
  const keeper = new LeaseKeeper();
  return {
    contract: hosts,
    operations: {
      attach: {
        run: ({ input, context }) => follow(supervisor, publisher, input as Attachment, context),
      },
      report: {
        run: ({ input }) => {
          const report = input as HostReport;
          supervisor.identify(report).report(report);
          publisher.acknowledgement();
          return {};
        },
      },
      load: {
        run: ({ input }) => {
          const { instance: _instance, token: _token, ...measured } = input as LoadReport;
          const instance = supervisor.identify(input as LoadReport);
          options.load.heard(subjectOf(instance), measured);
          return {};
        },
      },
      certify: {
        run: async ({ input }) => {
          const order = input as CertificateOrder;
          const { unit } = supervisor.identify(order);
          if (options.authority === undefined) throw noAuthority(unit);
          return { certificate: await options.authority.issue(order.request, unit) };
        },
      },
      lease: {
        run: ({ input }) => {
          const { leases, ...claim } = input as LeaseOrder;
          const { unit } = supervisor.identify(claim);
          return { grants: keeper.lease(unit, leases, options.clock.now()) };
        },
      },
      wake: {
        run: async ({ input }) => {
          const { service, ...claim } = input as WakeOrder;
          supervisor.identify(claim);
          try {
            await options.wake(service);
            return {};
          } catch (thrown) {
            const { code, fix, message, why } = toKerfError(thrown);
            // Nobody knows yet what there is: it is asked again.
            if (code === "not_ready") throw thrown;
            return { error: new KerfError("start_failed", { message, why, fix }).toShape() };
          }
        },
      },
      problem: {
        run: ({ input }) => {
          const told = input as { instance: string; token: string; error: ErrorShape };
          options.problem(told.error, supervisor.identify(told).unit);
          return {};
        },
      },
    },
  };
}

/** For as long as an instance holds on: the newest snapshot, then each newer one. What it misses while it reads slowly is skipped. */
async function* follow(
  supervisor: Supervisor,
  publisher: Publisher,
  attachment: Attachment,
  context: CallContext,
): AsyncGenerator<SignedSnapshot> {
  const { detached } = supervisor.attach(attachment);
  let wake = Promise.withResolvers<void>();
  const unsubscribe = publisher.onSnapshot(() => wake.resolve());
  const forget = context.onCancel(() => wake.resolve());
  let sent: SignedSnapshot | undefined;
  try {
    while (context.cancelled === undefined) {
      wake = Promise.withResolvers<void>();
      const newest = publisher.signed;
      if (newest !== undefined && newest !== sent) {
        sent = newest;
        yield newest;
      } else await wake.promise;
    }
  } finally {
    forget();
    unsubscribe();
    detached();
  }
}

function subjectOf({ adopted, id, record, unit }: Instance): LoadSubject {
  // What runs from source has no releases.
  const release = record.release === undefined ? "" : String(record.release);
  return { instance: id, unit, release, adopted };
}

function noAuthority(unit: string): KerfError {
  return new KerfError("not_ready", {
    message: `There is no certificate for ${unit}: programs of this platform talk over Unix sockets.`,
    fix: "Start it with --network tcp, or restart the unit.",
  });
}
