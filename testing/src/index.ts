// Boundary: what an author's tests start. One service or the whole app inside the test process, on databases cloned from a migrated
// template, with typed fakes and a clock to move by hand. Knows no test runner: everything ends with stop(), or `await using`.
export { ManualClock, type Principal, seededRandom } from "@kerf/kernel";
export type {
  FakeAnswer,
  FakeAnswers,
  FakeArgs,
  FakeCall,
  FakeCalls,
} from "./fakes/fake-operations.ts";
export { Fake, fake, type FaultOptions } from "./fakes/fake.ts";
export { principal } from "./principal.ts";
export { type RunningApp, startApp, type StartAppOptions } from "./start-app.ts";
export {
  type FakesOf,
  type RunningService,
  startService,
  type StartServiceOptions,
} from "./start-service.ts";
export type { LogLine } from "./testbed/captured-log.ts";
export type { TestSettings } from "./testbed/testbed.ts";
export type { TypesCheck } from "@kerf/data/types-generator";
export { checkTableTypes } from "./table-types.ts";
