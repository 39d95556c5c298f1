import { Buffer } from 'node:buffer';
import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * A process with as much of S3 as uploads need, that throws the bytes away: what is measured in front of it is the
 * sender's own work. Says its URL on its output, and goes with its parent.
 */

/** Bodies that are kept: those of notes and locks. */
const MAX_KEPT_BYTES = 64 * 1024;

interface Stored {
  readonly etag: string;
  readonly size: number;
  readonly modified: Date;
  readonly metadata: IncomingHttpHeaders;
  readonly body: Buffer;
}

const objects = new Map<string, Stored>();
const uploads = new Map<
  string,
  { readonly metadata: IncomingHttpHeaders; readonly parts: Map<string, number> }
>();

interface Asked {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly key: string;
  readonly query: URLSearchParams;
}

const metadataIn = (headers: IncomingHttpHeaders): IncomingHttpHeaders =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('x-amz-meta-')));

const newTag = (): string => `"${createHash('md5').update(randomUUID()).digest('hex')}"`;

async function taken(request: IncomingMessage): Promise<{ size: number; body: Buffer }> {
  const kept: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= MAX_KEPT_BYTES) kept.push(chunk);
  }
  return { size, body: size <= MAX_KEPT_BYTES ? Buffer.concat(kept) : Buffer.alloc(0) };
}

const fails = (response: ServerResponse, status: number, code: string): void => {
  response.writeHead(status).end(`<Error><Code>${code}</Code></Error>`);
};

function meets({ headers }: IncomingMessage, there: Stored | undefined): boolean {
  if (headers['if-none-match'] === '*') return !there;
  return headers['if-match'] === undefined || headers['if-match'] === there?.etag;
}

async function putObject({ request, response, key }: Asked): Promise<void> {
  const { headers } = request;
  const { size, body } = await taken(request);
  if (!meets(request, objects.get(key))) return fails(response, 412, 'PreconditionFailed');
  const etag = newTag();
  objects.set(key, { etag, size, body, modified: new Date(), metadata: metadataIn(headers) });
  response.writeHead(200, { etag }).end();
}

async function copyObject({ request, response, key }: Asked): Promise<void> {
  await taken(request);
  const source = objects.get(
    decodeURIComponent(String(request.headers['x-amz-copy-source'])).replace(/^\//, ''),
  );
  if (!source) return fails(response, 404, 'NoSuchKey');
  if (!meets(request, objects.get(key))) return fails(response, 412, 'PreconditionFailed');
  objects.set(key, { ...source, metadata: metadataIn(request.headers) });
  response.end(`<CopyObjectResult><ETag>${source.etag}</ETag></CopyObjectResult>`);
}

async function putPart({ request, response, query }: Asked): Promise<void> {
  const { size } = await taken(request);
  const upload = uploads.get(query.get('uploadId')!);
  if (!upload) return fails(response, 404, 'NoSuchUpload');
  upload.parts.set(query.get('partNumber')!, size);
  response.writeHead(200, { etag: newTag() }).end();
}

async function createUpload({ request, response, key }: Asked): Promise<void> {
  await taken(request);
  const id = randomUUID();
  uploads.set(id, { metadata: metadataIn(request.headers), parts: new Map() });
  const text = `<Key>${key}</Key><UploadId>${id}</UploadId>`;
  response.end(`<InitiateMultipartUploadResult>${text}</InitiateMultipartUploadResult>`);
}

async function completeUpload({ request, response, key, query }: Asked): Promise<void> {
  await taken(request);
  const id = query.get('uploadId')!;
  const upload = uploads.get(id);
  if (!upload) return fails(response, 404, 'NoSuchUpload');
  if (!meets(request, objects.get(key))) return fails(response, 412, 'PreconditionFailed');
  uploads.delete(id);
  const size = [...upload.parts.values()].reduce((sum, part) => sum + part, 0);
  const etag = newTag();
  objects.set(key, { etag, size, body: Buffer.alloc(0), modified: new Date(), metadata: upload.metadata });
  response.end(`<CompleteMultipartUploadResult><ETag>${etag}</ETag></CompleteMultipartUploadResult>`);
}

function getObject({ request, response, key }: Asked): void {
  const found = objects.get(key);
  if (!found) {
    fails(response, 404, 'NoSuchKey');
    return;
  }
  const { etag, size, modified, metadata, body } = found;
  const headers = { etag, 'content-length': size, 'last-modified': modified.toUTCString(), ...metadata };
  response.writeHead(200, headers).end(request.method === 'HEAD' ? undefined : body);
}

function list({ response, key, query }: Asked): void {
  const own = (name: string): string => name.slice(key.length);
  const [prefix, after, max] = ['prefix', 'start-after', 'max-keys'].map((name) => query.get(name) ?? '');
  const names = [...objects.keys()].filter((name) => own(name).startsWith(prefix!) && own(name) > after!);
  const page = names.sort().slice(0, Number(max || 1_000));
  const rows = page.map((name) => {
    const { size, etag, modified } = objects.get(name)!;
    const facts = `<ETag>${etag}</ETag><Size>${size}</Size><LastModified>${modified.toISOString()}</LastModified>`;
    return `<Contents><Key>${encodeURIComponent(own(name))}</Key>${facts}</Contents>`;
  });
  response.end(`<ListBucketResult><KeyCount>${page.length}</KeyCount>${rows.join('')}</ListBucketResult>`);
}

function remove({ response, key, query }: Asked): void {
  const id = query.get('uploadId');
  if (id === null) objects.delete(key);
  else uploads.delete(id);
  response.writeHead(204).end();
}

/** The first row that fits is the request. */
const rows: readonly [(asked: Asked) => boolean, (asked: Asked) => void | Promise<void>][] = [
  [({ request, query }) => request.method === 'PUT' && query.has('partNumber'), putPart],
  [
    ({ request }) => request.method === 'PUT' && request.headers['x-amz-copy-source'] !== undefined,
    copyObject,
  ],
  [({ request }) => request.method === 'PUT', putObject],
  [({ request, query }) => request.method === 'POST' && query.has('uploads'), createUpload],
  [({ request, query }) => request.method === 'POST' && query.has('uploadId'), completeUpload],
  [({ request, query }) => request.method === 'GET' && query.has('list-type'), list],
  [({ request }) => request.method === 'GET' || request.method === 'HEAD', getObject],
  [({ request }) => request.method === 'DELETE', remove],
];

const server = createServer({ highWaterMark: 1024 * 1024 }, (request, response) => {
  request.on('error', () => undefined);
  const { pathname, searchParams: query } = new URL(request.url!, 'http://localhost');
  const asked = { request, response, query, key: decodeURIComponent(pathname.slice(1)) };
  const row = rows.find(([fits]) => fits(asked));
  if (row) void Promise.resolve(row[1](asked)).catch(() => response.destroy());
  else fails(response, 501, 'NotImplemented');
});
server.listen(0, '127.0.0.1', () =>
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
);
process.stdin.resume().on('end', () => process.exit());
