import type { S3 } from '@aws-sdk/client-s3';
import type { S3Place } from '../../adapters/store/s3/url.ts';

/** Parts in the store of the one upload whose key begins with that name. */
export async function storedParts(s3: S3, { bucket, prefix }: S3Place, name: string): Promise<number> {
  const { Uploads = [] } = await s3.listMultipartUploads({ Bucket: bucket, Prefix: prefix + name });
  const [{ Key, UploadId } = {}] = Uploads;
  if (UploadId === undefined) return 0;
  return (await s3.listParts({ Bucket: bucket, Key, UploadId })).Parts?.length ?? 0;
}
