/** The one table of cases. */
import type { Theme } from '../case.ts';
import { accessCases } from './access.ts';
import { applyCases } from './apply.ts';
import { controllerCases } from './controllers.ts';
import { dnsCases } from './dns.ts';
import { eventCases } from './events.ts';
import { foreignCases } from './foreign.ts';
import { garbageCases } from './garbage.ts';
import { jsonPatchCases } from './json-patch.ts';
import { listCases } from './list.ts';
import { mergePatchCases } from './merge-patch.ts';
import { mirroredShapeCases } from './mirrored-shapes.ts';
import { mirroringCases } from './mirroring.ts';
import { patchShapeCases } from './patch-shapes.ts';
import { refusalCases } from './refusals.ts';
import { serviceCases } from './service.ts';
import { strategicPatchCases } from './strategic-patch.ts';
import { validationCases } from './validation.ts';
import { watchCases } from './watch.ts';

/** Every theme with its cases. */
export const themes: readonly Theme[] = [
  { name: 'JSON patch', cases: jsonPatchCases },
  { name: 'patch shapes', cases: patchShapeCases },
  { name: 'merge patch', cases: mergePatchCases },
  { name: 'strategic merge patch', cases: strategicPatchCases },
  { name: 'apply', cases: applyCases },
  { name: 'access', cases: accessCases },
  { name: 'refusals', cases: refusalCases },
  { name: 'watch', cases: watchCases },
  { name: 'list', cases: listCases },
  { name: 'mirroring', cases: mirroringCases },
  { name: 'mirrored shapes', cases: mirroredShapeCases },
  { name: 'DNS', cases: dnsCases },
  { name: 'controllers', cases: controllerCases },
  { name: 'foreign entries', cases: foreignCases },
  { name: 'garbage', cases: garbageCases },
  { name: 'Events', cases: eventCases },
  { name: 'Service', cases: serviceCases },
  { name: 'validation', cases: validationCases },
];
