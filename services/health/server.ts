import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { Fault } from '../../core/fault.ts';
import type { Log } from '../../core/ports/log.ts';
import { listen } from '../listen.ts';
import type { Readiness } from './readiness.ts';

export interface HealthOptions {
  readonly address: string;
  readonly port: number;
  readonly readiness: Readiness;
  readonly metrics: { text(): Promise<string>; readonly contentType: string };
  readonly log: Log;
}

export interface HealthServer {
  readonly address: string;
  readonly port: number;
  stop(): void;
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

type Route = (options: HealthOptions) => Answer | Promise<Answer>;

const TEXT = 'text/plain; charset=utf-8';
const JSON_TYPE = 'application/json';

const routes = new Map<string, Route>([
  // The process runs its event loop; what it needs of others is readiness.
  ['/livez', () => ({ status: 200, type: TEXT, body: 'alive\n' })],
  [
    '/readyz',
    async ({ readiness }) => {
      const look = await readiness.look();
      return { status: look.ready ? 200 : 503, type: JSON_TYPE, body: `${JSON.stringify(look)}\n` };
    },
  ],
  [
    '/metrics',
    async ({ metrics }) => ({ status: 200, type: metrics.contentType, body: await metrics.text() }),
  ],
]);

/** Balancers and scrapers, not the public. */
const MAX_CONNECTIONS = 256;
/** Of those so many that ask nothing now. Of more, the one that has been so longest goes: who asks is quick. */
const MAX_SILENT = 64;
/** Milliseconds for a request to come, with its headers. */
const REQUEST_MS = 5_000;
/** Milliseconds between two looks for requests that have not. Node's own would be half a minute. */
const LOOK_MS = 1_000;
/** Milliseconds for an answer to be made and taken. */
const ANSWER_MS = 10_000;

/** Serves the health pages. Rejects when the port cannot be bound. */
export async function startHealthServer(options: HealthOptions): Promise<HealthServer> {
  const silent = new Set<Socket>();
  const serve: RequestListener = async (request, response) => {
    const { socket } = request;
    silent.delete(socket);
    const late = setTimeout(() => socket.destroy(), ANSWER_MS);
    response.on('close', () => {
      clearTimeout(late);
      if (!socket.destroyed) silent.add(socket);
    });
    const { status, type, body } = await answer(request.method, request.url, options);
    response.writeHead(status, {
      'content-type': type,
      'content-length': Buffer.byteLength(body),
      'cache-control': 'no-store',
      ...(status === 405 ? { allow: 'GET, HEAD' } : {}),
    });
    response.end(request.method === 'HEAD' ? undefined : body);
  };
  const server = createServer(
    { requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS, connectionsCheckingInterval: LOOK_MS },
    serve,
  );
  server.maxConnections = MAX_CONNECTIONS;
  server.on('connection', (socket) => {
    if (silent.size >= MAX_SILENT) {
      const longest = silent.values().next().value!;
      silent.delete(longest);
      longest.destroy();
    }
    silent.add(socket.once('close', () => silent.delete(socket)));
  });
  const place = { host: options.address, port: options.port };
  await listen(server, place, { address: 'LANDFALL_HEALTH_ADDRESS', port: 'LANDFALL_HEALTH_PORT' });
  server.on('error', (err) => options.log.error({ err }, 'health server failed'));
  return {
    address: options.address,
    port: (server.address() as AddressInfo).port,
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function answer(method = '', url = '', options: HealthOptions): Promise<Answer> {
  const route = routes.get(url.split('?', 1)[0]!);
  if (!route) return { status: 404, type: TEXT, body: 'There is /livez, /readyz and /metrics.\n' };
  if (method !== 'GET' && method !== 'HEAD') return { status: 405, type: TEXT, body: 'GET only.\n' };
  try {
    return await route(options);
  } catch (thrown) {
    options.log.error({ err: Fault.from(thrown), url }, 'health page failed');
    return { status: 500, type: TEXT, body: 'Something went wrong.\n' };
  }
}
