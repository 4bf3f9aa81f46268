/** An error as PostgreSQL answers it. */
export class ServerError extends Error {
  readonly severity: "ERROR" | "FATAL";
  readonly code: string;

  constructor(code: string, message: string, severity: "ERROR" | "FATAL" = "ERROR") {
    super(message);
    this.code = code;
    this.severity = severity;
  }
}

/** What the driver says when the connection is gone. */
export function connectionTerminated(): Error {
  return new Error("Connection terminated unexpectedly");
}

/** What the driver says when nobody listens. */
export function connectionRefused(): Error {
  return Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
}
