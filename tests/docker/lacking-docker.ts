import { docker } from "./contained-shop.ts";

/** Why there is no Docker here. Continuous integration may not run one: these tests are left out there. */
export async function lackingDocker(): Promise<string | undefined> {
  try {
    await docker("version", "--format", "{{.Server.Version}}");
    return undefined;
  } catch {
    const reason = "needs Docker, which is not there; npm run test:docker runs these alone";
    console.log(`skipped: ${reason}`);
    return reason;
  }
}
