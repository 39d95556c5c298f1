import { Buffer } from 'node:buffer';
import { createHash, randomBytes, randomInt } from 'node:crypto';

export type Kind = 'tiny' | 'small' | 'large' | 'x12';

/** What a partner has to send, under this name. */
export interface FileToSend {
  readonly name: string;
  readonly kind: Kind;
}

/** One time of sending a file. No two have the same name and bytes, so that whatever is delivered tells whose it is. */
export interface Attempt {
  readonly file: FileToSend;
  readonly bytes: Buffer;
  readonly sha256: string;
  /** The group control number (GS06) of an X12 file: its 997 names it. */
  readonly control?: number;
  acknowledged: boolean;
}

export interface Attempts {
  readonly all: readonly Attempt[];
  make(file: FileToSend): Attempt;
  /** The one that sent this. */
  find(name: string, sha256: string): Attempt | undefined;
  /** The same of an arrival, which has no digest where an upload went on after a cut. */
  ofArrival(name: string, size: number, sha256: string | undefined): Attempt | undefined;
}

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

const KIB = 1024;

/** Bytes that only this attempt of the file has: its number comes first. */
const contents: Record<Exclude<Kind, 'x12'>, (number: number) => Buffer> = {
  tiny: (number) => Buffer.concat([Buffer.from([number]), randomBytes(randomInt(16))]),
  small: (number) => Buffer.concat([Buffer.from(`${number} `), randomBytes(randomInt(300 * KIB))]),
  large: (number) =>
    Buffer.concat([Buffer.from(`${number} `), randomBytes((2 + randomInt(3)) * KIB * KIB + randomInt(KIB))]),
};

/** Attempts of one file; a tiny one has a byte to tell them apart. */
const MAX_ATTEMPTS = 255;

export function createAttempts(): Attempts {
  const all: Attempt[] = [];
  const found = new Map<string, Attempt>();
  const numbers = new Map<FileToSend, number>();
  const key = (name: string, digest: string): string => `${digest} ${name}`;

  return {
    all,
    make(file) {
      const number = (numbers.get(file) ?? 0) + 1;
      if (number > MAX_ATTEMPTS) throw new Error(`${file.name} was sent ${MAX_ATTEMPTS} times in vain`);
      numbers.set(file, number);
      const control = all.length + 1;
      const isX12 = file.kind === 'x12';
      const bytes = file.kind === 'x12' ? interchange(control) : contents[file.kind](number);
      const attempt = {
        file,
        bytes,
        sha256: sha256(bytes),
        acknowledged: false,
        ...(isX12 ? { control } : {}),
      };
      all.push(attempt);
      found.set(key(file.name, attempt.sha256), attempt);
      return attempt;
    },
    find: (name, digest) => found.get(key(name, digest)),
    ofArrival(name, size, digest) {
      if (digest !== undefined) return found.get(key(name, digest));
      return all.find(({ file, bytes }) => file.name === name && bytes.length === size);
    },
  };
}

/** A purchase order with a control number that no other has. */
function interchange(control: number): Buffer {
  const lines = Array.from(
    { length: 1 + randomInt(400) },
    (_, index) => `PO1*${index + 1}*2*EA*99**VP*ANCHOR~`,
  );
  const nine = String(control).padStart(9, '0');
  const segments = [
    `ISA*00*          *00*          *ZZ*NORTHSHORE     *ZZ*LANDFALL       *261125*1000*U*00401*${nine}*0*P*>~`,
    `GS*PO*NORTHSHORE*LANDFALL*20261125*1000*${control}*X*004010~`,
    'ST*850*0001~',
    'BEG*00*SA*4712**20261125~',
    ...lines,
    'CTT*1~',
    `SE*${lines.length + 4}*0001~`,
    `GE*1*${control}~`,
    `IEA*1*${nine}~`,
  ];
  return Buffer.from(segments.join('\n'));
}
