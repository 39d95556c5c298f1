import { type Action, isAnonymous, type Login, type Partner } from './partner.ts';
import { isTemporaryName, isWithin } from './paths.ts';

/** What a partner's file allows. */

/** Whether who logged in as the partner was `then` may go on: enabled, the same addresses, no login taken away. */
export function isLoginLeft(then: Partner, now: Partner): boolean {
  if (now === then) return true;
  const text = (login: Login): string => JSON.stringify(Object.entries(login).sort());
  const left = new Set(now.logins.map(text));
  return (
    now.enabled &&
    now.addresses.join() === then.addresses.join() &&
    then.logins.every((login) => left.has(text(login)))
  );
}

export function allows(partner: Partner, action: Action, filePath: string): boolean {
  let deepest: Partner['permissions'][number] | undefined;
  for (const row of partner.permissions) {
    if (isWithin(filePath, row.folder) && row.folder.length >= (deepest?.folder.length ?? 0)) deepest = row;
  }
  return deepest === undefined || deepest.allow.includes(action);
}

/** Whether the partner writes there and sees nothing of what is there: sizes are not told, and names not looked for. */
export const isDropBox = (partner: Partner, filePath: string): boolean =>
  !allows(partner, 'list', filePath) && !allows(partner, 'read', filePath);

/** Whether what has this name, if it is a file, stays for good as it is. */
export const isKept = ({ appendOnly, temporary }: Partner, filePath: string): boolean =>
  appendOnly && !isTemporaryName(filePath, temporary);

/** Whether a file that gets this name may take the place of one that has it. Senders write temporary ones again. */
export const mayReplace = (partner: Partner, filePath: string): boolean =>
  !isAnonymous(partner) &&
  !isKept(partner, filePath) &&
  (isTemporaryName(filePath, partner.temporary) || partner.existing === 'replace');
