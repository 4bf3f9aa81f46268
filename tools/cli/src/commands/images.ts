import { Command } from "commander";
import { examples } from "../examples.ts";
import { homeOption } from "./home-option.ts";

/** What `kerf images` and `kerf undeploy` take. */
interface ImagesOptions {
  home?: string;
  json?: true;
}

/** `kerf images`: images of others that run as services. */
export function imagesCommand(): Command {
  return examples(
    new Command("images")
      .summary("list the images of others that run as services")
      .description(
        "Lists what kerf deploy --image runs: where the gateway has it, and how many copies take connections.",
      )
      .addOption(homeOption())
      .option("--json", "print it as JSON: [{name, image, at, gateway, port, replicas, ready}]")
      .action(async (options: ImagesOptions) => {
        const { listImages } = await import("../changes/deploy-image.ts");
        await listImages(options);
      }),
    [["kerf images", "all of them"]],
  );
}

/** `kerf undeploy`: ends one of them. */
export function undeployCommand(): Command {
  return examples(
    new Command("undeploy")
      .summary("end an image that runs as a service")
      .description(
        "Takes an image that kerf deploy --image runs out of its gateway, lets its copies finish what they have begun, and removes them.",
      )
      .argument("<name>", "what it is called")
      .addOption(homeOption())
      .option("--json", "print {removed} as JSON")
      .action(async (name: string, options: ImagesOptions) => {
        const { undeploy } = await import("../changes/deploy-image.ts");
        await undeploy(name, options);
      }),
    [["kerf undeploy docs", "the one that is called docs"]],
  );
}
