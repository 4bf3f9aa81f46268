/** Something that belongs in no commit: a secret, a path of one machine, or the host of a registry. */
export interface Finding {
  /** Counted from 1. */
  readonly line: number;
  /** What it looks like. */
  readonly what: string;
}

/** What is looked for, and what it is called. Each pattern is written so that it does not find itself. */
const patterns: readonly (readonly [pattern: RegExp, what: string])[] = [
  [/-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----/, "a private key"],
  [/\bAKIA[0-9A-Z]{16}\b/, "an AWS access key"],
  [/\b(?:ghp|gho|ghs|ghu)_[A-Za-z0-9]{36}\b|\bgithub_pat_\w{50,}\b/, "a GitHub token"],
  [/\bnpm_[A-Za-z0-9]{36}\b/, "an npm token"],
  [/\bxox[abprs]-[A-Za-z0-9-]{20,}/, "a Slack token"],
  [/\/\/\S*:_(?:authToken|auth|password)\s*=/, "a registry credential"],
  [
    /\bregistry\.(?:npmjs|yarnpkg|npmmirror)\.(?:org|com)\b|\b(?:deb|archive|security)\.(?:debian|ubuntu)\.(?:org|com)\b/,
    "the host of a registry",
  ],
  // Case matters: `/users/me` is a route, and a Mac writes it with a capital.
  [/(?<![\w.])\/(?:home|Users)\/(?!\$|\{|<|\w*(?:\$|<))[A-Za-z][\w.-]*\//, "a path of one machine"],
  [/(?<![\w.\-}])\/(?:work|farm|root)\//, "a path of one machine"],
];

/** Everything in a text that belongs in no commit. */
export function findings(text: string): Finding[] {
  return text
    .split("\n")
    .flatMap((content, index) =>
      patterns
        .filter(([pattern]) => pattern.test(content))
        .map(([, what]) => ({ line: index + 1, what })),
    );
}
