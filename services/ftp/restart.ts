import { Refusal } from './reply.ts';

/** RFC 1123 §4.1.3.4, 555: byte offsets of a text on the wire are not those of the file. */
export const restartInText = (): Refusal => new Refusal(555, 'REST needs TYPE I.');
