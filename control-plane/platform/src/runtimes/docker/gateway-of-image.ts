import type { ContractDescription } from "@kerf/contract";
import { KerfError } from "@kerf/kernel";
import type { GatewaySettings } from "@kerf/service";
import { conflictsWith, type ForeignImage } from "./foreign-image.ts";
import { assertEmitted } from "./image-events.ts";

/** Most images of others. */
const mostImages = 100;

/** What an image comes to. */
export interface ImageNeighbours {
  /** Those that run, by name; the one that is asked for may be among them. */
  readonly images: Readonly<Record<string, ForeignImage>>;
  /** The contract of a service of the app; undefined where there is no such service. */
  readonly contractOf: (service: string) => ContractDescription | undefined;
  /** The gateways with their own settings; the first one is meant where none is named. */
  readonly gateways: () => readonly { readonly name: string; readonly settings: GatewaySettings }[];
  /** Whether a name is one of a service or a unit. */
  readonly isTaken: (name: string) => boolean;
}

/** The gateway that is to have an image. Throws `invalid_configuration` where its name, its domain or what it calls and emits cannot be. */
export function gatewayOfImage(
  {
    domain,
    gateway,
    name,
    sidecar,
  }: Pick<ForeignImage, "domain" | "name" | "sidecar"> & { readonly gateway?: string | undefined },
  { contractOf, gateways, images, isTaken }: ImageNeighbours,
): string {
  /** What a service of the app emits, or another image. */
  const eventsOf = (producer: string): readonly string[] | undefined => {
    const contract = contractOf(producer);
    if (contract !== undefined) return Object.keys(contract.events);
    const emits = images[producer]?.sidecar?.emits;
    return emits && Object.keys(emits);
  };
  const all = gateways();
  const chosen = all.find((each) => gateway === undefined || each.name === gateway);
  if (chosen === undefined)
    throw wrong(
      `There is no gateway ${JSON.stringify(gateway)}.`,
      `Give one of: ${all.map((each) => each.name).join(", ")}`,
    );
  const [conflict] = conflictsWith(chosen.settings, { name, domain });
  if (conflict !== undefined)
    throw wrong(
      `The gateway ${chosen.name} cannot have ${name}: ${conflict}.`,
      "Call it otherwise, or give it a domain: --domain HOST",
    );
  if (isTaken(name))
    throw wrong(
      `${name} is a service of the app, or a unit.`,
      "Call the image otherwise: --app NAME",
    );
  const unknown = sidecar?.uses.find(
    (use) => contractOf(use) === undefined && (use === name || images[use]?.sidecar === undefined),
  );
  if (unknown !== undefined)
    throw wrong(
      `The app has no service ${JSON.stringify(unknown)}, and no image with a sidecar is called so.`,
      "Name services of the app, as kerf status shows them, or other images: --uses catalog,prices",
    );
  if (sidecar !== undefined) assertEmitted(sidecar, eventsOf);
  const others = Object.values(images).filter((image) => image.name !== name);
  if (others.length >= mostImages)
    throw wrong(`${mostImages} images run already.`, "Remove one: kerf undeploy NAME");
  const taken = others.find(
    (each) => domain !== undefined && each.domain === domain && each.gateway === chosen.name,
  );
  if (taken !== undefined)
    throw wrong(`${domain} is where ${taken.name} is.`, "Name another domain.");
  return chosen.name;
}

function wrong(message: string, fix: string): KerfError {
  return new KerfError("invalid_configuration", { message, fix });
}
