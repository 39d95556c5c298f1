import { Buffer } from 'node:buffer';

/** What every make of SQS takes: XML 1.0's characters of the first plane, and at least one of them. */
const PLAIN = /^[\x09\x0a\x0d\x20-\ud7ff\ue000-\ufffd]+$/;
const ENCODED = 'data:;base64,';

/** Any well-formed text as one that SQS keeps as it is; a third longer where it has to be encoded. */
export const encodeText = (text: string): string =>
  PLAIN.test(text) && !text.startsWith(ENCODED) ? text : ENCODED + Buffer.from(text).toString('base64');

export const decodeText = (text: string): string =>
  text.startsWith(ENCODED) ? Buffer.from(text.slice(ENCODED.length), 'base64').toString() : text;
