import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '../../support/free-port.ts';
import { type Peer, startDaemon } from '../server.ts';
import { forgetLargeIn } from './forget-large.ts';

/** The npm package of that name, in a process of its own. It neither syncs nor computes a digest. */
export const ftpSrv: Peer = {
  name: 'ftp-srv',
  needsRoot: false,
  async start(folder, { crt, key }) {
    const [root, port] = [`${folder}/root`, await freePort()];
    await mkdir(`${root}/in`, { recursive: true });
    const program = join(import.meta.dirname, 'ftp-srv-process.ts');
    return {
      ...(await startDaemon(folder, process.execPath, [program, String(port), root, crt, key], port)),
      name: this.name,
      port,
      user: 'bench',
      password: 'secret',
      // Its data connections stay plain on this Node.
      speaksTls: false,
      settled: async () => undefined,
      forgetLarge: () => forgetLargeIn(`${root}/in`),
    };
  },
};
