import { Buffer } from 'node:buffer';
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

/** Passwords are kept as `$scrypt$ln=15,r=8,p=3$<salt>$<hash>`, salt and hash in base64. */

/** One of the settings that OWASP's Password Storage Cheat Sheet names for scrypt: 2^15 rounds, 32 MiB. */
const COST = { ln: 15, r: 8, p: 3 } as const;
const SALT_BYTES = 16;
const HASH_BYTES = 32;

/** What is taken from a hash of somebody else's making: OWASP's settings that need no more memory than ours. */
const BOUNDS = {
  ln: { least: 13, most: 15 },
  r: { least: 8, most: 8 },
  p: { least: 1, most: 10 },
  saltBytes: { least: 16, most: 64 },
  hashBytes: { least: 32, most: 64 },
} as const;

/** Bytes that one run may take: 128 * N * r is 32 MiB, and a little for the rest. */
const MAX_MEMORY = 34 * 2 ** 20;

interface ParsedHash {
  readonly ln: number;
  readonly r: number;
  readonly p: number;
  readonly salt: Buffer;
  readonly hash: Buffer;
}

const SHAPE =
  /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]+={0,2})\$([A-Za-z0-9+/]+={0,2})$/;

/** The hash's parts, or a sentence that says what is wrong with it, without showing it. */
function parseHash(text: string): ParsedHash | string {
  const match = SHAPE.exec(text);
  if (!match)
    return 'must be $scrypt$ln=15,r=8,p=3$<salt>$<hash>; npm run landfall -- partners hash makes one';
  const [ln, r, p] = match.slice(1, 4).map(Number) as [number, number, number];
  const [salt, hash] = match.slice(4, 6).map((part) => Buffer.from(part, 'base64')) as [Buffer, Buffer];
  const measured = { ln, r, p, saltBytes: salt.length, hashBytes: hash.length };
  for (const [name, { least, most }] of Object.entries(BOUNDS)) {
    const value = measured[name as keyof typeof BOUNDS];
    if (value < least || value > most) {
      return `its ${name} is ${value}, and must be ${least === most ? least : `${least} to ${most}`}`;
    }
  }
  return { ln, r, p, salt, hash };
}

/** What is wrong with a password hash, or undefined. */
export function passwordHashProblem(text: string): string | undefined {
  const parsed = parseHash(text);
  return typeof parsed === 'string' ? parsed : undefined;
}

function derive(
  password: string,
  { ln, r, p, salt }: Omit<ParsedHash, 'hash'>,
  length: number,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, length, { N: 2 ** ln, r, p, maxmem: MAX_MEMORY }, (error, key) =>
      error ? reject(error) : resolve(key),
    );
  });
}

const writeHash = (salt: Buffer, hash: Buffer): string => {
  const [saltText, hashText] = [salt, hash].map((part) => part.toString('base64').replace(/=+$/, ''));
  return `$scrypt$ln=${COST.ln},r=${COST.r},p=${COST.p}$${saltText}$${hashText}`;
};

export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  return writeHash(salt, await derive(password, { ...COST, salt }, HASH_BYTES));
}

/** A hash that no password has, and that takes as long to find out as any of `hashPassword`. */
export const decoyHash = (): string => writeHash(randomBytes(SALT_BYTES), randomBytes(HASH_BYTES));

/** Takes the memory and the time of one scrypt run; false at once for a malformed hash. */
export async function verifyPassword(password: string, hash: string): Promise<boolean> {
  const parsed = parseHash(hash);
  if (typeof parsed === 'string') return false;
  return timingSafeEqual(await derive(password, parsed, parsed.hash.length), parsed.hash);
}
