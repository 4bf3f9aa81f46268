import { join } from "node:path";
import { KerfError } from "@kerf/kernel";
import type { AcmeSettings, FileTls } from "@kerf/service";

/** Where the platform puts the certificates that it orders: in one file with the key, so that both are replaced in one moment. */
export function filesOfDomains({ domains }: AcmeSettings, folder: string | undefined): FileTls {
  if (folder === undefined) {
    throw new KerfError("invalid_configuration", {
      message: "Nobody orders certificates for this gateway.",
      why: "tls.acme is done by Kerf's platform, and this gateway runs without one.",
      fix: "Give it tls: { certFile, keyFile }, with certificates of cert-manager or of your own.",
    });
  }
  const named = domains.map((domain) => {
    const file = join(folder, `${domain}.pem`);
    return { serverNames: [domain], certFile: file, keyFile: file };
  });
  const [{ certFile, keyFile }] = named as [(typeof named)[number]];
  return { certFile, keyFile, names: named };
}
