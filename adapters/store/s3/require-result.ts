/**
 * For requests that take long: S3 may begin to answer 200 before they are done, and say in the body that they failed.
 * The SDK looks at the body's very end for that; an answer that lacks its result is none. It may be asked for again.
 */
export function requireResult(result: string | Date | undefined): void {
  if (result !== undefined) return;
  const wrong = new Error('the store answered 200, without a result');
  throw Object.assign(wrong, { name: 'InternalError', $metadata: { httpStatusCode: 500 } });
}
