import { textProblems, unknownFields } from "./fields.ts";

/** Which certificates of clients hold, and what they say. */
export interface ClientCertificatesOptions {
  /** PEM: the authorities that may sign clients' certificates, as seen from the app's module. */
  readonly caFile: string;
  /** What of a certificate names its holder: the one URI among its alternative names (default), or its common name. */
  readonly subject?: "uri" | "commonName";
  /** Put before the subject. Default: none. */
  readonly prefix?: string;
}

/** Programs by the certificate of their TLS connection. */
export interface ClientCertificatesMethod extends ClientCertificatesOptions {
  readonly method: "clientCertificates";
}

/** Programs by the certificates of their TLS connections. */
export function clientCertificates(options: ClientCertificatesOptions): ClientCertificatesMethod {
  return { method: "clientCertificates", ...options };
}

/** What is wrong with it. */
export function clientCertificatesProblems(given: ClientCertificatesMethod): string[] {
  return [
    ...unknownFields(given, ["method", "caFile", "subject", "prefix"]),
    ...textProblems("caFile", given.caFile),
    ...(given.subject === undefined || ["uri", "commonName"].includes(given.subject)
      ? []
      : ['subject: must be "uri" or "commonName"']),
    ...(given.prefix === undefined ? [] : textProblems("prefix", given.prefix)),
  ];
}
