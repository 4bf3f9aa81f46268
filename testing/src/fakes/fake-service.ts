import {
  readEvents,
  type ServedArguments,
  type ServedOperation,
  type ServedService,
} from "@kerf/call";
import { errorConstructors, type Operation } from "@kerf/contract";
import { KerfError } from "@kerf/kernel";
import { readEventsOperation } from "@kerf/service";
import type { Fake } from "./fake.ts";

/** Takes what is wrong with the test or the code under test, so that the test fails even when the error gets lost on its way. */
export type Report = (problem: unknown) => void;

/** A fake as the inbound half of the call path runs it. */
export function fakeService(fake: Fake, report: Report): ServedService {
  const operations: Record<string, ServedOperation> = {};
  for (const [name, operation] of Object.entries(
    fake.contract.operations as Record<string, Operation<any, any, any, any, any>>,
  )) {
    const errors = errorConstructors(operation.errors as {});
    operations[name] = {
      run: (args) => answer(fake, name, operation.kind === "stream", { ...args, errors }, report),
    };
  }
  if (Object.keys(fake.contract.events).length === 0)
    return { contract: fake.contract, operations };
  operations[readEvents] = { run: emptyLog };
  const all = { ...fake.contract.operations, [readEvents]: readEventsOperation };
  return { contract: { ...fake.contract, operations: all }, operations };
}

/** Tests give events with `receive()`; whoever looks for the end of a fake's log finds it at its beginning. */
async function* emptyLog(): AsyncGenerator<unknown> {
  yield { log: "00000000-0000-0000-0000-000000000000", events: [], head: "0", more: false };
}

function answer(
  fake: Fake,
  name: string,
  isStream: boolean,
  args: ServedArguments & { errors: Readonly<Record<string, unknown>> },
  report: Report,
): unknown {
  const make = (): unknown => {
    const given = fake.answerOf(name);
    if (given === undefined) throw notFaked(fake, name, args.context.caller);
    if (typeof given !== "function") return given;
    return (given as (args: unknown) => unknown)({ ...args, principal: args.context.principal });
  };
  const thrown = (error: unknown): unknown => {
    if (!isAnswer(error, args.errors)) report(error);
    return error;
  };
  return isStream ? items(make, thrown) : value(make, thrown);
}

async function value(make: () => unknown, thrown: (error: unknown) => unknown): Promise<unknown> {
  try {
    return await make();
  } catch (error) {
    throw thrown(error);
  }
}

async function* items(
  make: () => unknown,
  thrown: (error: unknown) => unknown,
): AsyncGenerator<unknown> {
  try {
    yield* make() as AsyncIterable<unknown>;
  } catch (error) {
    throw thrown(error);
  }
}

/** Declared errors and the platform's are answers; whatever else a fake throws, such as a failed assertion, is meant for the test. */
function isAnswer(error: unknown, declared: Readonly<Record<string, unknown>>): boolean {
  if (!(error instanceof KerfError)) return false;
  return error.declared ? error.code in declared : error.code !== "not_faked";
}

function notFaked(fake: Fake, operation: string, caller: string): KerfError {
  const { name } = fake.contract;
  return new KerfError("not_faked", {
    message: `${caller} called ${name}.${operation}, for which the test has no answer.`,
    fix: `Give it one: fake(${name}, { ${operation}: … }), or let it fail: fake.fail("${operation}", "unavailable").`,
  });
}
