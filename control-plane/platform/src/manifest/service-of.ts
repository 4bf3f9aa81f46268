import { KerfError } from "@kerf/kernel";
import type { AppManifest, ManifestService } from "@kerf/service";

/** A service of the app; throws `not_found` with the names that there are. */
export function serviceOf({ services }: AppManifest, name: string): ManifestService {
  const found = services.find((service) => service.name === name);
  if (found !== undefined) return found;
  throw new KerfError("not_found", {
    message: `There is no service ${JSON.stringify(name)}.`,
    fix: `Give one of: ${services.map((service) => service.name).join(", ")}`,
  });
}
