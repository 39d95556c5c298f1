import { randomBytes } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { type Config, ConfigError } from '../../../core/config.ts';
import { parseHostAndPort, reachableAddress, showHostAndPort } from './host-and-port.ts';
import type { RelayPlace } from './relay.ts';

/** Whoever records a handshake can try secrets on it at leisure. */
const MIN_SECRET_LENGTH = 16;
const MAX_FILE_BYTES = 4096;

/** Where the settings put the relay; undefined for none. Throws `ConfigError`, never with the secret. */
export async function relayPlace(config: Config): Promise<RelayPlace | undefined> {
  const { LANDFALL_RELAY_PORT: port, LANDFALL_RELAY_ADDRESS: address } = config;
  if (port === 0) return undefined;
  return { address, port, advertised: advertised(config), secret: await secretOf(config) };
}

function advertised(config: Config): string {
  const { LANDFALL_RELAY_ADVERTISE: said, LANDFALL_RELAY_ADDRESS: address } = config;
  if (said !== '') {
    const place = parseHostAndPort(said);
    if (place) return showHostAndPort(place);
    throw new ConfigError([`LANDFALL_RELAY_ADVERTISE: must be HOST:PORT (it is "${said}")`]);
  }
  const host = reachableAddress(address);
  if (host !== undefined) return showHostAndPort({ host, port: config.LANDFALL_RELAY_PORT });
  throw new ConfigError(['LANDFALL_RELAY_ADVERTISE: must be set, as this machine has no address of its own']);
}

async function secretOf(config: Config): Promise<string> {
  const { LANDFALL_RELAY_SECRET: said, LANDFALL_RELAY_SECRET_FILE: file, LANDFALL_FLEET: fleet } = config;
  const [name, secret] = file
    ? ['LANDFALL_RELAY_SECRET_FILE', await contentOf(file)]
    : ['LANDFALL_RELAY_SECRET', said];
  if (said && file) throw new ConfigError([`${name}: there is LANDFALL_RELAY_SECRET already`]);
  // Alone in its fleet, a listener has nobody to share one with.
  if (secret === '' && fleet.startsWith('local:')) return randomBytes(32).toString('base64url');
  if (secret.length >= MIN_SECRET_LENGTH) return secret;
  throw new ConfigError([`${name}: must be ${MIN_SECRET_LENGTH} characters or more where there is a relay`]);
}

async function contentOf(file: string): Promise<string> {
  try {
    const stats = await stat(file);
    if (!stats.isFile() || stats.size > MAX_FILE_BYTES)
      throw new Error('it is no file, or too large for a secret');
    return (await readFile(file, 'utf8')).trim();
  } catch (thrown) {
    throw new ConfigError([`LANDFALL_RELAY_SECRET_FILE: ${(thrown as Error).message}`]);
  }
}
