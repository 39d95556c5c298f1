import { Buffer } from 'node:buffer';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { crc32 } from 'node:zlib';

/**
 * An HTTP server in front of an S3 store that has no checksums, which adds them as S3's documentation has them
 * ("Checking object integrity", CRC32, full object): it checks x-amz-checksum-crc32 of what is put and of the whole of
 * what was put in parts, refuses with BadDigest, and answers its own sums. So it can be seen what a client does with a
 * store that checks, and with one that is wrong. It keeps the parts of open uploads in memory.
 */
export interface ChecksumStore {
  readonly url: string;
  /** What is done to the requests that match, so many times. */
  readonly damages: Damage[];
  /** Requests that were refused with BadDigest. */
  readonly refused: number;
  /** Sums of whole objects that were checked. */
  readonly wholes: number;
  close(): Promise<void>;
}

export interface Damage {
  /**
   * `on the way`: a bit is turned before the sum is checked. `in the store`: what is kept is what was sent, and the
   * answer has another sum. `parts swapped`: the upload is joined in the wrong order.
   */
  readonly what: 'on the way' | 'in the store' | 'parts swapped';
  readonly matches: (request: IncomingMessage) => boolean;
  times: number;
}

const HEADER = 'x-amz-checksum-crc32';

const encode = (crc: number): string => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc);
  return bytes.toString('base64');
};

const BAD_DIGEST = `<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>BadDigest</Code><Message>The CRC32 you specified did not match the calculated checksum.</Message></Error>`;
const NO_SUM = `<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>InvalidRequest</Code><Message>A sum is required.</Message></Error>`;

/** `demanded`: takes nothing without a sum, as a bucket does whose objects are locked (S3 Object Lock). */
export async function startChecksumStore(target: string, { demanded = false } = {}): Promise<ChecksumStore> {
  const { hostname, port } = new URL(target);
  const damages: Damage[] = [];
  /** By upload and number. */
  const parts = new Map<string, Map<number, Buffer>>();
  let refused = 0;
  let wholes = 0;

  const damageTo = (incoming: IncomingMessage): Damage['what'] | undefined => {
    const damage = damages.find(({ times, matches }) => times > 0 && matches(incoming));
    if (damage) damage.times -= 1;
    return damage?.what;
  };

  const passOn = async ({ method, url, headers }: IncomingMessage, body: Buffer) => {
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      request({ hostname, port, method, path: url, headers }, resolve).on('error', reject).end(body);
    });
    return { status: answer.statusCode!, headers: answer.headers, body: await bodyOf(answer) };
  };

  /** The bytes that the request's sum is of; none where it has no such bytes. */
  const summed = (incoming: IncomingMessage, body: Buffer, damage: Damage['what'] | undefined) => {
    const query = new URL(incoming.url!, target).searchParams;
    const upload = query.get('uploadId');
    if (incoming.method === 'PUT' && !incoming.headers['x-amz-copy-source']) return body;
    if (incoming.method !== 'POST' || upload === null) return undefined;
    const stored = [...(parts.get(upload) ?? [])].sort(([a], [b]) => a - b).map(([, bytes]) => bytes);
    wholes += 1;
    return Buffer.concat(damage === 'parts swapped' ? stored.reverse() : stored);
  };

  const withSums = (incoming: IncomingMessage, answer: Awaited<ReturnType<typeof passOn>>, sum: string) => {
    const query = new URL(incoming.url!, target).searchParams;
    const upload = query.get('uploadId') ?? '';
    const headers = { ...answer.headers };
    let xml = answer.body.toString('latin1');
    if (incoming.method === 'PUT') Object.assign(headers, { [HEADER]: sum });
    if (incoming.method === 'PUT' && upload === '') headers['x-amz-checksum-type'] = 'FULL_OBJECT';
    if (incoming.method === 'POST' && query.has('uploads')) {
      for (const name of ['x-amz-checksum-algorithm', 'x-amz-checksum-type']) {
        const asked = incoming.headers[name];
        if (asked !== undefined) headers[name] = asked;
      }
    } else if (incoming.method === 'POST' && upload !== '') {
      xml = xml.replace('</CompleteMultipartUploadResult>', `<ChecksumCRC32>${sum}</ChecksumCRC32>$&`);
    } else if (incoming.method === 'GET' && upload !== '') {
      xml = xml.replaceAll(/<PartNumber>(\d+)<\/PartNumber>/g, (tag, number) => {
        const bytes = parts.get(upload)?.get(Number(number));
        return bytes ? `${tag}<ChecksumCRC32>${encode(crc32(bytes))}</ChecksumCRC32>` : tag;
      });
    }
    const body = Buffer.from(xml, 'latin1');
    delete headers['transfer-encoding'];
    return { headers: { ...headers, 'content-length': String(body.length) }, body };
  };

  const answer = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const sent = await bodyOf(incoming);
    const damage = damageTo(incoming);
    const body = Buffer.from(sent);
    if (damage === 'on the way' && body.length > 0) body[body.length >> 1]! ^= 1;
    const bytes = summed(incoming, body, damage);
    const sum = bytes && encode(crc32(bytes));
    const promised = incoming.headers[HEADER];
    if (demanded && incoming.method === 'PUT' && bytes && promised === undefined) {
      outgoing.writeHead(400, { 'content-type': 'application/xml' }).end(NO_SUM);
      return;
    }
    if (sum !== undefined && promised !== undefined && promised !== sum) {
      refused += 1;
      outgoing.writeHead(400, { 'content-type': 'application/xml' }).end(BAD_DIGEST);
      return;
    }
    const passed = await passOn(incoming, body);
    const query = new URL(incoming.url!, target).searchParams;
    const upload = query.get('uploadId');
    if (incoming.method === 'PUT' && upload !== null && bytes && passed.status === 200) {
      const known = parts.get(upload) ?? new Map<number, Buffer>();
      parts.set(upload, known.set(Number(query.get('partNumber')), bytes));
    }
    const isSummed = passed.status === 200 && (sum !== undefined || query.has('uploads') || upload !== null);
    if (!isSummed || incoming.headers['x-amz-copy-source'] || incoming.method === 'DELETE') {
      outgoing
        .writeHead(passed.status, passed.headers)
        .end(incoming.method === 'HEAD' ? undefined : passed.body);
      return;
    }
    const said = withSums(incoming, passed, damage === 'in the store' ? encode(1) : (sum ?? ''));
    outgoing.writeHead(passed.status, said.headers).end(said.body);
  };

  const server = createServer((incoming, outgoing) => {
    incoming.on('error', () => undefined);
    answer(incoming, outgoing).catch(() => incoming.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    damages,
    get refused() {
      return refused;
    },
    get wholes() {
      return wholes;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
