import { inspect } from "node:util";

/** Where a server listens: a socket of this machine, or a host; in the form that the client `redis` calls `socket`. */
export type RedisSocket =
  | { readonly path: string; readonly tls: false }
  | { readonly host: string; readonly port: number; readonly tls: false }
  | {
      readonly host: string;
      readonly port: number;
      readonly tls: true;
      /** PEM of the authority that signed its certificate, if that is not a public one. */
      readonly ca?: string;
    };

/**
 * Where a service finds its Redis, and as whom. The client `redis` takes it as it is, `createClient(redis)`; `ioredis` as
 * `new Redis({ ...redis.socket, ...redis })`. Both write the prefix before every key themselves, and not before channels.
 */
export interface RedisPlace {
  readonly socket: RedisSocket;
  readonly username: string;
  readonly password: string;
  /** What every key and every channel of the service begins with, such as `orders:`; the server refuses it all others. */
  readonly keyPrefix: string;
}

/** The same, printed and written as JSON without its password. */
export function sealedPlace(place: RedisPlace): RedisPlace {
  const shown = () => ({ ...place, password: "[secret]" });
  const sealed = { ...place };
  for (const name of ["toJSON", inspect.custom])
    Object.defineProperty(sealed, name, { value: shown, enumerable: false });
  return Object.freeze(sealed);
}
