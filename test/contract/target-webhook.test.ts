import { Buffer } from 'node:buffer';
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openTarget } from '../../adapters/target/open-target.ts';
import type { Arrival } from '../../core/arrival.ts';
import { anArrival } from '../support/an-arrival.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { deliver, never } from './target-contract.ts';

const key = randomBytes(24);
const secret = `whsec_${key.toString('base64')}`;
const code = (expected: string) => expect.objectContaining({ code: expected });

interface Call {
  readonly request: IncomingMessage;
  readonly body: string;
}

let server: Server;
let calls: Call[];
let answer: (response: ServerResponse) => void;
let base: string;

beforeEach(async () => {
  calls = [];
  answer = (response) => response.writeHead(204).end();
  server = createServer(async (request, response) => {
    calls.push({ request, body: await text(request) });
    answer(response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  server.close();
  server.closeAllConnections();
});

const send = (arrival: Arrival, { timeout = 60_000, path = '/hook?token=hidden', signal = never } = {}) => {
  const spec = { to: 'webhook' as const, name: 'erp', url: base + path, secret, timeout };
  return deliver(openTarget(spec, createMemoryStore()), arrival, Buffer.from('hello'), signal);
};

/** As a receiver does it, from the specification. */
function verify({ request, body }: Call): void {
  const {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': signatures,
  } = request.headers;
  expect(Math.abs(Date.now() / 1000 - Number(timestamp))).toBeLessThan(300);
  const expected = createHmac('sha256', Buffer.from(secret.replace(/^whsec_/, ''), 'base64'))
    .update(`${id}.${timestamp}.${body}`)
    .digest();
  const given = `${signatures}`.split(' ').filter((one) => one.startsWith('v1,'));
  expect(given.some((one) => timingSafeEqual(Buffer.from(one.slice(3), 'base64'), expected))).toBe(true);
}

describe('target webhook', () => {
  test('posts what arrived, signed', async () => {
    const arrival = anArrival({ path: '/in/\u0007é📦\ud800.x12' });
    expect(await send(arrival)).toEqual({ place: `${base}/hook answered 204` });
    const [call] = calls as [Call];
    verify(call);
    expect(call.request.method).toBe('POST');
    expect(call.request.url).toBe('/hook?token=hidden');
    expect(call.request.headers['content-type']).toBe('application/json');
    expect(call.body).toMatch(/^[\x20-\x7e]+$/);
    const { id, partner, feed, path, key, size, digests, receivedAt, run } = arrival;
    expect(JSON.parse(call.body)).toEqual({
      type: 'landfall.file.delivered',
      timestamp: receivedAt,
      data: { arrival: id, run, partner, feed, path, key, size, digests, receivedAt },
    });
  });

  test('every attempt has the same id and body, and no full stop is in the id', async () => {
    const arrival = anArrival();
    await send(arrival);
    await send(arrival);
    const [first, second] = calls as [Call, Call];
    expect(second.body).toBe(first.body);
    expect(second.request.headers['webhook-id']).toBe(first.request.headers['webhook-id']);
    expect(first.request.headers['webhook-id']).not.toContain('.');
  });

  test.each([
    [301, 'target-refused'],
    [400, 'target-refused'],
    [404, 'target-refused'],
    [410, 'target-refused'],
    [408, 'target-down'],
    [425, 'target-down'],
    [429, 'target-down'],
    [500, 'target-down'],
    [503, 'target-down'],
  ])('%d is %s', async (status, fault) => {
    answer = (response) => response.writeHead(status, { location: '/elsewhere' }).end('why');
    await expect(send(anArrival())).rejects.toThrow(code(fault));
    expect(calls).toHaveLength(1);
  });

  test('what it asks to wait is shown, its secrets are not', async () => {
    answer = (response) => response.writeHead(503, { 'retry-after': '120' }).end();
    const failed = send(anArrival());
    await expect(failed).rejects.toThrow(`${base}/hook answered 503, Retry-After: 120`);
    await expect(failed).rejects.not.toThrow('hidden');
  });

  test('an endless answer is not waited for', async () => {
    let over: Promise<unknown> | undefined;
    answer = (response) => {
      over = once(response, 'close');
      const more = () => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
      };
      response.writeHead(200).on('drain', more);
      more();
    };
    await expect(send(anArrival())).resolves.toMatchObject({ place: expect.stringContaining('200') });
    await over;
  });

  test('no answer is down, after the timeout and when it is stopped', async () => {
    answer = () => undefined;
    await expect(send(anArrival(), { timeout: 50 })).rejects.toThrow(code('target-down'));
    const began = performance.now();
    await expect(send(anArrival(), { signal: AbortSignal.timeout(50) })).rejects.toThrow(code('target-down'));
    // Long before its own timeout.
    expect(performance.now() - began).toBeLessThan(5_000);
  });

  test('nobody there is down, by the reason', async () => {
    server.close();
    await once(server, 'close');
    await expect(send(anArrival())).rejects.toThrow('ECONNREFUSED');
  });

  test('a connection that breaks is down', async () => {
    answer = (response) => response.destroy();
    await expect(send(anArrival())).rejects.toThrow(code('target-down'));
  });
});
