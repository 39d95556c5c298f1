import { z } from 'zod';
import { digestNames } from './arrival.ts';
import { type Feed, feedSchema, ownFeeds, unclaimedFeed } from './feed.ts';
import { matchesGlob } from './glob.ts';
import { globField, nameField, pathField } from './partner-fields.ts';
import { passwordHashProblem } from './password.ts';
import { bytes, duration } from './units.ts';

/** What a partner's YAML file says. The schema is the documentation of its fields. */

export const actions = ['list', 'read', 'write', 'delete', 'rename', 'make'] as const;
export type Action = (typeof actions)[number];

const passwordHash = z.string().superRefine((text, context) => {
  const problem = passwordHashProblem(text);
  if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
});

/** A transfer that moves nothing would only wait for its end. */
const rate = bytes.refine((value) => value >= 1024, 'must be at least 1 KiB a second');

const address = z.union(
  [z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()],
  'must be an address or a network, such as 192.0.2.7 or 2001:db8::/32',
);

const user = z.string().min(1).max(128);
/** SHA-256 over the whole certificate (DER), as `openssl x509 -fingerprint -sha256` prints it. */
const fingerprint = z
  .string()
  .regex(/^(?:[0-9A-Fa-f]{2}:?){31}[0-9A-Fa-f]{2}$/, 'a SHA-256 fingerprint: 32 bytes in hexadecimal')
  .transform((text) => text.replaceAll(':', '').toLowerCase());

/** RFC 1635: what clients say for anybody. A login that is anonymous is meant by either, where it has one of them. */
export const anonymousUsers = ['anonymous', 'ftp'] as const;

/** What a login must show: a password, a client certificate, both, or nothing at all. */
const loginSchema = z
  .strictObject({
    user,
    password: passwordHash.optional(),
    certificate: fingerprint.optional(),
    /** Anybody may come in by this name; the password, by custom a mail address, is only logged. */
    anonymous: z.literal(true).optional(),
  })
  .refine(
    ({ password, certificate, anonymous }) =>
      anonymous ? !password && !certificate : password !== undefined || certificate !== undefined,
    'needs a password, a certificate or both, or else only anonymous: true',
  );
export type Login = z.infer<typeof loginSchema>;

/** Character sets of names that are not UTF-8; each has all of ASCII. */
export const charsets = [
  'iso-8859-1',
  'iso-8859-2',
  'iso-8859-5',
  'iso-8859-7',
  'iso-8859-9',
  'iso-8859-15',
  'windows-1250',
  'windows-1251',
  'windows-1252',
  'windows-1253',
  'windows-1254',
  'cp437',
  'cp850',
  'cp852',
  'cp866',
  'shift_jis',
  'euc-jp',
  'gbk',
  'big5',
  'euc-kr',
] as const;

/** How FTP is spoken with the partner's programs. */
const ftpSchema = z.strictObject({
  /** Where TLS is demanded: nowhere, on the control connection, or on data connections too. */
  tls: z.enum(['optional', 'control', 'required']).default('optional'),
  /** Whether a data connection must resume a TLS session, which shows that it is made by who logged in. */
  resumption: z.enum(['offered', 'required']).default('offered'),
  /** Whether CCC may take the control connection back to plain text, for firewalls that read it. */
  clearControl: z.boolean().default(false),
  /** Addresses and networks, besides its control connection's, that its data connections may come from or go to. */
  dataAddresses: z.array(address).default([]),
  /** What names are in that are not UTF-8, in both directions. */
  charset: z.enum(charsets).default('iso-8859-1'),
  /** Whether its programs get UTF-8 until they send a name that is not; else only when they ask for it. */
  assumeUtf8: z.boolean().default(true),
  /** The form of LIST: as `ls -l` has it, as MS-DOS has it, whose `\` then separates folders too, or facts as MLSD has them. */
  listing: z.enum(['unix', 'dos', 'facts']).default('unix'),
  /** What TYPE A does, which holds until a program says another: converts line ends, or keeps all bytes as they are. */
  ascii: z.enum(['convert', 'keep']).default('convert'),
});

const partnerSchema = z.strictObject({
  name: nameField,
  enabled: z.boolean().default(true),
  logins: z.array(loginSchema).min(1),
  /** Addresses or networks it may come from; anywhere when empty. */
  addresses: z.array(address).default([]),
  /** The folder of the store that is its root; partners may share one. */
  root: nameField.optional(),
  /** Host names that its logins are for (HOST, RFC 7151, and TLS SNI); any when empty. */
  hosts: z
    .array(z.string().regex(/^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/, 'a host name in lower case'))
    .default([]),
  /** Folders that are made at its first login; `/in` and `/out`, or none for who is anonymous. */
  folders: z.array(pathField).optional(),
  /**
   * The deepest folder that holds a path decides; all is allowed where none does. Who is anonymous may only list and
   * read there, and has a folder to read from or one to write to, a drop box, never one for both.
   */
  permissions: z.array(z.strictObject({ folder: pathField, allow: z.array(z.enum(actions)) })).default([]),
  /** What an upload to an existing name does; who is anonymous never replaces. Replaced versions stay readable for the pipeline. */
  existing: z.enum(['replace', 'refuse']).default('replace'),
  /** Whether a file that has its final name stays as it is: not replaced, added to, renamed or removed. For backups. */
  appendOnly: z.boolean().default(false),
  /** Names of files that are still being written. */
  temporary: z
    .array(globField.min(1))
    // `.filepart` is WinSCP's, `.partial` rclone's since 1.63, `.writing` Spring Integration's, `.in.` lftp's.
    .default(['*.tmp', '*.part', '*.filepart', '*.partial', '*.writing', '.in.*']),
  digests: z.array(z.enum(digestNames)).default(['sha256']),
  limits: z
    .strictObject({
      sessions: z.number().int().positive().default(100),
      /** From one address, or one /64 of IPv6; for who is anonymous `ANONYMOUS_SESSIONS` where nothing is said. */
      sessionsPerAddress: z.number().int().positive().optional(),
      fileSize: bytes.optional(),
      /** Bytes a second of one transfer. */
      uploadRate: rate.optional(),
      downloadRate: rate.optional(),
      /** For one whole transfer. */
      transferTime: duration.optional(),
    })
    .prefault({}),
  ftp: ftpSchema.prefault({}),
  feeds: z.array(feedSchema).default([]),
});

/** Who is not known may have this many sessions from one address. */
const ANONYMOUS_SESSIONS = 5;
/** A folder that anybody can write to and read from is soon somebody else's exchange. */
const anonymousUses: readonly (readonly Action[])[] = [['list', 'read'], ['write']];

/** Whether anybody may log in as the partner. */
export const isAnonymous = ({ logins }: { readonly logins: readonly Login[] }): boolean =>
  logins.some(({ anonymous }) => anonymous);

/** A partner's file, checked: names within it are unique too, and what depends on the logins has its default. */
export const partnerFile = partnerSchema.superRefine(checkWithin).transform((partner) => {
  const { permissions, limits } = partner;
  if (!isAnonymous(partner)) return { ...partner, folders: partner.folders ?? ['/in', '/out'] };
  return {
    ...partner,
    folders: partner.folders ?? [],
    existing: 'refuse' as const,
    permissions: [{ folder: '/', allow: [...anonymousUses[0]!] }, ...permissions],
    limits: { ...limits, sessionsPerAddress: limits.sessionsPerAddress ?? ANONYMOUS_SESSIONS },
  };
});
export type Partner = z.infer<typeof partnerFile>;

function checkWithin(partner: z.infer<typeof partnerSchema>, context: z.RefinementCtx): void {
  const unique = (values: readonly string[], where: (index: number) => PropertyKey[], what: string) => {
    for (const [index, value] of values.entries()) {
      if (values.indexOf(value) === index) continue;
      context.addIssue({ code: 'custom', path: where(index), message: `${what} "${value}" is there twice` });
    }
  };
  const users = partner.logins.map((login) => login.user);
  unique(users, (index) => ['logins', index, 'user'], 'user');
  const feeds = partner.feeds.map((feed) => feed.name);
  unique(feeds, (index) => ['feeds', index, 'name'], 'feed');
  for (const [index, feed] of feeds.entries()) {
    if (!ownFeeds.includes(feed)) continue;
    const message = `"${feed}" is the name of a feed of Landfall's own`;
    context.addIssue({ code: 'custom', path: ['feeds', index, 'name'], message });
  }
  for (const [feed, { deliver }] of partner.feeds.entries()) {
    const targets = deliver.map((target) => target.name);
    unique(targets, (index) => ['feeds', feed, 'deliver', index, 'name'], 'target');
  }
  if (!isAnonymous(partner)) return;
  for (const [index, { anonymous }] of partner.logins.entries()) {
    if (anonymous) continue;
    const message = 'a partner that anybody may log in as has no other logins';
    context.addIssue({ code: 'custom', path: ['logins', index], message });
  }
  for (const [index, { allow }] of partner.permissions.entries()) {
    if (anonymousUses.some((use) => allow.every((action) => use.includes(action)))) continue;
    const message = 'who is anonymous may list and read in a folder, or only write: a drop box';
    context.addIssue({ code: 'custom', path: ['permissions', index, 'allow'], message });
  }
}

export const feedFor = (partner: Partner, filePath: string): Feed =>
  partner.feeds.find((feed) => matchesGlob(filePath, feed.path)) ?? unclaimedFeed;

export const feedNamed = (partner: Partner, feed: string): Feed | undefined =>
  feed === unclaimedFeed.name ? unclaimedFeed : partner.feeds.find((one) => one.name === feed);

export const rootOf = (partner: Partner): string => partner.root ?? partner.name;
