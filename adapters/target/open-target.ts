import type { Store } from '../../core/ports/store.ts';
import type { Target } from '../../core/ports/target.ts';
import type { TargetSpec } from '../../core/target-spec.ts';
import { createFolderTarget } from './folder.ts';
import { createStorePrefixTarget } from './store-prefix.ts';
import { createWebhookTarget } from './webhook.ts';

type TargetPorts = Pick<Store, 'objects'>;
type Openers = { [To in TargetSpec['to']]: (spec: SpecOf<To>, ports: TargetPorts) => Target };
type SpecOf<To extends TargetSpec['to']> = Extract<TargetSpec, { to: To }>;

const openers: Openers = {
  folder: createFolderTarget,
  store: createStorePrefixTarget,
  webhook: createWebhookTarget,
};

export const openTarget = <To extends TargetSpec['to']>(
  spec: SpecOf<To> & { to: To },
  ports: TargetPorts,
): Target => openers[spec.to](spec, ports);
