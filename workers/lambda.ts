import { chooseLambdaPorts, chooseScanner, type LambdaPorts } from '../adapters/choose.ts';
import { createLog } from '../adapters/log/pino-log.ts';
import { readConfig } from '../core/config.ts';
import type { Scanner } from '../core/ports/scanner.ts';
import { type BatchHost, handleBatch } from './handle-batch.ts';
import { createOutage } from './outage.ts';
import { stages } from './stages.ts';

interface Event {
  readonly Records: Parameters<LambdaPorts['adopt']>[0];
}

interface Context {
  getRemainingTimeInMillis(): number;
}

/** What Lambda is told of a batch: the messages that it shall not remove. */
interface Answer {
  readonly batchItemFailures: readonly { readonly itemIdentifier: string }[];
}

/** Once in the life of a container. Where it fails, Lambda starts another one. */
const { adopt, ...host } = await open();

/**
 * The stages on AWS Lambda: the handler of each function, whichever queue of the pipeline its event source mapping
 * reads. The mapping must have `ReportBatchItemFailures`. What is tried again is hidden for as long as the pipeline's
 * table says and reported as failed; what is given up is put into the dead-letter queue here, with its reason, and
 * reported as done. So the queues need no redrive policy; one with a `maxReceiveCount` below the table's attempts
 * would cut retries short.
 */
export async function handler({ Records }: Event, context: Context): Promise<Answer> {
  const deliveries = await adopt(Records);
  await handleBatch(deliveries, context.getRemainingTimeInMillis(), host);
  const done = new Set(deliveries.filter(({ isDone }) => isDone).map(({ id }) => id));
  const failed = Records.filter(({ messageId }) => !done.has(messageId));
  return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) };
}

async function open(): Promise<BatchHost & Pick<LambdaPorts, 'adopt'>> {
  const config = readConfig(process.env);
  const log = createLog(config);
  const { adopt, ...ports } = await chooseLambdaPorts(config, log);
  const scanner = whenNeeded(async () => (await chooseScanner(config, log)).scanner);
  return {
    adopt,
    stages,
    ports: { ...ports, scanner, log },
    concurrency: Math.max(1, config.LANDFALL_WORKERS),
    outage: createOutage(log),
  };
}

/** Most functions never scan, and have no clamd to start. */
function whenNeeded(choose: () => Promise<Scanner>): Scanner {
  let choosing: Promise<Scanner> | undefined;
  const scanner = (): Promise<Scanner> => {
    choosing ??= choose().catch((thrown) => {
      choosing = undefined;
      throw thrown;
    });
    return choosing;
  };
  return {
    scan: async (bytes, signal) => (await scanner()).scan(bytes, signal),
    version: async () => (await scanner()).version(),
  };
}
