import { link, unlink } from 'node:fs/promises';
import { blobNamedAt, findBlob, settleBlob, touchStatus } from './blobs.ts';
import { isErrno, unlessMissing } from './errno.ts';
import { arrivalOf, blobName, blobPath, linkTarget, objectPath, parentOf } from './layout.ts';
import { statsAt } from './look-up.ts';
import { uploadPath } from './suspended.ts';
import { type Disk, inFolder, linkTo, makeName } from './tree.ts';

/**
 * Publishes the bytes of a blob under another key, for the same arrival, by the steps of an upload: a second name of
 * the file in uploads/, the link that is the publication, the move to blobs/. Answers the new blob; durable.
 */
export async function linkBlob(disk: Disk, source: string, to: string, replace: boolean): Promise<string> {
  const { layout, syncFolder } = disk;
  const blob = blobName(arrivalOf(source), to);
  const folder = parentOf(blobPath(layout, blob));
  const kept = statsAt(blobPath(layout, blob));
  // It was published there before: named again, it is as young as any other.
  if (kept) await touchStatus(blobPath(layout, blob), kept);
  else await linkFile(disk, source, uploadPath(layout, blob));

  try {
    await makeName(disk, to, replace, linkTo(linkTarget(to, blob)));
  } catch (thrown) {
    const named = blobNamedAt(objectPath(layout, to)) === blob;
    if (!kept && !named) await unlessMissing(unlink(uploadPath(layout, blob)));
    throw thrown;
  }
  await inFolder(disk, folder, () => settleBlob(layout, blob, layout.uploads));
  // One that failed in the same move may have cleared away what both had made.
  if (!(await findBlob(layout, blob))) await linkFile(disk, source, blobPath(layout, blob));
  await Promise.all([syncFolder(parentOf(objectPath(layout, to))), syncFolder(folder)]);
  return blob;
}

/** Another name for the blob's file. */
async function linkFile({ layout }: Disk, source: string, path: string): Promise<void> {
  const found = await findBlob(layout, source);
  await link(found?.path ?? blobPath(layout, source), path).catch((thrown) => {
    // Left by one that died, or made by one that does the same now.
    if (!isErrno(thrown, 'EEXIST')) throw thrown;
  });
}
