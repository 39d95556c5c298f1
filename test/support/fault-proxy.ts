import type { Buffer } from 'node:buffer';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

/** What happens to a request on its way. The first rule that matches and is not used up acts; none: it passes. */
export interface FaultRule {
  readonly matches: (request: IncomingMessage) => boolean;
  readonly act: FaultAct;
  /** Requests that it acts on. */
  times: number;
}

export type FaultAct =
  /** Answers so instead of the server, after so long, in milliseconds. */
  | { readonly status: number; readonly body?: string; readonly afterMs?: number }
  /** Passes it on with these headers in place of its own. */
  | { readonly headers: Readonly<Record<string, string>> }
  /** Never answers, and passes nothing on. */
  | { readonly hang: true }
  /** Passes it on, and breaks the connection instead of answering. */
  | { readonly loseAnswer: true }
  /** Breaks the connection after that many bytes of the request's body, or of the answer's. */
  | { readonly cutRequestAfter: number }
  | { readonly cutAnswerAfter: number }
  /** Turns a bit of that byte of the request's body. */
  | { readonly turnBitAt: number }
  /** Begins to answer 200 in XML, then sends spaces for so long, in milliseconds, before it passes it on: as S3 does. */
  | { readonly spacesForMs: number }
  /** Waits so long before it passes it on, in milliseconds. */
  | { readonly slowMs: number }
  /** Breaks the connection, and passes it on so long after that, in milliseconds: nobody hears the answer. */
  | { readonly lateMs: number };

const SPACE_MS = 100;

export interface FaultProxy {
  readonly url: string;
  readonly rules: FaultRule[];
  /** Bytes of request bodies that were passed on. */
  readonly bytesIn: number;
  readonly requests: number;
  /** Every request so far. */
  readonly seen: readonly Pick<IncomingMessage, 'method' | 'url' | 'headers'>[];
  close(): Promise<void>;
}

/** An HTTP proxy in front of one server, that does to requests what its rules say. The Host header stays: it is signed. */
export async function startFaultProxy(target: string): Promise<FaultProxy> {
  const { hostname, port } = new URL(target);
  const rules: FaultRule[] = [];
  let bytesIn = 0;
  const seen: Pick<IncomingMessage, 'method' | 'url' | 'headers'>[] = [];

  const actFor = (incoming: IncomingMessage): FaultAct | undefined => {
    const rule = rules.find(({ times, matches }) => times > 0 && matches(incoming));
    if (rule) rule.times -= 1;
    return rule?.act;
  };

  const passOn = (incoming: IncomingMessage, outgoing: ServerResponse, act: FaultAct | undefined): void => {
    const { method, url: path, headers } = incoming;
    const sent = act && 'headers' in act ? { ...headers, ...act.headers } : headers;
    const onward = request({ hostname, port, method, path, headers: sent }, (answer) => {
      if (act && 'loseAnswer' in act) {
        answer.resume().on('end', () => incoming.socket.destroy());
        return;
      }
      if (!outgoing.headersSent) outgoing.writeHead(answer.statusCode!, answer.headers);
      let passed = 0;
      answer.on('data', (chunk: Buffer) => {
        passed += chunk.length;
        if (act && 'cutAnswerAfter' in act && passed > act.cutAnswerAfter) {
          outgoing.write(chunk.subarray(0, chunk.length - (passed - act.cutAnswerAfter)));
          answer.destroy();
          setImmediate(() => incoming.socket.destroy());
        } else if (!outgoing.write(chunk)) {
          answer.pause();
          outgoing.once('drain', () => answer.resume());
        }
      });
      answer.on('end', () => outgoing.end());
    });
    onward.on('error', () => incoming.socket.destroy());
    outgoing.on('close', () => onward.destroy());
    let taken = 0;
    incoming.on('data', (chunk: Buffer) => {
      if (act && 'turnBitAt' in act && taken <= act.turnBitAt && act.turnBitAt < taken + chunk.length) {
        chunk[act.turnBitAt - taken]! ^= 1;
      }
      taken += chunk.length;
      bytesIn += chunk.length;
      if (act && 'cutRequestAfter' in act && taken > act.cutRequestAfter) incoming.socket.destroy();
      else if (!onward.write(chunk)) {
        incoming.pause();
        onward.once('drain', () => incoming.resume());
      }
    });
    incoming.on('end', () => onward.end());
  };

  const sendSpaces = async (outgoing: ServerResponse, ms: number): Promise<void> => {
    outgoing.writeHead(200, { 'content-type': 'application/xml' });
    for (let left = ms; left > 0; left -= SPACE_MS) {
      outgoing.write(' ');
      await sleep(SPACE_MS);
    }
  };

  const passOnLate = async (incoming: IncomingMessage, ms: number): Promise<void> => {
    const { method, url: path, headers } = incoming;
    const body = await buffer(incoming);
    incoming.socket.destroy();
    await sleep(ms);
    const onward = request({ hostname, port, method, path, headers }, (answer) => answer.resume());
    onward.on('error', () => undefined);
    onward.end(body);
  };

  const server = createServer(async (incoming, outgoing) => {
    const { method, url, headers } = incoming;
    seen.push({ method, url, headers });
    incoming.on('error', () => undefined);
    const act = actFor(incoming);
    if (act && 'hang' in act) return;
    if (act && 'status' in act) {
      if (act.afterMs !== undefined) await sleep(act.afterMs);
      incoming.resume().on('end', () => outgoing.writeHead(act.status).end(act.body));
      return;
    }
    if (act && 'lateMs' in act) return passOnLate(incoming, act.lateMs);
    if (act && 'slowMs' in act) await sleep(act.slowMs);
    if (act && 'spacesForMs' in act) await sendSpaces(outgoing, act.spacesForMs);
    passOn(incoming, outgoing, act);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    rules,
    get bytesIn() {
      return bytesIn;
    },
    get requests() {
      return seen.length;
    },
    seen,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
