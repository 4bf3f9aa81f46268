import { type ApiKeysMethod, apiKeysProblems } from "./api-keys.ts";
import {
  type ClientCertificatesMethod,
  clientCertificatesProblems,
} from "./client-certificates.ts";
import { unknownFields } from "./fields.ts";
import { type JwtMethod, jwtProblems } from "./jwt.ts";
import { type SessionMethod, sessionProblems } from "./session.ts";
import type { TokensMethod } from "./tokens.ts";

/** One way in which clients prove who they are. */
export type AuthenticationMethod =
  | TokensMethod
  | JwtMethod
  | ApiKeysMethod
  | SessionMethod
  | ClientCertificatesMethod;

/** The methods of a gateway that names none. */
export const defaultAuthentication: readonly AuthenticationMethod[] = [{ method: "tokens" }];

/** Most methods of one gateway. */
const maxMethods = 16;

/** Everything that is wrong with a gateway's methods. */
export function authenticationProblems(
  methods: readonly AuthenticationMethod[] | undefined,
): string[] {
  if (methods === undefined) return [];
  if (!Array.isArray(methods) || methods.length > maxMethods)
    return [`authentication: must be a list of at most ${maxMethods} methods`];
  const list = methods as readonly AuthenticationMethod[];
  return [
    ...list.flatMap((one, index) =>
      methodProblems(one).map((problem) => `authentication[${index}].${problem}`),
    ),
    ...sameCredentials(list),
    ...sameSubjects(list),
  ];
}

function methodProblems(given: AuthenticationMethod): string[] {
  switch (given?.method) {
    case "tokens":
      return unknownFields(given, ["method"]);
    case "jwt":
      return jwtProblems(given);
    case "apiKeys":
      return apiKeysProblems(given);
    case "session":
      return sessionProblems(given);
    case "clientCertificates":
      return clientCertificatesProblems(given);
    default:
      return [
        "method: is none; make it with tokens(), jwt(), apiKeys(), session() or clientCertificates()",
      ];
  }
}

/** Which method is asked must follow from the request alone. */
function sameCredentials(methods: readonly AuthenticationMethod[]): string[] {
  const seen = new Set<string>();
  return methods.flatMap((one) => {
    const key = credentialOf(one);
    const twice = seen.has(key);
    seen.add(key);
    return twice ? [`authentication: two methods take ${key}`] : [];
  });
}

function credentialOf(one: AuthenticationMethod): string {
  switch (one?.method) {
    case "jwt":
      return `tokens of the issuer ${one.issuer}`;
    case "apiKeys":
      return `API keys in the header ${one.header ?? "x-api-key"}`;
    case "session":
      return "sessions";
    case "clientCertificates":
      return "client certificates";
    default:
      return "the app's own tokens";
  }
}

/** Who may name subjects must not be able to name another's: `ada` of one issuer is not `ada` of the other. */
function sameSubjects(methods: readonly AuthenticationMethod[]): string[] {
  const authorities = new Map<string, string>();
  return methods.flatMap((one) => {
    const named = authorityOf(one);
    if (named === undefined) return [];
    const prefix = one.method === "tokens" ? "" : ((one as { prefix?: string }).prefix ?? "");
    const other = authorities.get(prefix);
    if (other === undefined) authorities.set(prefix, named);
    return other === undefined || other === named
      ? []
      : [
          `authentication: ${other} and ${named} could both name the same user; give one of them a prefix, such as prefix: "partner:"`,
        ];
  });
}

/** Who decides the subjects; API keys get theirs from whoever runs the app. */
function authorityOf(one: AuthenticationMethod): string | undefined {
  switch (one?.method) {
    case "tokens":
      return "the app's own issuer";
    case "jwt":
      return one.issuer;
    case "session":
      return one.oidc?.issuer;
    case "clientCertificates":
      return "the authority of client certificates";
    default:
      return undefined;
  }
}
