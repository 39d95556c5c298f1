import { z } from 'zod';
import { nearestName } from './nearest-name.ts';
import { inWords } from './schema-words.ts';
import { bytes, duration } from './units.ts';

/**
 * Everything that can be set from outside, and the one reader of the environment. A row is a variable: its default
 * (as one would write it), what it means, how it is read. Defaults may name another variable as $NAME.
 */
interface Setting<Value> {
  readonly initial: string;
  readonly about: string;
  readonly schema: z.ZodType<Value>;
}

const setting = <Value>(initial: string, schema: z.ZodType<Value>, about: string): Setting<Value> => ({
  initial,
  about,
  schema,
});

const text = z.string().min(1, 'must not be empty');
const anyText = z.string();
const size = bytes;
/** A buffer without a byte would never hold what is read into it. */
const memory = bytes.refine((value) => value >= 1024, 'must be at least 1 KiB');
const age = duration;
/** Node's timers count in 31 bits of milliseconds; a longer one would end at once. */
const time = duration.refine((value) => value > 0 && value < 2 ** 31, 'must be more than 0 and at most 24 d');
const delay = duration.refine((value) => value < 2 ** 31, 'must be at most 24 d');
const count = z.string().regex(/^\d+$/, 'must be a whole number').transform(Number);
const port = count.refine((value) => value <= 65_535, 'must be a port, 0 to 65535 (0: any free one)');
const optionalPort = count.refine((value) => value <= 65_535, 'must be a port, 0 to 65535 (0: none)');
const oneOf = <const Values extends readonly string[]>(...values: Values) => z.enum(values);
/** Of what is chosen by URL: the schemes, and what else there is, such as `local:`, which has no place. */
const url = (schemes: readonly string[], others: readonly string[] = []) =>
  z
    .string()
    .refine(
      (value) => others.includes(value) || schemes.some((scheme) => value.startsWith(`${scheme}:`)),
      `must start with ${schemes.join(': or ')}:${others.map((other) => `, or be ${other}`).join('')}`,
    )
    .refine((value) => others.includes(value) || !value.endsWith(':'), 'must name a place behind the :');
const scanner = z
  .string()
  .regex(
    /^clamd:(?:own|\/.+|(?:\[.+\]|[^:/]+):\d+)$/,
    'must be clamd:own, clamd:HOST:PORT or clamd:/path/of/socket',
  );
const networks = z
  .string()
  .transform((value) =>
    value
      .split(',')
      .map((one) => one.trim())
      .filter(Boolean),
  )
  .pipe(
    z.array(
      z.union(
        [z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()],
        'must be addresses and networks with commas between, such as 10.0.0.0/8,192.0.2.7',
      ),
    ),
  );
/** Where PASV sends clients that came in at one of `networks`; at any when there are none. */
export interface PassiveHost {
  readonly networks: readonly string[];
  /** An IPv4 address, or a name that is resolved. */
  readonly host: string;
}

const HOST = /^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/;
/** `203.0.113.7`, `ftp.example.com`, `10.0.1.0/24=203.0.113.7,10.0.2.0/24=203.0.113.8`. */
const passiveHosts = z
  .string()
  .transform((value): PassiveHost[] =>
    value
      .split(',')
      .map((row) => row.trim().split('='))
      .filter(([first]) => first !== '')
      .map((row) => ({ networks: row.slice(0, -1), host: row.at(-1)! })),
  )
  .pipe(
    z.array(
      z.object({
        networks: z.array(z.union([z.ipv4(), z.cidrv4()], 'before = must be an address or a network')).max(1),
        host: z
          .string()
          .regex(HOST, 'must be an IPv4 address or a name, or NETWORK=ADDRESS with commas between'),
      }),
    ),
  );
const portRange = z
  .string()
  .regex(/^\d+-\d+$/, 'must be two ports, such as 30000-30099')
  .transform((value) => value.split('-').map(Number) as [number, number])
  .refine(([first, last]) => first > 0 && first <= last && last <= 65_535, 'must go up, within 1 to 65535')
  .transform(([first, last]) => ({ first, last }));

export const settings = {
  LANDFALL_DATA: setting('./data', text, 'folder for everything the embedded engine keeps'),
  LANDFALL_STORE: setting(
    'file:$LANDFALL_DATA/store',
    url(['file', 's3']),
    'object store; or s3://BUCKET?endpoint=URL',
  ),
  LANDFALL_QUEUE: setting(
    'sqlite:$LANDFALL_DATA/queue.db',
    url(['sqlite', 'redis', 'rediss', 'sqs']),
    'queue; or redis://HOST:PORT, or sqs:PREFIX',
  ),
  LANDFALL_FLEET: setting(
    'local:',
    url(['redis', 'rediss'], ['local:']),
    'what listeners share (sessions, failed logins, expected data connections, TLS ticket keys); or redis://HOST:PORT',
  ),
  LANDFALL_PARTNERS: setting('$LANDFALL_DATA/partners', text, 'folder of partner files, <name>.yaml each'),
  LANDFALL_SCANNER: setting(
    'clamd:own',
    scanner,
    'clamd:own starts one; clamd:HOST:PORT or clamd:/path/of/socket uses yours',
  ),
  LANDFALL_SIGNATURES: setting('/var/lib/clamav', text, 'signature database of clamd:own, kept by freshclam'),

  LANDFALL_FTP_ADDRESS: setting('127.0.0.1', text, 'address that the FTP listener binds'),
  LANDFALL_FTP_PORT: setting('2121', port, 'port of FTP'),
  LANDFALL_FTPS_PORT: setting('0', optionalPort, 'port of implicit FTPS, which needs a certificate; 0: none'),
  LANDFALL_TLS_CERTIFICATES: setting(
    '',
    anyText,
    'folder of certificates for FTPS, <name>.crt with its chain and <name>.key each (PEM); empty: no TLS',
  ),
  LANDFALL_TLS_MIN_VERSION: setting('1.2', oneOf('1.2', '1.3'), 'least version of TLS'),
  LANDFALL_TLS_TICKET_KEYS: setting(
    '',
    anyText,
    'file of secret TLS ticket keys, 48 bytes in base64 a line, newest first; empty: the fleet makes and shares them',
  ),
  LANDFALL_FTP_PASSIVE_PORTS: setting('30000-30099', portRange, 'ports of passive data connections'),
  LANDFALL_FTP_PASSIVE_ADDRESS: setting(
    '',
    passiveHosts,
    'IPv4 address or name that PASV tells clients, by zone NETWORK=ADDRESS,...; empty: the one that the client dialled',
  ),
  LANDFALL_FTP_LOGIN_TIMEOUT: setting('1 min', time, 'from the connection to the login'),
  LANDFALL_FTP_IDLE_TIMEOUT: setting('5 min', time, 'from command to command'),
  LANDFALL_FTP_DATA_TIMEOUT: setting('30 s', time, 'for a data connection to be made'),
  LANDFALL_FTP_STALL_TIMEOUT: setting('2 min', time, 'for a transfer without a byte moving'),
  LANDFALL_FTP_TRANSFER_TIMEOUT: setting('24 h', time, 'for one whole transfer'),

  LANDFALL_PROXY_PROTOCOL_FROM: setting(
    '',
    networks,
    "addresses and networks of proxies whose connections begin with HAProxy's PROXY header, version 1 or 2; empty: none",
  ),
  LANDFALL_PROXY_PROTOCOL_TIMEOUT: setting('5 s', time, 'for a PROXY header to come'),

  LANDFALL_RELAY_PORT: setting(
    '0',
    optionalPort,
    'port at which other listeners hand over data connections that a balancer sent to them; 0: none',
  ),
  LANDFALL_RELAY_ADDRESS: setting(
    '$LANDFALL_FTP_ADDRESS',
    text,
    'address of that port, which only listeners need to reach',
  ),
  LANDFALL_RELAY_ADVERTISE: setting(
    '',
    anyText,
    'HOST:PORT by which other listeners reach it; empty: its address, or one of this machine where it is bound to all',
  ),
  LANDFALL_RELAY_SECRET: setting(
    '',
    anyText,
    'what all listeners that share a fleet know and nobody else, 16 characters or more',
  ),
  LANDFALL_RELAY_SECRET_FILE: setting('', anyText, 'file that holds it, in place of that'),

  LANDFALL_MAX_SESSIONS: setting('2000', count, 'sessions in all'),
  LANDFALL_MAX_SESSIONS_PER_ADDRESS: setting('200', count, 'sessions from one address'),
  LANDFALL_MAX_FILE_SIZE: setting('5 TiB', size, 'one file'),
  LANDFALL_MEMORY: setting('64 MiB', memory, 'memory of all transfers together'),
  LANDFALL_BLOCK_SIZE: setting('256 KiB', memory, 'one buffer of a transfer'),

  LANDFALL_WORKERS: setting(
    '4',
    count,
    'files in each stage at once in this process; 0: workers run elsewhere',
  ),
  LANDFALL_KEEP_UPLOADS: setting('24 h', age, 'how long an interrupted upload can be resumed'),
  LANDFALL_KEEP_REPLACED: setting('7 d', age, 'how long replaced and removed files stay for the pipeline'),
  LANDFALL_DRAIN_DELAY: setting(
    '0 s',
    delay,
    'from /readyz saying 503 to taking no new session, for a balancer to notice',
  ),
  LANDFALL_STOP_TIMEOUT: setting('30 s', time, 'for transfers and stages to end when it is told to stop'),

  LANDFALL_HEALTH_ADDRESS: setting('127.0.0.1', text, 'address of the health pages'),
  LANDFALL_HEALTH_PORT: setting(
    '0',
    optionalPort,
    'port of /livez, /readyz and /metrics, by HTTP, which need no login; 0: none',
  ),

  LANDFALL_LOG: setting(
    'auto',
    oneOf('auto', 'pretty', 'json'),
    'auto: pretty on a terminal, JSON lines elsewhere',
  ),
  LANDFALL_LOG_LEVEL: setting('info', oneOf('debug', 'info', 'warn', 'error'), 'least level that is logged'),
} as const satisfies Record<`LANDFALL_${string}`, Setting<unknown>>;

export type SettingName = keyof typeof settings;
export type Config = { readonly [N in SettingName]: z.output<(typeof settings)[N]['schema']> };

/** What is wrong with the environment: one line a fault, `NAME: why (value)`. */
export class ConfigError extends Error {
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(`The configuration is not valid:\n${faults.map((fault) => `  ${fault}`).join('\n')}`);
    this.name = 'ConfigError';
    this.faults = faults;
  }
}

/** What a setting names cannot be had: a port that is taken, an engine that does not answer. */
export class SettingError extends Error {
  constructor(setting: SettingName, why: string, options?: ErrorOptions) {
    super(`${setting}: ${why}`, options);
    this.name = 'SettingError';
  }
}

/** Reads all settings. Throws `ConfigError` with every fault, variables of ours that do not exist included. */
export function readConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const faults: string[] = [];
  const written = (name: SettingName, through: readonly SettingName[] = []): string => {
    const value = env[name] ?? settings[name].initial;
    return value.replace(/\$(LANDFALL_[A-Z_]+)/g, (reference, other: string) => {
      if (Object.hasOwn(settings, other) && other !== name && !through.includes(other as SettingName)) {
        return written(other as SettingName, [...through, name]);
      }
      const why = Object.hasOwn(settings, other) ? 'leads back to itself' : 'is no setting';
      faults.push(`${name}: ${reference} ${why}`);
      return reference;
    });
  };

  for (const name of Object.keys(env)) {
    if (!name.startsWith('LANDFALL_') || Object.hasOwn(settings, name)) continue;
    const meant = nearestName(name, Object.keys(settings));
    faults.push(`${name}: there is no such setting${meant ? `; is ${meant} meant?` : ''}`);
  }
  const config: Partial<Record<SettingName, unknown>> = {};
  for (const name of Object.keys(settings) as SettingName[]) {
    const parsed = settings[name].schema.safeParse(written(name), { error: inWords });
    if (parsed.success) config[name] = parsed.data;
    else faults.push(`${name}: ${parsed.error.issues[0]!.message} (it is "${written(name)}")`);
  }
  if (faults.length === 0) faults.push(...portsTwice(config as Config));
  if (faults.length > 0) throw new ConfigError(faults);
  return config as Config;
}

const SINGLE_PORTS = [
  'LANDFALL_FTP_PORT',
  'LANDFALL_FTPS_PORT',
  'LANDFALL_RELAY_PORT',
  'LANDFALL_HEALTH_PORT',
] as const;

/** Bound later, such a port would be told as taken, and nobody would know by whom. */
function portsTwice(config: Config): string[] {
  const { first, last } = config.LANDFALL_FTP_PASSIVE_PORTS;
  return SINGLE_PORTS.filter((name) => first <= config[name] && config[name] <= last).map(
    (name) => `${name}: ${config[name]} is one of LANDFALL_FTP_PASSIVE_PORTS`,
  );
}

/** The table of settings for `--help`. */
export function describeSettings(): string {
  const rows = Object.entries(settings);
  return rows.map(([name, { initial, about }]) => `  ${name}=${initial}\n      ${about}`).join('\n');
}
