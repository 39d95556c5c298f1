import { Fault } from '../../../core/fault.ts';
import { bytes } from '../../../core/units.ts';

/** Where the store is, as its URL says it. */
export interface S3Place {
  readonly bucket: string;
  /** Before every key; empty, or with a slash at its end. */
  readonly prefix: string;
  /** Of a store that is not AWS. */
  readonly endpoint?: string;
  readonly region?: string;
  /** Whether the bucket is in the path of a request; else it is in the host's name. */
  readonly pathStyle: boolean;
  /** A file of certificates (PEM): the authority that signed the store's. */
  readonly caFile?: string;
  /** Bytes in memory of all uploads together. */
  readonly memoryBytes?: number;
}

/** With less there are hardly two parts on their way. */
const MIN_MEMORY_BYTES = 32 * 1024 ** 2;

const PARAMETERS: ReadonlySet<string> = new Set(['endpoint', 'region', 'addressing', 'ca', 'memory']);
const SHAPE =
  's3://BUCKET[/PREFIX][?endpoint=http://HOST:PORT][&region=NAME][&addressing=path|virtual][&ca=FILE][&memory=SIZE]';

/**
 * Reads `s3://bucket/prefix?endpoint=http://127.0.0.1:7480&region=eu-central-1&addressing=path`. A store with an
 * endpoint is addressed by path unless told otherwise: few have a name for every bucket. `ca=/etc/landfall/ca.pem` is
 * for one whose certificate no public authority signed, `memory=512MiB` is for the parts of all uploads. Credentials come from where the SDK looks for them: the
 * environment, the shared files and their profile, a web identity, the container's or the machine's role. Throws
 * `bad-argument`.
 */
export function parseS3Url(text: string): S3Place {
  if (!text.startsWith('s3://') || !URL.canParse(text)) throw wrong(`"${text}" is no S3 URL`);
  const url = new URL(text);
  const bucket = url.hostname;
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket)) throw wrong(`"${bucket}" is no name of a bucket`);
  if (url.username || url.password) throw wrong('credentials belong into the environment, not into the URL');
  if (url.port || url.hash) throw wrong('the port belongs to the endpoint, and there is no "#"');
  for (const name of url.searchParams.keys()) {
    if (!PARAMETERS.has(name)) throw wrong(`there is no parameter "${name}"`);
  }
  const endpoint = endpointIn(url);
  const region = url.searchParams.get('region') ?? undefined;
  const caFile = url.searchParams.get('ca') ?? undefined;
  return {
    bucket,
    prefix: prefixIn(url),
    pathStyle: isPathStyle(url, endpoint),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(region === undefined ? {} : { region }),
    ...(caFile === undefined ? {} : { caFile }),
    ...memoryIn(url),
  };
}

function memoryIn(url: URL): Pick<S3Place, 'memoryBytes'> {
  const written = url.searchParams.get('memory');
  if (written === null) return {};
  const memoryBytes = bytes.safeParse(written).data ?? 0;
  if (memoryBytes < MIN_MEMORY_BYTES) throw wrong(`the memory "${written}" is no size from 32MiB on`);
  return { memoryBytes };
}

function endpointIn(url: URL): string | undefined {
  const endpoint = url.searchParams.get('endpoint');
  if (endpoint === null) return undefined;
  if (!/^https?:\/\/./.test(endpoint) || !URL.canParse(endpoint)) {
    throw wrong(`the endpoint "${endpoint}" is no http: or https: URL`);
  }
  return endpoint;
}

function isPathStyle(url: URL, endpoint: string | undefined): boolean {
  const addressing = url.searchParams.get('addressing') ?? (endpoint === undefined ? 'virtual' : 'path');
  if (addressing !== 'path' && addressing !== 'virtual') {
    throw wrong(`addressing is path or virtual, not "${addressing}"`);
  }
  return addressing === 'path';
}

function prefixIn(url: URL): string {
  const segments = decodeURIComponent(url.pathname).split('/').filter(Boolean);
  return segments.map((segment) => `${segment}/`).join('');
}

const wrong = (why: string): Fault => new Fault('bad-argument', `${why}: the store is given as ${SHAPE}`);
