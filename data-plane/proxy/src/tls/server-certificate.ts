import { createPrivateKey, X509Certificate } from "node:crypto";
import { resolve } from "node:path";
import { createSecureContext } from "node:tls";
import type { ServerTls } from "@kerf/call/http";
import { describeError, KerfError } from "@kerf/kernel";
import type { FileTls, GatewayTls, NamedCertificateFiles } from "@kerf/service";
import { readAuthorities } from "../authentication/client-certificates.ts";
import { WatchedFile } from "../authentication/watched-file.ts";
import type { FrontsOptions } from "./fronts.ts";

interface ReadCertificate {
  readonly pem: string;
  readonly leaf: X509Certificate;
}

/** Where a certificate and its key are, and which names it must be for. */
type CertificateFiles = Pick<FileTls, "certFile" | "keyFile"> & Partial<NamedCertificateFiles>;

/** The certificate of a gateway with its key, as the files have them; both are taken together, when they belong together. */
export class ServerCertificate {
  readonly #options: FrontsOptions;
  readonly #files: CertificateFiles;
  readonly #minVersion: GatewayTls["minVersion"];
  readonly #cert: WatchedFile<ReadCertificate>;
  readonly #key: WatchedFile<string>;
  readonly #authorities: readonly WatchedFile<string>[];
  #current: ServerTls;
  /** What the files said when they were last put together, or could not be. */
  #seen: readonly unknown[];

  /** `caFiles`: with the authorities of client certificates. @throws KerfError `invalid_configuration` */
  constructor(
    files: CertificateFiles,
    {
      caFiles,
      minVersion,
    }: { readonly caFiles: readonly string[]; readonly minVersion: GatewayTls["minVersion"] },
    options: FrontsOptions,
  ) {
    const { clock, directory, log } = options;
    this.#options = options;
    this.#files = files;
    this.#minVersion = minVersion;
    const fix = "Put both there in PEM, the key with mode 0600, or name other files.";
    this.#cert = new WatchedFile({
      path: resolve(directory, files.certFile),
      what: "the certificates of the gateway",
      secret: false,
      parse: (pem) => ({ pem, leaf: readAuthorities(pem)[0] as X509Certificate }),
      fix,
      clock,
      log,
    });
    this.#key = new WatchedFile({
      path: resolve(directory, files.keyFile),
      what: "the private keys of the gateway",
      secret: true,
      parse: readKey,
      fix,
      clock,
      log,
    });
    this.#authorities = caFiles.map(
      (file) =>
        new WatchedFile({
          path: resolve(directory, file),
          what: "the authorities of client certificates",
          secret: false,
          parse: (pem) => (readAuthorities(pem), pem),
          fix: "Name a PEM file with the certificates of the authorities.",
          clock,
          log,
        }),
    );
    this.#seen = this.#look();
    this.#current = this.#make();
  }

  /** The newest that can be used; the same object for as long as nothing changes. */
  current(): ServerTls {
    const seen = this.#look();
    if (seen.some((one, index) => one !== this.#seen[index])) {
      this.#seen = seen;
      const { log } = this.#options;
      try {
        this.#current = this.#make();
        const { subject, validTo } = this.#cert.currentNow().leaf;
        log.info("the gateway has another certificate", { subject, valid_to: validTo });
      } catch (error) {
        // One of the two files may have been replaced before the other.
        log.warn("the certificate of the gateway cannot be used; the last good one stays", {
          error,
        });
      }
    }
    return this.#current;
  }

  #look(): readonly unknown[] {
    return [this.#cert, this.#key, ...this.#authorities].map((file) => file.currentNow());
  }

  #make(): ServerTls {
    const { certFile, keyFile, serverNames = [] } = this.#files;
    const minVersion = this.#minVersion ?? "TLSv1.2";
    const { leaf, pem } = this.#cert.currentNow();
    const key = this.#key.currentNow();
    if (!leaf.checkPrivateKey(createPrivateKey(key))) {
      throw new KerfError("invalid_configuration", {
        message: `${keyFile} does not hold the key of the certificate in ${certFile}.`,
        fix: "The first certificate in the file is the gateway's own; those of its authorities come after it.",
      });
    }
    const lacking = serverNames.filter(
      // What a wildcard is for, any one label shows.
      (name) => leaf.checkHost(name.replace("*", "any")) === undefined,
    );
    if (lacking.length > 0) {
      throw new KerfError("invalid_configuration", {
        message: `The certificate in ${certFile} is not for ${lacking.join(", ")}.`,
        fix: "Have it issued for these names, or take them out of serverNames.",
      });
    }
    const asks = this.#authorities.length > 0;
    const clientAuthorities = asks
      ? this.#authorities.map((file) => file.currentNow()).join("\n")
      : undefined;
    try {
      createSecureContext({ cert: pem, key, minVersion, ca: clientAuthorities });
    } catch (cause) {
      throw new KerfError("invalid_configuration", {
        message: `TLS cannot be served with the certificate in ${certFile}: ${describeError(cause)}.`,
        why: "A key that is too short or a signature that is too weak is refused by OpenSSL.",
        fix: "Have it issued anew: ECDSA P-256 or RSA from 2048 bits, signed with SHA-256.",
        cause,
      });
    }
    return { cert: pem, key, minVersion, clientAuthorities };
  }
}

function readKey(pem: string): string {
  try {
    createPrivateKey(pem);
  } catch {
    // What the library says may quote the key.
    throw new Error("It holds no private key in PEM, or one that needs a passphrase.");
  }
  return pem;
}
