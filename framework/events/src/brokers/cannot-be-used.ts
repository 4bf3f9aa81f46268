import { KerfError } from "@kerf/kernel";

/** Errors underneath that are looked at, at most: drivers wrap theirs, and name several at once. */
const most = 32;

/**
 * Why a broker cannot be used, from what its driver threw: it does not know us (`unauthenticated`), does not let us (`forbidden`), is not who it should be, or cannot be reached
 * (`unavailable`). It is tried again in every case: who runs the broker may mend it there.
 */
export function cannotBeUsed(destination: string, thrown: unknown): KerfError {
  if (thrown instanceof KerfError) return thrown;
  const all = underneath(thrown);
  const has = (pattern: RegExp): boolean =>
    all.some(({ code, message, name }) => pattern.test(`${name} ${code ?? ""} ${message}`));
  const why = [...new Set(all.map(({ message }) => message))].join(": ");
  const kept = "Until then events wait in the logs of their services, and are read there.";
  if (has(/AuthorizationError|UserAuthenticationExpired|SASL|PLT_KFK_AUTHENTICATION/)) {
    return new KerfError("unauthenticated", {
      message: `The broker ${destination} does not let us in: user, password, token or key are not those that it knows.`,
      why,
      fix: `Correct them in the file or the Secret with the broker's URL, and start the programs that use it again; or let the broker know them. ${kept}`,
      cause: thrown,
    });
  }
  if (has(/PermissionViolation|_AUTHORIZATION_FAILED|not authorized/i)) {
    return new KerfError("forbidden", {
      message: `The broker ${destination} knows us, and does not allow what we need.`,
      why,
      fix: `Allow its user what the guide to brokers names. ${kept}`,
      cause: thrown,
    });
  }
  if (has(/CERT_|certificate|self.signed|ERR_TLS|ERR_SSL/i)) {
    return new KerfError("unavailable", {
      message: `The broker ${destination} does not prove who it is.`,
      why,
      fix: `Name the host that its certificate is for, and put the PEM of the authority that signed it behind the URL in the broker's file. ${kept}`,
      cause: thrown,
    });
  }
  return new KerfError("unavailable", {
    message: `The broker ${destination} cannot be reached.`,
    why,
    fix: `It is tried again. ${kept}`,
    cause: thrown,
  });
}

/** An error with all that it was made from. */
function underneath(thrown: unknown): (Error & { readonly code?: string })[] {
  const found: Error[] = [];
  const open = [thrown];
  while (open.length > 0 && found.length < most) {
    const next = open.shift();
    if (!(next instanceof Error) || found.includes(next)) continue;
    found.push(next);
    open.push(next.cause, ...(next instanceof AggregateError ? next.errors : []));
  }
  return found;
}
