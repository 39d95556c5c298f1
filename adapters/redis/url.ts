import { Fault } from '../../core/fault.ts';

/** Where a Redis is, and what of it is ours, as its URL says it. */
export interface RedisPlace {
  readonly host: string;
  readonly port: number;
  readonly database: number;
  readonly tls: boolean;
  readonly user?: string;
  readonly password?: string;
  /** Before the name of every key. */
  readonly prefix: string;
}

const PARAMETERS: ReadonlySet<string> = new Set(['prefix']);
const SHAPE = 'redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE][?prefix=NAME], or rediss:// for TLS';
const PORT = 6_379;
const PREFIX = 'landfall';

/** Reads `redis://127.0.0.1:6379/0?prefix=landfall`. Throws `bad-argument`, never with the password. */
export function parseRedisUrl(text: string): RedisPlace {
  if (!/^rediss?:\/\/./.test(text) || !URL.canParse(text)) throw wrong('that is no Redis URL');
  const { protocol, hostname, port, pathname, username, password, searchParams, hash } = new URL(text);
  if (hostname === '') throw wrong('the host is missing');
  if (hash) throw wrong('there is no "#"');
  const database = /^\/?(\d{0,4})$/.exec(pathname)?.[1];
  if (database === undefined) throw wrong(`"${pathname.slice(1)}" is no number of a database`);
  for (const name of searchParams.keys()) {
    if (!PARAMETERS.has(name)) throw wrong(`there is no parameter "${name}"`);
  }
  const prefix = searchParams.get('prefix') ?? PREFIX;
  if (!/^[A-Za-z0-9_.{}-]{1,60}$/.test(prefix)) throw wrong(`"${prefix}" is no prefix of keys' names`);
  return {
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: Number(port || PORT),
    database: Number(database),
    tls: protocol === 'rediss:',
    ...(username === '' ? {} : { user: decodeURIComponent(username) }),
    ...(password === '' ? {} : { password: decodeURIComponent(password) }),
    prefix,
  };
}

const wrong = (why: string): Fault => new Fault('bad-argument', `${why}: Redis is given as ${SHAPE}`);
