import { Command } from "commander";
import { labelOption } from "../build/build-label.ts";
import { examples } from "../examples.ts";
import { stateOption } from "./state-option.ts";

/** What `kerf build` takes. */
export interface BuildOptions {
  app?: string;
  out?: string;
  label?: string;
  image?: string;
  base?: string;
  output?: string;
  push?: true;
  dockerfile?: string;
  home?: string;
  json?: true;
}

/** `kerf build`: makes what is deployed. */
export function buildCommand(): Command {
  return examples(
    new Command("build")
      .summary("build services, so that they run without their source")
      .description(
        "Builds services and backends of gateways: the code of each as one module, its migrations, what it offers and what it was written " +
          "against. A build is named by its content: the same code is the same build, from whatever folder. Needs no running app. With --image the services " +
          "of a unit, or a gateway, become an image for containers, without a daemon; the same builds on one base are one digest.",
      )
      .argument(
        "[services...]",
        "names, or the file of one service that no app here names; all of the app without it",
      )
      .option("--app <file>", "module that declares the app (default: app.ts or app.js here)")
      .option("--out <dir>", "folder of the builds (default: builds in the folder of the state)")
      .addOption(labelOption())
      .option(
        "--image <ref>",
        "make the image of a unit or a gateway: registry.example.com/shop/orders:1",
      )
      .option(
        "--base <ref>",
        "with --image: an image with Node in it to stand on (default: this Node)",
      )
      .option("--output <file>", "with --image: write it for docker load and podman load")
      .option("--push", "with --image: push it, as docker login left us known")
      .option(
        "--dockerfile <dir>",
        "with --image: write a Dockerfile with its context there instead",
      )
      .addOption(stateOption())
      .option(
        "--json",
        "print it as JSON: {image: {program, image, digest, bytes, output, pushed, dockerfile}, builds: [{service, kind, version, digest, directory, unchanged, bytes, files, migrations, notes}]}",
      )
      .action(async (services: string[], options: BuildOptions) => {
        const { build } = await import("../build/build.ts");
        await build(services, options);
      }),
    [
      ["kerf build", "every service and backend of the app in this folder"],
      ["kerf build orders payments", "these two"],
      ["kerf build ./reviews/service.ts", "a service that has a repository of its own"],
      [
        "kerf build orders --image registry.example.com/shop/orders:1 --push",
        "as an image, to a registry",
      ],
      ["kerf build gateway:web --image shop/gateway-web:1 --output web.tar", "a gateway"],
      ["kerf build orders --image shop/orders:1 --output orders.tar", "as a file for docker load"],
      ["kerf build orders --json | jq -r '.builds[0].digest'", "for scripts"],
    ],
  );
}
