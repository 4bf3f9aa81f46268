import type { GeneratedService } from "../../releases/generated-app.ts";

/** Every third service keeps data; every fourth calls two others. */
const withData = 3;
const calling = 4;

/** As many services as are wanted: `s01`, `s02`, … */
export function generatedServices(count: number): GeneratedService[] {
  const name = (index: number) => `s${String(index + 1).padStart(2, "0")}`;
  return Array.from({ length: count }, (_, index) => ({
    name: name(index),
    hasDatabase: index % withData === 0,
    uses: index % calling === calling - 1 ? [name(index - 1), name(index - 2)] : [],
  }));
}
