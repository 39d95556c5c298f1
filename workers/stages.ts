import type { Stages } from '../core/stage.ts';
import { deliver } from './deliver/deliver.ts';
import { route } from './route/route.ts';
import { scan } from './scan/scan.ts';
import { validate } from './validate/validate.ts';

/** The function behind each row of the pipeline table; the same for every host. */
export const stages: Stages = { validate, scan, route, deliver };
