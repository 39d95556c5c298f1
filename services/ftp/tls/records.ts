import type { Buffer } from 'node:buffer';

/** RFC 8446 §5.1: the type, two bytes of version, two of length. */
export const HEADER_BYTES = 5;
/** change_cipher_spec, alert, handshake, application_data, heartbeat. No command begins with one of these. */
export const [FIRST_TYPE, LAST_TYPE] = [20, 24];

/** Where one TLS record ends and the next begins. What is in them is no business of this. */
export interface Records {
  /** Follows the bytes; answers how many of them are of records: what follows those is something else. */
  follow(bytes: Buffer): number;
  /** Whether the last one is complete. */
  readonly areWhole: boolean;
}

export function createRecords(): Records {
  const header = [0, 0, 0, 0, 0];
  let inHeader = 0;
  let inBody = 0;
  return {
    follow(bytes) {
      let at = 0;
      while (at < bytes.length) {
        if (inBody > 0) {
          const step = Math.min(inBody, bytes.length - at);
          inBody -= step;
          at += step;
          continue;
        }
        const byte = bytes[at]!;
        if (inHeader === 0 && (byte < FIRST_TYPE || byte > LAST_TYPE)) return at;
        header[inHeader] = byte;
        inHeader += 1;
        at += 1;
        if (inHeader < HEADER_BYTES) continue;
        inBody = header[3]! * 256 + header[4]!;
        inHeader = 0;
      }
      return at;
    },
    get areWhole() {
      return inHeader === 0 && inBody === 0;
    },
  };
}
