import { Fault } from '../../../core/fault.ts';

/** Where the queues are, as their URL says it. */
export interface SqsPlace {
  /** Before every queue's name, with a hyphen between them; may be empty. */
  readonly prefix: string;
  /** Of a server that is not AWS. */
  readonly endpoint?: string;
  readonly region?: string;
  /** Whether queues that are missing are made. */
  readonly create: boolean;
  /** Whether messages carry their group: SQS is fair between the groups of a standard queue. */
  readonly groups: boolean;
}

const PARAMETERS: ReadonlySet<string> = new Set(['endpoint', 'region', 'create', 'groups']);
const SHAPE = 'sqs:PREFIX[?endpoint=http://HOST:PORT][&region=NAME][&create=true|false][&groups=true|false]';
/** Letters of SQS names; the longest prefix leaves room for the longest queue's name within SQS's 80. */
const PREFIX = /^[A-Za-z0-9_-]{0,60}$/;

/**
 * Reads `sqs:landfall?region=eu-central-1`: queues `landfall-validate`, `landfall-validate-dead` and so on. A server
 * with an endpoint of its own gets no groups unless told otherwise: few take them. Throws `bad-argument`.
 */
export function parseSqsUrl(text: string): SqsPlace {
  if (!text.startsWith('sqs:') || !URL.canParse(text)) throw wrong(`"${text}" is no SQS URL`);
  const { pathname: prefix, searchParams, hash } = new URL(text);
  if (!PREFIX.test(prefix)) throw wrong(`"${prefix}" is no prefix of queues' names`);
  if (hash) throw wrong('there is no "#"');
  for (const name of searchParams.keys()) {
    if (!PARAMETERS.has(name)) throw wrong(`there is no parameter "${name}"`);
  }
  const endpoint = endpointIn(searchParams);
  const region = searchParams.get('region') ?? undefined;
  return {
    prefix,
    create: flagIn(searchParams, 'create') ?? false,
    groups: flagIn(searchParams, 'groups') ?? endpoint === undefined,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(region === undefined ? {} : { region }),
  };
}

function endpointIn(parameters: URLSearchParams): string | undefined {
  const endpoint = parameters.get('endpoint');
  if (endpoint === null) return undefined;
  if (!/^https?:\/\/./.test(endpoint) || !URL.canParse(endpoint)) {
    throw wrong(`the endpoint "${endpoint}" is no http: or https: URL`);
  }
  return endpoint;
}

function flagIn(parameters: URLSearchParams, name: string): boolean | undefined {
  const value = parameters.get(name);
  if (value === null) return undefined;
  if (value !== 'true' && value !== 'false') throw wrong(`${name} is true or false, not "${value}"`);
  return value === 'true';
}

const wrong = (why: string): Fault => new Fault('bad-argument', `${why}: the queue is given as ${SHAPE}`);
