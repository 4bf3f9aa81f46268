import { KerfError } from "@kerf/kernel";

/** Longest path, characters: it travels in the cookie of the login. */
const maxLength = 1_000;

/** A path of this origin to go to after the login. @throws KerfError `invalid_input` for whatever leads elsewhere */
export function returnTo(given: string | null, origin: string): string {
  if (given === null) return "/";
  const plain = given.length <= maxLength && /^\/(?!\/)[\x21-\x5b\x5d-\x7e]*$/.test(given);
  const url = plain ? URL.parse(given, origin) : null;
  // Browsers leave out what a path cannot have, so that it is read as they would.
  if (url?.origin === origin && !/^\/(?:\/|auth\/)/.test(url.pathname))
    return url.pathname + url.search + url.hash;
  throw new KerfError("invalid_input", {
    message: "returnTo leads away from here.",
    fix: `Name a path of this site, such as /orders, of up to ${maxLength} characters.`,
  });
}
