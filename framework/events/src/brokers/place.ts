import { KerfError } from "@kerf/kernel";
import type { BrokerPlace } from "../broker.ts";
import { brokerAddress } from "./open.ts";

/** `user:password@`, or a token alone. */
const withLogin = /^([a-z+]+:\/\/)([^:/@\s]+)(?::([^/@\s]*))?@(.+)$/;
/** What `nsc` writes for a user of NATS: a token that an account signed, the seed of the user's own key, or both. */
const natsBlock = /-{3,}BEGIN (NATS USER JWT|USER NKEY SEED)-{3,}\s+([\w.=-]+)\s+-{3,}END \1-{3,}/g;
const pemBlock = /-----BEGIN CERTIFICATE-----[\sA-Za-z0-9+/=]+-----END CERTIFICATE-----/g;

/** Whether a setting is a URL of a broker, and no name of a file that has one. */
export function isBrokerUrl(text: string): boolean {
  return /^[a-z+]+:\/\//.test(text);
}

/** A URL that is not secret. Throws `invalid_configuration` when it is none of a broker, or when it says who we are to it. */
export function openBrokerPlace(url: string): BrokerPlace {
  if (withLogin.test(url)) {
    throw new KerfError("invalid_configuration", {
      message: "The URL of the broker has a password or a token in it.",
      why: "Everybody on a machine can read the arguments of its programs.",
      fix: "Write the URL into a file that only you can read, and give the file instead.",
    });
  }
  brokerAddress(url);
  return { url };
}

/**
 * What a file with a broker's URL says: the URL in the first line, with `user:password@` or `token@` in front of the host if need be; after it, in any order, the PEM of
 * the authorities that signed the broker's certificate, unless that is a public one, and what a user of NATS has as a file. Throws `invalid_configuration`.
 */
export function secretBrokerPlace(text: string): BrokerPlace {
  const [line = "", ...rest] = text.trim().split("\n");
  const [, scheme, name = "", password, place] = withLogin.exec(line.trim()) ?? [];
  const url = scheme === undefined ? line.trim() : `${scheme}${place}`;
  const { kind } = brokerAddress(url);
  const after = rest.join("\n");
  const blocks = Object.fromEntries(
    [...after.matchAll(natsBlock)].map(([, what = "", value = ""]) => [what, value]),
  );
  const { "NATS USER JWT": jwt, "USER NKEY SEED": seed } = blocks;
  const authority = [...after.matchAll(pemBlock)].map(([pem]) => `${pem}\n`).join("");
  if ((jwt !== undefined && seed === undefined) || !isReadWhole(after)) throw unread();
  const isToken = scheme !== undefined && password === undefined;
  if (kind === "kafka" && (isToken || seed !== undefined)) throw onlyNats();
  return {
    url,
    ...(isToken ? { token: decoded(name) } : undefined),
    ...(password !== undefined && { user: decoded(name), password: decoded(password) }),
    ...(seed !== undefined && { seed }),
    ...(jwt !== undefined && { jwt }),
    ...(authority !== "" && { authority }),
  };
}

/** Whether a file has nothing but what is known; lines outside of blocks are remarks, as `nsc` writes them. */
function isReadWhole(text: string): boolean {
  return !/-{3,}(?:BEGIN|END)/.test(text.replaceAll(natsBlock, "").replaceAll(pemBlock, ""));
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // The text itself is a secret, and not in the message.
    throw new KerfError("invalid_configuration", {
      message: "User or password in the URL of the broker are not percent-encoded.",
      fix: 'Write "%25" for a percent sign, and so on.',
    });
  }
}

function unread(): KerfError {
  return new KerfError("invalid_configuration", {
    message: "The file with the URL of the broker has something in it that is not understood.",
    why: "Behind the URL stand certificates of authorities (BEGIN CERTIFICATE), or what nsc writes for a user of NATS: the JWT with its seed, or a seed alone.",
    fix: "Leave out what is none of these; each block begins and ends as it was written.",
  });
}

function onlyNats(): KerfError {
  return new KerfError("invalid_configuration", {
    message:
      "The file with the URL of the broker has a token or a key of a user of NATS, and its broker is Kafka.",
    fix: "Kafka takes a user and a password: kafka+tls://USER:PASSWORD@host:9092, with ?sasl=plain, scram-sha-256 or scram-sha-512.",
  });
}
