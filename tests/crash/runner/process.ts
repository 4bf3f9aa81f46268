// Boundary: a process of a crash run. It is what an instance of a unit is (runtime, call path, databases), and every statement and
// call of it is a point at which it can be told to kill itself. One process serves many runs, one after the other.
import { Caller, connectFramed, Inbound, listenFramed, PrincipalVerifier } from "@kerf/call";
import { openBroker } from "@kerf/events";
import { describeError, systemClock, systemRandom, TimerWheel } from "@kerf/kernel";
import { closeDatabases, openDatabases, ServiceRuntime } from "@kerf/service";
import { Logger } from "@kerf/telemetry";
import { services } from "../app/services.ts";
import { watchBroker } from "../hook/broker.ts";
import { Crash } from "../hook/crash.ts";
import { watchDriver } from "../hook/driver.ts";
import { StatementNames } from "../hook/statement-names.ts";
import { watchTransport } from "../hook/transport.ts";
import { points } from "../points.ts";
import { RecordedDiscovery } from "./discovery.ts";
import { hurriedClock } from "./hurried-clock.ts";
import { setUp } from "./set-up.ts";
import type { Order, ProcessBoot, Report } from "./protocol.ts";

/** Bound of the question which sagas run, milliseconds. */
const askMs = 5_000;

const crash = new Crash();
watchDriver(crash, new StatementNames(points));
const log = new Logger({ level: "warn", sink: (line) => process.stderr.write(`${line}\n`) });
let stop: (() => Promise<void>) | undefined;

process.on("message", (order: Order) => void carryOut(order));
// The runner is gone: nobody waits for this one any more.
process.on("disconnect", () => process.exit(0));

async function carryOut(order: Order): Promise<void> {
  try {
    if (order !== "stop") {
      crash.arm(order.boot.plan, order.boot.cut);
      stop = await start(order.boot);
      return report({ ready: true });
    }
    await stop?.();
    report({ stopped: { reached: crash.reached, strange: crash.strange } });
  } catch (error) {
    report({ failed: describeError(error) });
  }
}

function report(what: Report): void {
  process.send?.(what);
}

/** The order is that of a host; answers how to end it. */
async function start(boot: ProcessBoot): Promise<() => Promise<void>> {
  const { instance } = boot;
  const wheel = new TimerWheel(systemClock);
  const random = systemRandom;
  const clock = hurriedClock(boot.upkeep);
  const mine = boot.services.map((name) => services[name]);
  if (boot.setup !== undefined) await setUp(boot.setup, boot.services, crash);
  const databases = await openDatabases(mine, boot.databases, { instance, clock: systemClock });
  const broker =
    boot.broker === undefined
      ? undefined
      : watchBroker(await openBroker({ url: boot.broker }, systemClock), crash);
  const runtime = new ServiceRuntime({
    services: mine,
    databases,
    broker,
    clock,
    wheel,
    random,
    log,
    instance,
  });
  const inbound = new Inbound({
    services: runtime.served(),
    clock: systemClock,
    wheel,
    log,
    checked: false,
    mayCall: () => true,
    principals: new PrincipalVerifier(() => [], { environment: "crash", clock: systemClock }),
  });
  const caller = new Caller({
    clock: systemClock,
    random,
    wheel,
    log,
    discovery: new RecordedDiscovery(boot.addresses),
    connect: (address) =>
      watchTransport(
        connectFramed(address, { clock: systemClock, wheel, log, hello: { instance } }),
        crash,
      ),
    local: inbound,
    checked: false,
  });
  runtime.connect(caller);
  await runtime.assertSagasKnown(systemClock.now() + askMs, false);
  const server = await listenFramed(boot.address, {
    dispatcher: inbound,
    clock: systemClock,
    wheel,
    log,
    instance,
  });
  runtime.startWorkers();
  return async () => {
    await runtime.stopWorkers();
    await caller.stop();
    await server.close();
    await broker?.close();
    await closeDatabases(databases);
  };
}
