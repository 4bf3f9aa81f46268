import { X509Certificate, createPrivateKey } from "node:crypto";
import { readFile } from "node:fs/promises";
import { type Clock, KerfError, type Timer } from "@kerf/kernel";
import type { Logger } from "@kerf/telemetry";
import type { CertificateFiles } from "../placement.ts";
import type { Authorities, WorkloadIdentityOptions } from "./workload-identity.ts";

/** How often the authorities are looked at, milliseconds: a volume of Kubernetes follows its Secret within a minute or so. */
const lookMs = 60_000;

const pemBlock = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n?/g;

/** An identity's certificate and authorities from files that somebody else renews, replacing them (cert-manager through a volume). */
export class CertificateFileSource {
  readonly #files: CertificateFiles;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #listeners = new Set<() => void>();
  #authorities: readonly string[];
  #given: string | undefined;
  #timer: Timer | undefined;

  private constructor(
    files: CertificateFiles,
    { clock, log }: { clock: Clock; log: Logger },
    authorities: readonly string[],
  ) {
    this.#files = files;
    this.#clock = clock;
    this.#log = log;
    this.#authorities = authorities;
  }

  /** Throws `invalid_configuration` when the authorities cannot be read. */
  static async open(
    files: CertificateFiles,
    parts: { clock: Clock; log: Logger },
  ): Promise<CertificateFileSource> {
    return new CertificateFileSource(files, parts, await readAuthorities(files.authority));
  }

  /** What an identity is made of. The authorities are looked at for as long as somebody wants to know of changes. */
  get parts(): Required<Pick<WorkloadIdentityOptions, "fetch" | "authorities">> {
    const authorities: Authorities = {
      current: () => this.#authorities,
      onChange: (listener) => {
        this.#listeners.add(listener);
        this.#timer ??= this.#after();
        return () => {
          this.#listeners.delete(listener);
          if (this.#listeners.size === 0) this.#timer?.cancel();
        };
      },
    };
    return { authorities, fetch: () => this.#fetch() };
  }

  async #fetch(): Promise<{ key: string; certificate: string }> {
    const [key, certificate] = await Promise.all(
      [this.#files.key, this.#files.certificate].map((file) => readFile(file, "utf8")),
    );
    if (certificate === this.#given) {
      throw new KerfError("not_ready", {
        message: "The file of the certificate has not been renewed yet.",
        fix: "Have it renewed before half of its life is over.",
      });
    }
    // Both files are replaced at once, but read one after the other.
    if (
      !new X509Certificate(certificate as string).checkPrivateKey(createPrivateKey(key as string))
    )
      throw new KerfError("not_ready", "The key is another one than the certificate's.");
    this.#given = certificate;
    return { key, certificate } as { key: string; certificate: string };
  }

  #after(): Timer {
    return this.#clock.after(lookMs, () => {
      this.#timer = this.#after();
      void this.#look(); // Never rejects.
    });
  }

  async #look(): Promise<void> {
    try {
      const authorities = await readAuthorities(this.#files.authority);
      if (authorities.join() === this.#authorities.join()) return;
      this.#authorities = authorities;
      for (const listener of this.#listeners) listener();
    } catch (error) {
      this.#log.warn("The authorities' certificates cannot be read; those of before stay.", {
        error,
      });
    }
  }
}

async function readAuthorities(file: string): Promise<readonly string[]> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    throw unusable(file, (cause as Error).message);
  }
  const blocks = text.match(pemBlock);
  if (blocks === null) throw unusable(file, "It holds no certificate in PEM.");
  return blocks;
}

function unusable(file: string, why: string): KerfError {
  return new KerfError("invalid_configuration", {
    message: `The authorities' certificates cannot be read: ${file}`,
    why,
    fix: "Mount the certificates of those that sign for this environment, PEM, one after the other.",
  });
}
