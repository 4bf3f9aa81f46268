import { performance } from "node:perf_hooks";
import type { Metrics } from "./metrics.ts";

/** Has what the operating system says of this program looked at with each delivery; `unit` is whose it is. */
export function observeProcess(metrics: Metrics, unit: string): void {
  const user = metrics.counter("process.cpu.time", unit, { "cpu.mode": "user" });
  const system = metrics.counter("process.cpu.time", unit, { "cpu.mode": "system" });
  const memory = metrics.gauge("process.memory.usage", unit, {});
  const loop = metrics.gauge("nodejs.eventloop.utilization", unit, {});
  let used = process.cpuUsage();
  let turned = performance.eventLoopUtilization();
  metrics.observe(() => {
    const since = process.cpuUsage(used);
    used = process.cpuUsage();
    user.add(since.user / 1e6);
    system.add(since.system / 1e6);
    memory.set(process.memoryUsage.rss());
    const now = performance.eventLoopUtilization();
    loop.set(performance.eventLoopUtilization(now, turned).utilization);
    turned = now;
  });
}
