import { Buffer } from 'node:buffer';
import { createHmac } from 'node:crypto';
import { asciiJson } from '../../core/ascii-json.ts';
import { Fault } from '../../core/fault.ts';
import type { Target, TargetDelivery } from '../../core/ports/target.ts';
import type { TargetSpec } from '../../core/target-spec.ts';

/** Tells an HTTP server of the file, as Standard Webhooks 1.0.0 has it. The id lets the receiver know a repeat. */
export function createWebhookTarget({
  url,
  secret,
  timeout,
}: Extract<TargetSpec, { to: 'webhook' }>): Target {
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64');

  return {
    async deliver(delivery, signal) {
      const body = payload(delivery);
      const timestamp = Math.floor(Date.now() / 1000);
      const signed = `${delivery.deliveryId}.${timestamp}.${body}`;
      const response = await fetch(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'user-agent': 'Landfall',
          'webhook-id': delivery.deliveryId,
          'webhook-timestamp': `${timestamp}`,
          'webhook-signature': `v1,${createHmac('sha256', key).update(signed).digest('base64')}`,
        },
        body,
        redirect: 'manual',
        signal: AbortSignal.any([signal, AbortSignal.timeout(timeout)]),
      }).catch((thrown: unknown) => {
        throw new Fault('target-down', `${shown(url)}: ${why(thrown)}`, { cause: thrown });
      });
      // The status is the answer; what the server has to say besides may be endless.
      await response.body?.cancel().catch(() => undefined);
      return { place: accepted(`${shown(url)} answered ${response.status}`, response) };
    },
  };
}

/** The same for every attempt, as the id is. */
const payload = ({ arrival }: TargetDelivery): string =>
  asciiJson({
    type: 'landfall.file.delivered',
    timestamp: arrival.receivedAt,
    data: {
      arrival: arrival.id,
      run: arrival.run,
      partner: arrival.partner,
      feed: arrival.feed,
      path: arrival.path,
      key: arrival.key,
      size: arrival.size,
      digests: arrival.digests,
      receivedAt: arrival.receivedAt,
    },
  });

/** Client errors that say "later" and not "never". */
const laterStatuses = [408, 425, 429];
/** Of a Retry-After that is shown; longer ones are no date and no number. */
const MAX_RETRY_AFTER_CHARACTERS = 40;

/** `place` where the status is one of success. The pipeline's table says when to try again; Retry-After is shown. */
function accepted(place: string, { ok, status, headers }: Response): string {
  if (ok) return place;
  if (status < 500 && !laterStatuses.includes(status)) throw new Fault('target-refused', place);
  const retryAfter = headers.get('retry-after')?.slice(0, MAX_RETRY_AFTER_CHARACTERS);
  throw new Fault('target-down', retryAfter ? `${place}, Retry-After: ${retryAfter}` : place);
}

/** Without what may be secret in it: user, password, query. */
function shown(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}

/** fetch says "fetch failed"; the reason is its cause. */
function why(thrown: unknown): string {
  if (!(thrown instanceof Error)) return 'the delivery was stopped';
  const { code, message } = (thrown.cause ?? thrown) as NodeJS.ErrnoException;
  return typeof code === 'string' ? code : message;
}
