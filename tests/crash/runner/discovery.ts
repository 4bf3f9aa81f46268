import { StaticDiscovery } from "@kerf/call";

/** Services at fixed addresses, all of which keep records of their commands: so the call path may send those again. */
export class RecordedDiscovery extends StaticDiscovery {
  override recordsCommands(): boolean {
    return true;
  }
}
