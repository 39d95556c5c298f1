import type { Fleet } from '../../core/ports/fleet.ts';
import type { Log } from '../../core/ports/log.ts';
import type { Metrics } from '../../core/ports/metrics.ts';
import type { Queue } from '../../core/ports/queue.ts';
import type { Store } from '../../core/ports/store.ts';
import { checksOf } from './checks.ts';
import { createReadiness } from './readiness.ts';
import { startHealthServer } from './server.ts';
import { watchParts, watchQueues } from './watched.ts';

export interface HealthOptions {
  readonly address: string;
  /** 0: no health pages. */
  readonly port: number;
  readonly ports: { readonly store: Store; readonly queue: Queue; readonly fleet: Fleet };
  readonly metrics: Metrics & { text(): Promise<string>; readonly contentType: string };
  readonly log: Log;
}

/** The health pages of a process. */
export interface Health {
  /** Where they are; undefined when there are none. */
  readonly place: { readonly address: string; readonly port: number } | undefined;
  /** Not ready from now on. */
  drain(): void;
  stop(): void;
}

export async function startHealth({ address, port, ports, metrics, log }: HealthOptions): Promise<Health> {
  if (port === 0) return { place: undefined, drain: () => undefined, stop: () => undefined };
  const readiness = createReadiness(checksOf(ports));
  watchParts(readiness, metrics);
  watchQueues(ports.queue, metrics);
  const server = await startHealthServer({ address, port, readiness, metrics, log });
  return { place: { address, port: server.port }, drain: readiness.drain, stop: server.stop };
}
