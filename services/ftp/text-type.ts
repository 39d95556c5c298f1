import type { Buffer } from 'node:buffer';
import type { Session } from './session.ts';

/**
 * Whether TYPE A holds and means what RFC 959 §3.1.1.1 says: that line ends are converted. Not for a partner whose
 * programs send in it whatever they have; for them it is TYPE I by another name.
 */
export const convertsText = ({ type, visit }: Pick<Session, 'type' | 'visit'>): boolean =>
  type === 'A' && visit?.zone.partner.ftp.ascii !== 'keep';

/** Bytes at a file's beginning that tell whether it is a text. */
const HEAD_BYTES = 8192;

/**
 * Whether a file that begins so goes as it is all the same. Cameras and programs that never say a TYPE send pictures and
 * archives, and those have a NUL soon, which no text has. Who says TYPE A converts at its own end, and needs it undone.
 */
export const isKept = ({ isTypeSaid }: Pick<Session, 'isTypeSaid'>, head: Buffer): boolean =>
  !isTypeSaid && head.subarray(0, HEAD_BYTES).includes(0);
