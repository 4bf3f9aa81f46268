import { createPrivateKey, type webcrypto } from "node:crypto";
import { createCertificateRequest, spiffeId, WorkloadIdentity } from "@kerf/call";
import { type Clock, systemClock } from "@kerf/kernel";
import { type AuthorityKey, issueCertificate, makeAuthority } from "@kerf/platform/certificates";
import { silentLogger } from "@kerf/telemetry";

const hourMs = 3_600_000;

/** A key and a certificate for it, PEM. */
export interface Shown {
  readonly key: string;
  readonly cert: string;
}

/** An environment with an authority of its own, made by what the platform makes its own with. */
export class TestEnvironment {
  readonly name: string;
  readonly authority: AuthorityKey;

  private constructor(name: string, authority: AuthorityKey) {
    this.name = name;
    this.authority = authority;
  }

  static async make(name = "test"): Promise<TestEnvironment> {
    return new TestEnvironment(name, await makeAuthority(name, systemClock.wall(), 240 * hourMs));
  }

  /** The same environment in another process, from what `kept` gave. */
  static from(kept: string): TestEnvironment {
    const { name, authority } = JSON.parse(kept) as TestEnvironment;
    return new TestEnvironment(name, authority);
  }

  /** What makes it anew elsewhere, its key included. */
  get kept(): string {
    return JSON.stringify({ name: this.name, authority: this.authority });
  }

  /** The certificate that others accept this environment's by, PEM. */
  get trusted(): string {
    return this.authority.certificate;
  }

  /** The authority's own certificate with its key: what nobody but the platform has. */
  get self(): Shown {
    const key = createPrivateKey({
      key: this.authority.key as webcrypto.JsonWebKey,
      format: "jwk",
    });
    return {
      key: key.export({ type: "pkcs8", format: "pem" }) as string,
      cert: this.authority.certificate,
    };
  }

  /** A certificate for any name; `madeAt` (wall clock) and `lifeMs` say when it holds. */
  async shown(id: string, { madeAt = systemClock.wall(), lifeMs = hourMs } = {}): Promise<Shown> {
    const { key, request } = await createCertificateRequest(id);
    const { authority } = this;
    const cert = await issueCertificate({ authority, request, id, now: madeAt, lifeMs });
    return { key, cert };
  }

  /** The identity of a unit, as a program of it would have it. */
  identity(
    unit: string,
    options: {
      clock?: Clock;
      lifeMs?: number;
      issue?: (request: string) => Promise<string>;
      trusted?: readonly string[];
    } = {},
  ): Promise<WorkloadIdentity> {
    const { clock = systemClock, lifeMs = hourMs, trusted = [this.trusted] } = options;
    const { authority, name } = this;
    const id = spiffeId(name, unit);
    return WorkloadIdentity.obtain({
      environment: name,
      unit,
      issue:
        options.issue ??
        ((request) => issueCertificate({ authority, request, id, now: clock.wall(), lifeMs })),
      authorities: { current: () => trusted, onChange: () => () => {} },
      clock,
      random: { next: () => 0.5 },
      log: silentLogger,
    });
  }
}
