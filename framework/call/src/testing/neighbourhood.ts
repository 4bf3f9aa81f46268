import { type Clock, KerfError, ManualClock, seededRandom, TimerWheel } from "@kerf/kernel";
import { Logger, type Recorder } from "@kerf/telemetry";
import { Caller } from "../caller.ts";
import type { Discovery } from "../discovery/discovery.ts";
import { StaticDiscovery } from "../discovery/static.ts";
import { Inbound } from "../inbound.ts";
import type { ServedService } from "../inbound/served.ts";
import type { PolicyDefaults } from "../policies/defaults.ts";
import { rootContext } from "../root-context.ts";
import type { Address } from "../placement.ts";
import type { Transport } from "../transport.ts";

/** A program with a service in it and a caller beside it, on a clock that stands still; for the tests of this package. */
export function neighbourhood(
  service: ServedService,
  options: {
    checked?: boolean;
    clock?: Clock;
    mayCall?: (caller: string, service: string, operation: string) => boolean;
    discovery?: Discovery;
    connect?: (address: Address) => Transport;
    far?: boolean;
    policies?: Partial<PolicyDefaults>;
    streamIdleMs?: number;
    recorder?: Recorder;
  } = {},
) {
  const manual = new ManualClock();
  const clock = options.clock ?? manual;
  const wheel = new TimerWheel(clock);
  const lines: Record<string, unknown>[] = [];
  const log = new Logger({
    level: "debug",
    clock,
    sink: (line) => lines.push(JSON.parse(line) as Record<string, unknown>),
  });
  const checked = options.checked ?? false;
  const inbound = new Inbound({
    services: [service],
    clock,
    wheel,
    log,
    checked,
    mayCall: options.mayCall ?? (() => true),
    principals: {
      verify(token) {
        if (!token.startsWith("token-of-"))
          throw new KerfError("unauthenticated", "The token is forged.");
        return { subject: token.slice("token-of-".length), claims: {} };
      },
    },
    recorder: options.recorder,
    ...(options.streamIdleMs === undefined ? undefined : { streamIdleMs: options.streamIdleMs }),
  });
  const caller = new Caller({
    clock,
    random: seededRandom(7),
    wheel,
    log,
    discovery: options.discovery ?? new StaticDiscovery({}),
    connect:
      options.connect ??
      (() => {
        throw new Error("nothing is far here");
      }),
    local: options.far === true ? undefined : inbound,
    checked,
    recorder: options.recorder,
    policies: options.policies === undefined ? undefined : { "*": options.policies },
  });
  const context = (more: Partial<Parameters<typeof rootContext>[0]> = {}) =>
    rootContext({ clock, wheel, caller: "reader", ...more });
  return { clock: manual, wheel, inbound, caller, context, lines };
}
