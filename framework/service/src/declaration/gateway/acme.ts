import { textProblems, unknownFields } from "./authentication/fields.ts";

/** Certificates that the platform orders by itself from an authority that speaks ACME (RFC 8555), and renews. */
export interface AcmeSettings {
  /** Host names in small letters. Each gets a certificate of its own; the first one's also serves who asks for no name. */
  readonly domains: readonly string[];
  /** That whoever runs this agrees to the authority's terms of service: nothing is ordered otherwise. */
  readonly termsAgreed: true;
  /** Where the authority may write to. */
  readonly email?: string;
  /** The authority's directory. Default: Let's Encrypt. */
  readonly directory?: string;
  /** PEM, seen from the app's module: who vouches for the directory itself, where that is no public authority. */
  readonly caFile?: string;
  /** Where the gateway answers the authority, and sends everybody else to https. Default 80: the authority asks there. */
  readonly httpPort?: number;
  /** Where clients reach https, for that redirect. Default 443. */
  readonly publicPort?: number;
}

/** Let's Encrypt, for everybody. */
export const defaultDirectory = "https://acme-v02.api.letsencrypt.org/directory";

/** Most names of one gateway: each costs every connection a look, and an order every two months. */
const maxDomains = 100;
/** A name that a public authority can ask at: two labels at least, no wildcard, no address. */
const domain =
  /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** What is wrong with how certificates are ordered. */
export function acmeProblems(acme: AcmeSettings): string[] {
  const { caFile, directory, domains, email, httpPort, publicPort, termsAgreed } = acme;
  const fields = [
    "domains",
    "termsAgreed",
    "email",
    "directory",
    "caFile",
    "httpPort",
    "publicPort",
  ];
  const problems = unknownFields(acme, fields, "tls.acme.");
  if (!Array.isArray(domains) || domains.length === 0 || domains.length > maxDomains)
    problems.push(`tls.acme.domains: must be a list of 1 to ${maxDomains} host names`);
  else problems.push(...domainProblems(domains));
  if (termsAgreed !== true)
    problems.push(
      "tls.acme.termsAgreed: must be true: read the authority's terms of service first",
    );
  if (email !== undefined && !(typeof email === "string" && /^[^\s@]+@[^\s@]+$/.test(email)))
    problems.push("tls.acme.email: is no address");
  if (directory !== undefined && !isHttps(directory))
    problems.push(`tls.acme.directory: ${JSON.stringify(directory)} is no https URL`);
  if (caFile !== undefined) problems.push(...textProblems("tls.acme.caFile", caFile));
  for (const [name, port] of Object.entries({ httpPort, publicPort }))
    if (port !== undefined && !(Number.isInteger(port) && port >= 1 && port <= 65_535))
      problems.push(`tls.acme.${name}: ${JSON.stringify(port)} is no port from 1 to 65535`);
  return problems;
}

function domainProblems(domains: readonly string[]): string[] {
  return domains.flatMap((name, index) => {
    if (typeof name !== "string" || !domain.test(name))
      return [
        `tls.acme.domains: ${JSON.stringify(name)} is no host name in small letters; wildcards and addresses need a certificate in files`,
      ];
    return domains.indexOf(name) < index ? [`tls.acme.domains: ${name} comes twice`] : [];
  });
}

function isHttps(text: unknown): boolean {
  return typeof text === "string" && URL.canParse(text) && new URL(text).protocol === "https:";
}
