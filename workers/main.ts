import { choosePorts, chooseScanner } from '../adapters/choose.ts';
import { createLog } from '../adapters/log/pino-log.ts';
import { runMain } from '../adapters/run-main.ts';
import { readConfig } from '../core/config.ts';
import { startConsumer } from './consumer.ts';
import { stages } from './stages.ts';

/** The workers in a process of their own, beside listeners that run with LANDFALL_WORKERS=0. */
async function main(): Promise<void> {
  const config = readConfig(process.env);
  const log = createLog(config);
  const ports = await choosePorts(config, log);
  const { scanner, testSignatures, stop: stopScanner } = await chooseScanner(config, log);
  const stopping = new AbortController();
  const consumer = startConsumer({
    stages,
    ports: { ...ports, scanner, log },
    concurrency: config.LANDFALL_WORKERS,
    signal: stopping.signal,
    stopTimeoutMs: config.LANDFALL_STOP_TIMEOUT,
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stopping.abort());
  log.info({ event: 'ready', pid: process.pid, testSignatures }, 'ready');
  await consumer.done;
  await stopScanner();
  await ports.close();
  log.info({}, 'stopped');
}

await runMain(main);
