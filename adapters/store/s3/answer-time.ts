import type { S3 } from '@aws-sdk/client-s3';

interface Answer {
  readonly response: unknown;
  readonly output: object;
}

const times = new WeakMap<object, Date>();

/** When the store answered this, by its own clock, to the second: the Date header (RFC 9110, section 6.6.1). */
export const answeredAt = (output: object): Date => times.get(output) ?? new Date();

/** Keeps the times of all answers, as long as somebody has the answer. */
export function keepAnswerTimes(s3: S3): void {
  s3.middlewareStack.add(
    (next) => async (args) => {
      const answer = await next(args);
      const { response, output } = answer as Answer;
      const { date } = (response as { headers: Record<string, string | undefined> }).headers;
      const time = new Date(date ?? Number.NaN);
      if (!Number.isNaN(time.getTime())) times.set(output, time);
      return answer;
    },
    { step: 'deserialize', priority: 'high', name: 'keepAnswerTimes' },
  );
}
