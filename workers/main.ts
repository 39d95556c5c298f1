import { choosePorts, chooseScanner } from '../adapters/choose.ts';
import { createLog } from '../adapters/log/pino-log.ts';
import { createPrometheusMetrics } from '../adapters/metrics/prometheus.ts';
import { endAnyway, runMain } from '../adapters/run-main.ts';
import { ConfigError, readConfig } from '../core/config.ts';
import { startHealth } from '../services/health/start.ts';
import { startStages } from './start-stages.ts';

/** The workers in a process of their own, beside listeners that run with LANDFALL_WORKERS=0. */
async function main(): Promise<void> {
  const config = readConfig(process.env);
  if (config.LANDFALL_WORKERS === 0)
    throw new ConfigError(['LANDFALL_WORKERS: must be 1 or more here; 0 is for listeners without workers']);
  const log = createLog(config);
  const ports = await choosePorts(config, log);
  const { scanner, testSignatures, stop: stopScanner } = await chooseScanner(config, log);
  const metrics = createPrometheusMetrics();
  const stopping = new AbortController();
  const consumer = startStages(config, { ...ports, scanner, log }, metrics, stopping.signal);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stopping.abort());
  const health = await startHealth({
    address: config.LANDFALL_HEALTH_ADDRESS,
    port: config.LANDFALL_HEALTH_PORT,
    ports,
    metrics,
    log,
  });
  stopping.signal.addEventListener('abort', health.drain, { once: true });
  log.info({ event: 'ready', health: health.place, pid: process.pid, testSignatures }, 'ready');
  await consumer.done;
  health.stop();
  await stopScanner();
  await ports.close();
  log.info({}, 'stopped');
  endAnyway();
}

await runMain(main);
