import { createHash } from "node:crypto";
import { nkeys } from "@nats-io/transport-node";

const text = new TextEncoder();
const seedOf = (pair: nkeys.KeyPair): string => new TextDecoder().decode(pair.getSeed());

/** Someone whom an account of NATS vouches for, as `nsc` makes them: no server holds a password of his. */
export interface NatsUser {
  /** What a server has to be told. */
  readonly config: string;
  /** What the user has as a file. */
  readonly credentials: string;
}

/** Makes an operator, an account with JetStream, and a user of it. */
export function natsUser(): NatsUser {
  const operator = nkeys.createOperator();
  const [account, system] = [nkeys.createAccount(), nkeys.createAccount()];
  const user = nkeys.createUser();
  const vouch = (by: nkeys.KeyPair, of: nkeys.KeyPair, nats: object): string => {
    const claims = { iss: by.getPublicKey(), sub: of.getPublicKey(), name: "test", iat: 1, nats };
    const jti = createHash("sha256").update(JSON.stringify(claims)).digest("hex");
    const body = [
      { typ: "JWT", alg: "ed25519-nkey" },
      { ...claims, jti },
    ].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"));
    const signature = Buffer.from(by.sign(text.encode(body.join("."))));
    return [...body, signature.toString("base64url")].join(".");
  };
  const all = { subs: -1, conn: -1, leaf: -1, imports: -1, exports: -1, data: -1, payload: -1 };
  const storage = { mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1, wildcards: true };
  const accountJwt = (of: nkeys.KeyPair, limits: object): string =>
    vouch(operator, of, { type: "account", version: 2, limits });
  const operatorJwt = vouch(operator, operator, {
    type: "operator",
    version: 2,
    system_account: system.getPublicKey(),
  });
  const userJwt = vouch(account, user, {
    type: "user",
    version: 2,
    subs: -1,
    data: -1,
    payload: -1,
    pub: {},
    sub: {},
  });
  return {
    config: `operator: ${operatorJwt}
resolver: MEMORY
resolver_preload: {
  ${account.getPublicKey()}: ${accountJwt(account, { ...all, ...storage })}
  ${system.getPublicKey()}: ${accountJwt(system, all)}
}
`,
    credentials: `-----BEGIN NATS USER JWT-----
${userJwt}
------END NATS USER JWT------

-----BEGIN USER NKEY SEED-----
${seedOf(user)}
------END USER NKEY SEED------
`,
  };
}

/** A key of a user alone: what the server is told, and what the user has as a file. */
export function natsKey(): { readonly publicKey: string; readonly credentials: string } {
  const pair = nkeys.createUser();
  return {
    publicKey: pair.getPublicKey(),
    credentials: `-----BEGIN USER NKEY SEED-----\n${seedOf(pair)}\n------END USER NKEY SEED------\n`,
  };
}
