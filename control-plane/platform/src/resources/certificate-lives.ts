/** How long what is issued holds, milliseconds. */
export interface CertificateLives {
  /** Of a program's certificate; 24 h unless told otherwise (`defaults.md`: Linkerd, Istio). */
  readonly certificateMs: number;
  /** Of an authority; a year unless told otherwise (cert-manager's and Linkerd's guides for an issuer). */
  readonly authorityMs: number;
}

/** 24 h, and a year of 365 days. */
export const certificateLives: CertificateLives = {
  certificateMs: 24 * 3_600_000,
  authorityMs: 365 * 24 * 3_600_000,
};
