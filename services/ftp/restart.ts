import { Refusal } from './reply.ts';

/** RFC 1123 §4.1.3.4, 555: byte offsets of a text on the wire are not those of the file. */
export const restartInText = (): Refusal => new Refusal(555, 'REST needs TYPE I.');

/** draft-bryan-ftp-range §3, 551: the same of a range. */
export const rangeInText = (): Refusal => new Refusal(551, 'RANG needs TYPE I.');
