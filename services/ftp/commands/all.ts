import type { Command, Commands } from '../command.ts';
import { Refusal } from '../reply.ts';
import { combine } from './combine.ts';
import { dataConnection } from './data-connection.ts';
import { dates } from './dates.ts';
import { digests } from './digests.ts';
import { download } from './download.ts';
import { folder } from './folder.ts';
import { host } from './host.ts';
import { identity } from './identity.ts';
import { information } from './information.ts';
import { listing } from './listing.ts';
import { login } from './login.ts';
import { navigation } from './navigation.ts';
import { opts } from './opts.ts';
import { parameters } from './parameters.ts';
import { security } from './security.ts';
import { site } from './site.ts';
import { uploads } from './upload.ts';

/** RFC 959 §4.2.1: 502 is for verbs that exist but not here, 500 for those nobody knows. */
const SMNT = {
  when: 'always',
  argument: 'optional',
  help: ': not available here',
  // biome-ignore lint/correctness/useYield: it has no reply but its refusal
  async *run() {
    throw new Refusal(502, 'SMNT is not available here.');
  },
} satisfies Command;

export const COMMANDS: Commands = {
  ...host,
  ...login,
  ...security,
  ...navigation,
  ...parameters,
  ...dataConnection,
  ...uploads,
  ...download,
  ...listing,
  ...folder,
  ...information,
  ...dates,
  ...digests,
  ...combine,
  ...opts,
  ...identity,
  ...site,
  SMNT,
};
