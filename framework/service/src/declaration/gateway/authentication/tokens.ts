/** Bearer tokens of the app's own issuer: the service that declares `issuer: true`. */
export interface TokensMethod {
  readonly method: "tokens";
}

/** Users by the tokens of the app's own issuer. What a gateway does that names no methods. */
export function tokens(): TokensMethod {
  return { method: "tokens" };
}
