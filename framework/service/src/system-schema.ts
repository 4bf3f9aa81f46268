import { commandRecordSchema, type SystemMigration } from "@kerf/data";
import { consumerSchema, eventSchema, readModelSchema, relaySchema } from "@kerf/events";
import { reconciliationSchema, sagaSchema, scheduleSchema } from "@kerf/saga";

/** The platform's own tables in the database of every service, in the order in which they are made. */
export const systemSchema: readonly SystemMigration[] = [
  ...commandRecordSchema,
  ...eventSchema,
  ...consumerSchema,
  ...sagaSchema,
  ...readModelSchema,
  ...scheduleSchema,
  ...reconciliationSchema,
  ...relaySchema,
];
