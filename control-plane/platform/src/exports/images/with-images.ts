import { KerfError } from "@kerf/kernel";
import { type AppManifest, byProducer, type ManifestService } from "@kerf/service";
import { conflictsWith, type ImageSidecar } from "../../runtimes/docker/foreign-image.ts";
import {
  assertEmitted,
  hasEvents,
  serviceOfImage,
  withDatabase,
} from "../../runtimes/docker/image-events.ts";
import type { ExportedImage, ExportedImages } from "./exported-image.ts";

/**
 * An app with images of others as units of it: each a service without operations, with a database where events go through its sidecar. Throws `invalid_configuration` for what the
 * app cannot have.
 */
export function withImages(app: AppManifest, images: ExportedImages = {}): AppManifest {
  const names = Object.keys(images);
  if (names.length === 0) return app;
  for (const [name, image] of Object.entries(images)) assertPossible(app, images, name, image);
  return {
    ...app,
    services: [
      ...app.services,
      ...names.map((name) => asService(name, images[name] as ExportedImage)),
    ],
    units: { ...app.units, ...Object.fromEntries(names.map((name) => [name, [name]])) },
  };
}

/** The name of the gateway that has an image. */
export function gatewayOf(image: ExportedImage, { gateways }: AppManifest): string | undefined {
  return image.expose ?? gateways[0]?.name;
}

/** What goes through the sidecar of an image. */
export function sidecarOf({ allow, emits, follows, uses }: ExportedImage): ImageSidecar {
  return { allow, uses, follows, emits };
}

function asService(name: string, image: ExportedImage): ManifestService {
  const service: ManifestService = {
    ...serviceOfImage(name),
    uses: image.uses.map((use) => ({ name: use, version: "0.0.0", optional: true })),
    follows: [...byProducer(image.follows ?? []).keys()].toSorted(),
  };
  return hasEvents(sidecarOf(image)) ? withDatabase(service, "") : service;
}

function assertPossible(
  app: AppManifest,
  images: ExportedImages,
  name: string,
  image: ExportedImage,
): void {
  const services = new Map(app.services.map(({ contract, name: each }) => [each, contract]));
  const refuse = (message: string, fix: string): KerfError =>
    new KerfError("invalid_configuration", { message, fix });
  if (services.has(name) || Object.hasOwn(app.units, name))
    throw refuse(`${name} is a service of the app, or a unit.`, "Call the image otherwise.");
  const gateway = app.gateways.find((each) => each.name === gatewayOf(image, app));
  if (gateway === undefined)
    throw refuse(
      `There is no gateway ${JSON.stringify(image.expose ?? "")} for the image ${name}.`,
      `Name one as expose: ${app.gateways.map((each) => each.name).join(", ") || "the app has none"}.`,
    );
  const [conflict] = conflictsWith(gateway.settings, { name, domain: image.domain });
  if (conflict !== undefined)
    throw refuse(
      `The gateway ${gateway.name} cannot have ${name}: ${conflict}.`,
      "Call it otherwise, or give it a domain.",
    );
  const unknown = image.uses.find(
    (use) => use === name || !(services.has(use) || Object.hasOwn(images, use)),
  );
  if (unknown !== undefined)
    throw refuse(
      `${name} uses ${unknown}, which is no service of the app, and no other image.`,
      `Name some of ${[...services.keys()].join(", ")}.`,
    );
  assertEmitted(sidecarOf(image), (producer) => {
    const events = services.get(producer)?.events ?? images[producer]?.emits;
    return events && Object.keys(events);
  });
}
