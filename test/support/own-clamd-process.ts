import { startOwnClamd } from '../../adapters/scanner/own-clamd.ts';
import { quietLog } from './quiet-log.ts';

/** A process with a clamd of its own, to be killed: `FOLDER`. Says `ready` on its output. */
const own = await startOwnClamd({ folder: process.argv[2]!, signatures: '/nonexistent', log: quietLog });
await own.scanner.version();
console.log('ready');
