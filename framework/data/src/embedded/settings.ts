/** What the server of one machine needs; every value can be overridden by `settings`. */
export interface ServerSettings {
  /** Connections in all; default 400: two services with a hundred copies each while they are exchanged, a process of PostgreSQL each only while it is used. */
  readonly maxConnections?: number | undefined;
  /** False gives up durability for speed: only for databases of tests. Default true. */
  readonly durable?: boolean | undefined;
  /** Further settings by PostgreSQL's own names. */
  readonly settings?: Readonly<Record<string, string>> | undefined;
}

/** The settings of an embedded server, as PostgreSQL's own parameters. */
export function serverParameters(
  options: ServerSettings,
  socketDirectory: string,
): Record<string, string> {
  return {
    // Unix socket only, and only for the owner: nothing listens on the network.
    listen_addresses: "",
    unix_socket_directories: socketDirectory,
    unix_socket_permissions: "0700",
    max_connections: String(options.maxConnections ?? 400),
    shared_buffers: "64MB",
    // One machine, short transactions: neither parallel workers nor replication are worth their processes.
    max_parallel_workers_per_gather: "0",
    max_logical_replication_workers: "0",
    io_method: "sync",
    jit: "off",
    max_wal_size: "256MB",
    // A client that was killed in the middle of a long statement does not keep its locks.
    client_connection_check_interval: "2s",
    log_checkpoints: "off",
    log_line_prefix: "%m [%p] %a %d ",
    // Parameters and statements may hold what no log should.
    log_statement: "none",
    log_parameter_max_length_on_error: "0",
    // Without DETAIL, which quotes rows: `Key (email)=(ann@example.com) already exists`.
    log_error_verbosity: "terse",
    timezone: "UTC",
    ...(options.durable === false
      ? { fsync: "off", synchronous_commit: "off", full_page_writes: "off" }
      : undefined),
    ...options.settings,
  };
}
