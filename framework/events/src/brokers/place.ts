import { KerfError } from "@kerf/kernel";
import type { BrokerPlace } from "../broker.ts";
import { brokerAddress } from "./open.ts";

const withCredentials = /^([a-z+]+:\/\/)([^:/@\s]+):([^/@\s]*)@(.+)$/;

/** Whether a setting is a URL of a broker, and no name of a file that has one. */
export function isBrokerUrl(text: string): boolean {
  return /^[a-z+]+:\/\//.test(text);
}

/** A URL that is not secret. Throws `invalid_configuration` when it is none of a broker, or when it has credentials. */
export function openBrokerPlace(url: string): BrokerPlace {
  if (withCredentials.test(url)) {
    throw new KerfError("invalid_configuration", {
      message: "The URL of the broker has a password in it.",
      why: "Everybody on a machine can read the arguments of its programs.",
      fix: "Write the URL into a file that only you can read, and give the file instead.",
    });
  }
  brokerAddress(url);
  return { url };
}

/**
 * What a file with a broker's URL says: the URL in the first line, `user:password@` in front of the host if need be, and after it the PEM of
 * the authority that signed the broker's certificate, unless that is a public one. Throws `invalid_configuration`.
 */
export function secretBrokerPlace(text: string): BrokerPlace {
  const [line = "", ...rest] = text.trim().split("\n");
  const [, scheme, user = "", password = "", place] = withCredentials.exec(line.trim()) ?? [];
  const url = scheme === undefined ? line.trim() : `${scheme}${place}`;
  brokerAddress(url);
  const authority = rest.join("\n").trim();
  return {
    url,
    ...(scheme !== undefined && { user: decoded(user), password: decoded(password) }),
    ...(authority !== "" && { authority: `${authority}\n` }),
  };
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
