import { createHash, createHmac } from "node:crypto";

/** What makes two requests the same command. Nobody else's answer can be asked for: the principal is part of it. */
export interface CommandScope {
  readonly service: string;
  readonly operation: string;
  /** Subject of the principal, empty when the command is for nobody in particular. */
  readonly principal: string;
  readonly key: string;
}

/** A key as a transaction claims it. */
export interface CommandClaim {
  /** Hash of the scope, as a UUID: the key itself is not kept. */
  readonly scope: string;
  /** Hash of the input under the key, as a UUID: without the key nobody can guess at what the input was. */
  readonly input: string;
  /** Number of the advisory lock, a signed 64-bit integer. */
  readonly lock: string;
  /** Whether to wait for somebody else who is at it; else `key_in_flight`. */
  readonly wait: boolean;
  /** Whether the effect may have to be undone while the record is kept, because the operation declares errors. */
  readonly mayDecline: boolean;
}

/** What was answered the first time. */
export interface RecordedAnswer {
  /** True for a declared error: `{ code, message, data }`. */
  readonly failed: boolean;
  /** JSON. */
  readonly answer: string;
}

/** Makes the claim of one command; `input` is JSON. */
export function claimOf(
  scope: CommandScope,
  input: unknown,
  options: { readonly wait: boolean; readonly mayDecline: boolean },
): CommandClaim {
  // JSON, because no separator is safe in names and keys that strangers choose.
  const whole = JSON.stringify([scope.service, scope.operation, scope.principal, scope.key]);
  const digest = createHash("sha256").update(whole).digest();
  const under = createHmac("sha256", whole)
    .update(JSON.stringify(input) ?? "")
    .digest();
  return {
    scope: uuid(digest),
    input: uuid(under),
    lock: digest.readBigInt64BE(16).toString(),
    ...options,
  };
}

function uuid(digest: Buffer): string {
  return digest
    .toString("hex", 0, 16)
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
