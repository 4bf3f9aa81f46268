/** Signs users' tokens with the app's own key (EdDSA); gateways accept them as bearer tokens. */
export interface TokenIssuer {
  /** A JWT for `subject`; `claims` go along unchanged. `expiresInS`: seconds, default 3 600, at most 86 400. */
  sign(token: {
    subject: string;
    claims?: Readonly<Record<string, unknown>>;
    expiresInS?: number;
  }): Promise<string>;
}
