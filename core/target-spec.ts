import { z } from 'zod';
import { isWithoutDots, nameField } from './partner-fields.ts';
import { duration } from './units.ts';

/** Where the files of a feed go, as its partner's file says. */

/** What a store target's prefix may hold, filled in for each arrival. */
export const prefixPlaceholders = ['partner', 'feed', 'date', 'arrival'] as const;
const known = new Set<string>(prefixPlaceholders.map((placeholder) => `{${placeholder}}`));
/** Top folders of the store that are Landfall's own: a delivery there could forge a record, a claim or a partner's file. */
const ownFolders = ['files', 'ledger', 'quarantine', '.landfall'];

const prefix = z
  .string()
  .regex(/^[^/\0\r\n]+(?:\/[^/\0\r\n]+)*$/, 'a key prefix without outer slashes')
  .refine(isWithoutDots, 'no . or ..')
  .refine(
    (text) => !ownFolders.includes(text.split('/', 1)[0]!),
    `must not start with a folder of Landfall's own: ${ownFolders.join('/, ')}/`,
  )
  .refine((text) => !text.split('/', 1)[0]!.includes('{'), 'the first folder must hold no placeholder')
  .refine(
    (text) => (text.match(/\{[^}]*\}?|\}/g) ?? []).every((one) => known.has(one)),
    `placeholders are ${[...known].join(' ')}`,
  );

/** What to do when there is a file of that name from another arrival. */
const existing = z.enum(['keep-both', 'replace', 'refuse']).default('keep-both');

/** As long as one attempt to deliver. */
const MAX_WEBHOOK_MS = 60 * 60_000;

export const targetSchema = z.discriminatedUnion('to', [
  z.strictObject({
    to: z.literal('folder'),
    name: nameField,
    /** A folder of this machine, made when missing; relative to where Landfall was started. */
    path: z.string().min(1),
    existing,
  }),
  z.strictObject({
    to: z.literal('store'),
    name: nameField,
    /** Another folder of the store: `archive/acme`; may hold {partner} {feed} {date} {arrival}. */
    prefix,
    existing,
  }),
  z.strictObject({
    to: z.literal('webhook'),
    name: nameField,
    url: z
      .url({ protocol: /^https?$/ })
      .refine((url) => !/^\w+:\/*[^/?#]*@/.test(url), 'no user and password: the secret signs what is sent'),
    /** Standard Webhooks: `whsec_` and the base64 of 24 to 64 random bytes. */
    secret: z.string().regex(/^whsec_[A-Za-z0-9+/]{32,88}={0,2}$/, 'whsec_ and base64 of 24 to 64 bytes'),
    timeout: duration
      .refine((ms) => ms > 0 && ms <= MAX_WEBHOOK_MS, 'must be more than 0 and at most 1 h')
      .default(15_000),
  }),
]);
export type TargetSpec = z.infer<typeof targetSchema>;
