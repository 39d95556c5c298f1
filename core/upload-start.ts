import { Fault } from './fault.ts';
import { isAnonymous, type Partner } from './partner.ts';
import { isDropBox } from './permissions.ts';
import type { UploadMode } from './zone.ts';

/** Where an upload begins: at a byte, of which the last `again` are stored and come once more. */
export interface UploadStart {
  readonly at: number;
  readonly again: number;
}

/** What is stored at the path that is uploaded to, in bytes. */
export interface StoredSizes {
  /** Of an interrupted upload; undefined where there is none. */
  suspended(): Promise<number | undefined>;
  /** Of the file. Throws `not-found`, `is-a-folder`. */
  file(): Promise<number>;
}

const FROM_THE_FIRST: UploadStart = { at: 0, again: 0 };
/**
 * Bytes of an interrupted upload that its sender is not told of, and so sends again: one that finds the whole there
 * would go away content though nobody has told it "done", and its file would never be announced.
 */
const SENT_AGAIN = 1;

/** What the sender is told, and goes on from. */
export const toldOf = ({ at, again }: UploadStart): number => at - again;

/**
 * After an interrupted upload. In a drop box what else is there is as if it were not, and who is anonymous goes on
 * with nothing: somebody else may have sent it.
 */
async function afterCut(
  partner: Partner,
  path: string,
  stored: StoredSizes,
): Promise<UploadStart | undefined> {
  const isBox = isDropBox(partner, path);
  const suspended = isBox && isAnonymous(partner) ? undefined : await stored.suspended();
  if (suspended !== undefined) return { at: suspended, again: SENT_AGAIN };
  if (isBox) throw new Fault('not-found', path);
  return undefined;
}

/** Where an upload can go on: after an interrupted one, or else after the file. Throws `not-found`, `is-a-folder`. */
export const resumableAt = async (
  partner: Partner,
  path: string,
  stored: StoredSizes,
): Promise<UploadStart> => (await afterCut(partner, path, stored)) ?? { at: await stored.file(), again: 0 };

/** Where the upload begins that a sender asks for. Throws `is-a-folder`, and `not-found` in a drop box. */
export async function startOf(
  how: UploadMode,
  partner: Partner,
  path: string,
  stored: StoredSizes,
): Promise<UploadStart> {
  if (how === 'append') return resumableAt(partner, path, stored).catch(orFromTheFirst);
  if (how.at === 0) return FROM_THE_FIRST;
  const cut = await afterCut(partner, path, stored);
  return cut && how.at === toldOf(cut) ? cut : { at: how.at, again: 0 };
}

const orFromTheFirst = (thrown: unknown): UploadStart => {
  if (thrown instanceof Fault && thrown.code === 'not-found') return FROM_THE_FIRST;
  throw thrown;
};
