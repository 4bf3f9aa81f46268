// The library needs this polyfill before anything of it is loaded.
import "reflect-metadata";
import { createPrivateKey, webcrypto } from "node:crypto";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  SubjectAlternativeNameExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

/** A certificate with its key, both in PEM. */
export interface Issued {
  readonly cert: string;
  readonly key: string;
}

/** What a certificate says. */
export interface CertificateOptions {
  /** `CN=…`. */
  readonly name: string;
  readonly uris?: readonly string[];
  /** Default: an hour from now. */
  readonly notAfter?: Date;
  readonly ca?: boolean;
  readonly server?: boolean;
}

/** An authority of a test, which signs whatever it is asked to. */
export class TestAuthority {
  readonly certificate: X509Certificate;
  readonly pem: string;
  readonly #keys: webcrypto.CryptoKeyPair;

  private constructor(certificate: X509Certificate, keys: webcrypto.CryptoKeyPair) {
    this.certificate = certificate;
    this.pem = certificate.toString("pem");
    this.#keys = keys;
  }

  /** One that signs itself, or that another one vouches for. */
  static async make(name: string, parent?: TestAuthority): Promise<TestAuthority> {
    const keys = await newKeys();
    return new TestAuthority(await certify({ name, ca: true }, keys, parent, keys), keys);
  }

  async issue(options: CertificateOptions): Promise<Issued> {
    const keys = await newKeys();
    const certificate = await certify(options, keys, this, this.#keys);
    const der = await webcrypto.subtle.exportKey("pkcs8", keys.privateKey);
    const key = createPrivateKey({ key: Buffer.from(der), format: "der", type: "pkcs8" });
    return {
      cert: certificate.toString("pem"),
      key: key.export({ format: "pem", type: "pkcs8" }) as string,
    };
  }

  /** Its private key, for certificates that it signs. */
  get signingKey(): webcrypto.CryptoKey {
    return this.#keys.privateKey;
  }
}

function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
}

function certify(
  options: CertificateOptions,
  keys: webcrypto.CryptoKeyPair,
  authority: TestAuthority | undefined,
  own: webcrypto.CryptoKeyPair,
): Promise<X509Certificate> {
  const { ca = false, name, notAfter, server = false, uris = [] } = options;
  const purpose = server ? ExtendedKeyUsage.serverAuth : ExtendedKeyUsage.clientAuth;
  return X509CertificateGenerator.create({
    subject: name,
    issuer: authority?.certificate.subject ?? name,
    notBefore: new Date("2020-01-01T00:00:00Z"),
    notAfter: notAfter ?? new Date(Date.now() + 3_600_000),
    publicKey: keys.publicKey,
    signingKey: authority?.signingKey ?? own.privateKey,
    signingAlgorithm: algorithm,
    extensions: [
      new BasicConstraintsExtension(ca, undefined, true),
      ...(ca ? [] : [new ExtendedKeyUsageExtension([purpose])]),
      ...(uris.length === 0
        ? []
        : [new SubjectAlternativeNameExtension(uris.map((value) => ({ type: "url", value })))]),
    ],
  });
}
