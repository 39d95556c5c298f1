import { Fault } from '../core/fault.ts';
import { stageNames } from '../core/pipeline.ts';
import type { Metrics } from '../core/ports/metrics.ts';
import type { Stage, Stages } from '../core/stage.ts';

/** The stages, with their attempts counted by outcome and timed. */
export function meteredStages(stages: Stages, metrics: Metrics): Stages {
  const metered =
    (stage: keyof Stages): Stage =>
    async (work, ports) => {
      const started = performance.now();
      let outcome = 'failed';
      try {
        const done = await stages[stage](work, ports);
        outcome = done.result;
        return done;
      } catch (thrown) {
        if (Fault.from(thrown).retry) outcome = 'held';
        throw thrown;
      } finally {
        metrics.add('landfall_stages_total', { stage, outcome });
        metrics.took('landfall_stage_duration_seconds', { stage }, (performance.now() - started) / 1000);
      }
    };
  return Object.fromEntries(stageNames.map((stage) => [stage, metered(stage)])) as unknown as Stages;
}
