import { createCipheriv, createHash, hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';

export interface MadeFile {
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
}

/** Bytes that one write takes. */
const PIECE = 1024 * 1024;

/** A file of bytes that look random, every block different: the key stream of AES for a key of its own name. */
export async function makeFile(folder: string, name: string, size: number): Promise<MadeFile> {
  const stream = createCipheriv('aes-128-ctr', hash('md5', name, 'buffer'), Buffer.alloc(16));
  const sha256 = createHash('sha256');
  const zeros = Buffer.alloc(PIECE);
  const path = join(folder, name);
  const file = await open(path, 'w');
  for (let left = size; left > 0; left -= PIECE) {
    const bytes = stream.update(zeros.subarray(0, Math.min(left, PIECE)));
    sha256.update(bytes);
    await file.write(bytes);
  }
  await file.close();
  return { path, size, sha256: sha256.digest('hex') };
}

export async function sha256OfFile(path: string): Promise<string> {
  const sha256 = createHash('sha256');
  for await (const bytes of createReadStream(path, { highWaterMark: PIECE })) sha256.update(bytes);
  return sha256.digest('hex');
}
