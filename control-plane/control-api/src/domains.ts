import { command, query } from "@kerf/contract";
import * as z from "zod";
import { errorShape } from "./error-shape.ts";
import { failures as errors } from "./failures.ts";

/** A name of the app and the certificate that it is served with. */
export const domainStatus = z.object({
  domain: z.string(),
  /** The gateway that answers the authority. */
  gateway: z.string(),
  /** Where certificates are ordered. */
  directory: z.string(),
  /** `self-signed`: none was issued yet. */
  state: z.enum(["self-signed", "issued", "expired"]),
  issuer: z.string().optional(),
  /** All times RFC 3339. */
  expires: z.string().optional(),
  /** When one was last ordered, and how many attempts in a row have failed since one did not. */
  attempted: z.string().optional(),
  failures: z.int().optional(),
  /** When it is renewed or tried again; absent in development, where none is ordered. */
  next: z.string().optional(),
  /** One is being ordered, or waits for others. */
  ordering: z.boolean(),
  /** Why the last attempt failed. */
  problem: errorShape.optional(),
});
export type DomainStatus = z.infer<typeof domainStatus>;

/** The operations on the names of an app that certificates are ordered for. */
export const domainOperations = {
  domains: query({
    http: "GET /api/domains",
    input: z.object({}),
    output: z.object({ domains: z.array(domainStatus) }),
    summary: "The names that certificates are ordered for, and where each stands.",
  }),
  renewDomain: command({
    http: "POST /api/domains/{domain}/renew",
    input: z.object({ domain: z.string().min(1).max(253) }),
    errors,
    output: domainStatus,
    deadlineMs: 300_000,
    summary: "Orders a certificate for a name now; ends when it was issued.",
  }),
};
