/** Node's TLS, loaded when the first connection needs it: programs of one machine never do, and it would cost each 8 MB and its start 30 ms. */
export const nodeTls = (): typeof import("node:tls") => process.getBuiltinModule("node:tls");
