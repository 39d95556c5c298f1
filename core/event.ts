import { z } from 'zod';
import { type Arrival, arrivalSchema } from './arrival.ts';
import { asciiJson } from './ascii-json.ts';
import { Fault } from './fault.ts';

export const stageSchema = z.enum(['validate', 'scan', 'route', 'deliver']);
export type StageName = z.infer<typeof stageSchema>;

/**
 * What goes through the queues: CloudEvents 1.0 in its JSON format (structured mode).
 *
 * The text is ASCII only, because there are queues that take only what XML can say (SQS).
 */
const eventSchema = z.object({
  specversion: z.literal('1.0'),
  id: z.string().min(1),
  source: z.string().min(1),
  type: z.templateLiteral(['landfall.', stageSchema]),
  time: z.string(),
  subject: z.string(),
  datacontenttype: z.literal('application/json'),
  data: z.object({
    arrival: arrivalSchema,
    /** For `deliver`: the target's name in the feed. */
    target: z.string().optional(),
  }),
});
export type LandfallEvent = z.infer<typeof eventSchema>;

/** The event that asks for a stage. Its id is the same whenever it is made again: arrival, run, stage, target. */
export function stageEvent(stage: StageName, arrival: Arrival, target?: string): LandfallEvent {
  return {
    specversion: '1.0',
    id: [arrival.id, arrival.run, stage, ...(target === undefined ? [] : [encodeURIComponent(target)])].join(
      '/',
    ),
    source: `/partners/${encodeURIComponent(arrival.partner)}`,
    type: `landfall.${stage}`,
    time: new Date().toISOString(),
    subject: arrival.id,
    datacontenttype: 'application/json',
    data: { arrival, ...(target === undefined ? {} : { target }) },
  };
}

/** The stage that the event asks for. */
export const stageOf = (event: LandfallEvent): StageName => event.type.slice('landfall.'.length) as StageName;

export const encodeEvent = (event: LandfallEvent): string => asciiJson(event);

/** Throws `bad-argument`, naming the field, for a text that is no event of ours. */
export function decodeEvent(text: string): LandfallEvent {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new Fault('bad-argument', 'the message is not JSON', { cause });
  }
  const parsed = eventSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  throw new Fault('bad-argument', `the message's ${issue.path.join('.') || 'body'}: ${issue.message}`);
}
