import type { Client, Invocation, Server } from '../client.ts';
import { namesInNlst } from './names-in.ts';
import { hostInUrl } from './url.ts';

/** `rclone obscure` of the password of `client-lab.ts`; rclone takes no other form. */
const OBSCURED_PASSWORD = 'S80UtvjO53Mg-QQ8AwvmZwbSEUHcK_AV9yM';

const tls = ({ security, tls: version, trusted }: Server): Record<string, string> => ({
  RCLONE_CONFIG_LANDFALL_TLS: String(security === 'implicit'),
  RCLONE_CONFIG_LANDFALL_EXPLICIT_TLS: String(security === 'explicit'),
  RCLONE_CONFIG_LANDFALL_DISABLE_TLS13: String(version === '1.2'),
  // Its own --ca-cert is for HTTPS only.
  SSL_CERT_FILE: trusted,
  // Its connections share one place for a session: in TLS 1.3 that of another connection may be in it.
  ...(security === 'plain'
    ? {}
    : { RCLONE_TRANSFERS: '1', RCLONE_CHECKERS: '1', RCLONE_FTP_CONCURRENCY: '1' }),
});

export const rclone = (server: Server, ...args: string[]): Invocation => ({
  command: 'rclone',
  args: [...['--retries', '1', '--low-level-retries', '2', '--timeout', '100s'], ...args],
  env: {
    RCLONE_CONFIG_LANDFALL_TYPE: 'ftp',
    RCLONE_CONFIG_LANDFALL_HOST: hostInUrl(server),
    RCLONE_CONFIG_LANDFALL_PORT: String(server.port),
    RCLONE_CONFIG_LANDFALL_USER: server.user,
    RCLONE_CONFIG_LANDFALL_PASS: OBSCURED_PASSWORD,
    ...tls(server),
    // Otherwise it writes a space at the end of a name, and more, as other characters.
    RCLONE_CONFIG_LANDFALL_ENCODING: 'Slash',
  },
});

export const RCLONE: Client = {
  name: 'rclone',
  upload: (server, from, to) => rclone(server, 'copyto', '--ignore-times', from, `landfall:${to}`),
  download: (server, from, to) => rclone(server, 'copyto', `landfall:${from}`, to),
  stream: (server, path) => rclone(server, 'cat', `landfall:${path}`),
  listings: {
    LIST: {
      run: (server, folder) => rclone(server, '--ftp-disable-mlsd', 'lsf', `landfall:${folder}`),
      names: namesInNlst,
    },
    MLSD: { run: (server, folder) => rclone(server, 'lsf', `landfall:${folder}`), names: namesInNlst },
  },
  rename: (server, from, to) => rclone(server, 'moveto', `landfall:${from}`, `landfall:${to}`),
  remove: (server, path) => rclone(server, 'deletefile', `landfall:${path}`),
  mirrorUp: (server, from, to) => rclone(server, 'sync', from, `landfall:${to}`),
  mirrorDown: (server, from, to) => rclone(server, 'copy', `landfall:${from}`, to),
  ipv6: true,
  active: {},
  tls: { explicit: ['1.2', '1.3'], implicit: ['1.2', '1.3'] },
  resumes: ['1.2', '1.3'],
  cannot: {
    active: 'rclone is passive only',
    resume: 'rclone begins anew',
    text: 'rclone is binary only',
    NLST: 'rclone asks for MLSD or LIST',
    'resumption on several connections, TLS 1.3': 'they share one session',
  },
};
