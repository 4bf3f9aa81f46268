// Boundary: a service's data. Declaring its database, provisioning and migrating it, and working with it: one transaction for a
// command, reads for a query. Starting servers (embedded/) and generating types (types-generator/) are entries of their own, so
// that a unit loads neither.
export type {
  ColumnType,
  Generated,
  Insertable,
  JSONColumnType,
  Kysely,
  Selectable,
  Updateable,
} from "kysely";
export {
  clientConfig,
  type ConnectionConfig,
  describeConnection,
  type TlsConfig,
  withConnection,
} from "./connection.ts";
export { inlineValues } from "./inline-values.ts";
export { oneSelect } from "./one-select.ts";
export { sql } from "./kysely/sql.ts";
export { sqlState } from "./database-errors.ts";
export {
  postgres,
  type PostgresDeclaration,
  type PostgresOptions,
  type TablesOf,
} from "./declaration.ts";
export {
  provisionService,
  provisionServices,
  type ProvisionedService,
  type RolePasswords,
  type ServiceDatabaseRequest,
} from "./provision.ts";
export { type MigrationFile, readMigrations } from "./migrations/directory.ts";
export type { HistoryOptions } from "./migrations/history.ts";
export { migrate, type MigrationResult } from "./migrations/migrate.ts";
export { type DatabaseSchema, describeSchema } from "./migrations/database-schema.ts";
export {
  changeText,
  compareDatabaseSchemas,
  type SchemaChange,
  type SchemaVerdict,
} from "./migrations/schema-changes.ts";
export {
  type MigrationTrial,
  type MigrationTrialResult,
  tryMigrations,
} from "./migrations/trial.ts";
export type { ConnectionSource, PoolOptions, PoolStats } from "./pool.ts";
export type { Reads } from "./reads.ts";
export type { RedisPlace, RedisSocket } from "./redis/redis-place.ts";
export {
  type CommandClaim,
  type CommandScope,
  claimOf,
  type RecordedAnswer,
} from "./command-records/claim.ts";
export { commandRecordSchema } from "./command-records/schema.ts";
export { DatabaseServer, type FromUrlOptions } from "./server.ts";
export { ServiceDatabase } from "./service-database.ts";
export { applySystemSchema, type SystemMigration } from "./system-schema.ts";
export { type ServiceNames, serviceNames } from "./service-names.ts";
export { type ClonedDatabase, TemplateDatabases } from "./template-databases.ts";
export { type CommandTransaction, SharedTransaction } from "./transaction.ts";
export type { Isolation, TransactionOptions } from "./transaction-options.ts";
