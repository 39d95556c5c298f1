import { buildApp } from 'fauxqs';

/** A process with an SQS of its own, in memory. Says its URL on its output, and goes with its parent. */
const app = buildApp({ logger: false });
console.log(await app.listen({ host: '127.0.0.1', port: Number(process.argv[2] ?? 0) }));
process.stdin.resume().on('end', () => process.exit());
