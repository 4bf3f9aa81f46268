import type { IncomingMessage, ServerResponse } from "node:http";
import type { Access } from "@kerf/contract";
import { KerfError } from "@kerf/kernel";
import type { HttpEdgeOptions, Identity } from "./edge.ts";

/** Establishes who a request is for. @throws KerfError `unauthenticated` where a user is needed and there is none */
export function identify(
  edge: HttpEdgeOptions,
  request: IncomingMessage,
  response: ServerResponse,
  access: Access,
): Identity | Promise<Identity> {
  const identity = edge.authenticate(request, access, response);
  return identity instanceof Promise
    ? identity.then((one) => admitted(one, access))
    : admitted(identity, access);
}

function admitted(identity: Identity, access: Access): Identity {
  if (identity.principal === undefined && access === "user") {
    throw new KerfError("unauthenticated", {
      message: "This needs a user.",
      fix: "Send a bearer token in the Authorization header.",
    });
  }
  return identity;
}
