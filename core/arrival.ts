import { randomBytes } from 'node:crypto';
import { z } from 'zod';

/** The hashes that Landfall can compute as the bytes pass, by the names that node:crypto gives them. */
export const digestNames = ['crc32', 'md5', 'sha1', 'sha256', 'sha512'] as const;
export type DigestName = (typeof digestNames)[number];

/** One upload by one partner: what every stage knows of it. Travels in every event, so it stays small. */
export const arrivalSchema = z.object({
  /** UUID version 7 (RFC 9562, 5.7): sorts by time, and unique without asking anybody. */
  id: z.string(),
  partner: z.string(),
  feed: z.string(),
  /** Where the object is in the store. */
  key: z.string(),
  /** The path as the partner sees it, from its root: `/in/po.x12`. */
  path: z.string(),
  /** Bytes. */
  size: z.number().int().nonnegative(),
  /** Lower-case hex. A resumed upload may lack them: its first bytes passed through another process. */
  digests: z.partialRecord(z.enum(digestNames), z.string()),
  /** ISO 8601, UTC. */
  receivedAt: z.string(),
  protocol: z.string(),
  /** The sender's address. */
  remote: z.string(),
  /** 1 for the first run through the pipeline; counts up when an operator runs it again. */
  run: z.number().int().positive(),
});
export type Arrival = z.infer<typeof arrivalSchema>;

export function newArrivalId(now = Date.now()): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(now, 0, 6);
  bytes[6] = (bytes[6]! & 0x0f) | 0x70;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

const ARRIVAL_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

export const isArrivalId = (text: string): boolean => ARRIVAL_ID.test(text);

/** When the id was made. */
export const arrivalTime = (id: string): Date =>
  new Date(Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16));
