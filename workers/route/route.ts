import type { Stage } from '../../core/stage.ts';

/** One delivery for each target of the feed, each with retries and a record of its own. */
export const route: Stage = async ({ feed }) => {
  if (feed.deliver.length > 0) {
    return { result: 'routed', next: feed.deliver.map(({ name }) => ({ stage: 'deliver', target: name })) };
  }
  const message = `feed "${feed.name}" has no targets: the file stays in the store`;
  return { result: 'routed', reasons: [{ code: 'no-targets', message }] };
};
