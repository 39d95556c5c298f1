/**
 * The named steps between the last byte of an upload and the delivery: the calls that cross a port, each with the
 * moment before it and the moment after it. A process told one of them kills itself there with SIGKILL.
 */
const calls = [
  'upload seal',
  'send validate',
  'upload publish',
  'record received',
  'record validate',
  'send scan',
  'ack validate',
  'record scan',
  'send route',
  'ack scan',
  'record route',
  'send deliver',
  'ack route',
  'target folder',
  'target store',
  'record deliver-folder',
  'record deliver-store',
  'ack deliver',
] as const;

export const steps = calls.flatMap((call) => [`before ${call}`, `after ${call}`]);
