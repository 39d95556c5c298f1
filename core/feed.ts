import { z } from 'zod';
import { globField, nameField, pathField } from './partner-fields.ts';
import { targetSchema } from './target-spec.ts';
import { bytes } from './units.ts';

/** What becomes of the files under some of a partner's paths, as its file says. */

/** Evidence that an upload is whole; a row of `core/evidence.ts` each. */
const evidenceNames = ['announced-size', 'trailer', 'control-alive', 'tls-close'] as const;

/** Feeds of Landfall's own; see `unclaimedFeed` and `temporaryFeed`. Stages find an arrival's feed by its name. */
export const ownFeeds = ['unclaimed', 'temporary'];

export const feedSchema = z.strictObject({
  name: nameField,
  /** Glob over the partner's paths: `/in/*.x12`. The first feed that matches has the file. */
  path: globField.startsWith('/'),
  accept: z
    .strictObject({
      /** What the content must be, whatever its name says. */
      format: z.enum(['any', 'x12', 'text', 'csv', 'json', 'xml', 'zip', 'gzip', 'pdf']).default('any'),
      minSize: bytes.default(0),
      maxSize: bytes.optional(),
      /** Files without a byte: refused at the upload, taken and announced, or taken and never announced. */
      empty: z.enum(['refuse', 'announce', 'ignore']).default('refuse'),
      /** A side file (`po.x12.sha256`, `.sha512`, `.sha1`, `.md5`) beside the file, uploaded before it. */
      checksum: z.enum(['off', 'if-present', 'required']).default('if-present'),
      /** Evidence without which an upload is not taken as whole. */
      complete: z.array(z.enum(evidenceNames)).default(['control-alive']),
    })
    .prefault({}),
  scan: z.enum(['required', 'off']).default('required'),
  /** How the sender hears of it. */
  acknowledge: z
    .strictObject({
      /** Where reports and acknowledgements are put, in the partner's own root. */
      folder: pathField.default('/out'),
      /** A readable report. */
      report: z.enum(['never', 'on-error', 'always']).default('on-error'),
      /** X12 functional acknowledgement, for feeds of that format. */
      x12: z.enum(['never', 'on-error', 'always']).default('always'),
    })
    .prefault({}),
  deliver: z.array(targetSchema).default([]),
});
export type Feed = z.infer<typeof feedSchema>;

/** The feed of files that no feed of the partner asks for: scanned, on the timeline, delivered nowhere. */
export const unclaimedFeed: Feed = feedSchema.parse({ name: 'unclaimed', path: '/**' });

/** What holds for a file as long as its name is temporary; its feed's rules are applied when it gets its final one. */
export const temporaryFeed: Feed = feedSchema.parse({
  name: 'temporary',
  path: '/**',
  accept: { empty: 'ignore' },
});
