import type { Server } from '../client.ts';

export const hostInUrl = ({ host }: Server): string => (host === '::1' ? '[::1]' : host);

const encode = (segment: string): string =>
  encodeURIComponent(segment).replace(/[!'()*~]/g, (character) => `%${character.charCodeAt(0).toString(16)}`);

/** `ftp://127.0.0.1:2121/in/a%20b`; a path that ends with a slash is a folder. */
export const ftpUrl = (
  server: Server,
  path: string,
  { login = '', scheme = server.security === 'implicit' ? 'ftps' : 'ftp' } = {},
): string =>
  `${scheme}://${login}${hostInUrl(server)}:${server.port}${path.split('/').map(encode).join('/')}`;
