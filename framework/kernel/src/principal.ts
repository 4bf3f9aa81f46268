/** Who the call is for: the end user, as the gateway established it. */
export interface Principal {
  /** The user's id in the app (`sub`). */
  readonly subject: string;
  /** Further claims, such as roles; JSON only. */
  readonly claims: Readonly<Record<string, unknown>>;
}
