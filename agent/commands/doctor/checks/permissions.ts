/** Checks what the agents' ServiceAccount may do, row by row of the Role. */
import type { Facts } from '../facts.ts';
import { printRole, printRules } from '../needs.ts';
import { type Outcome, type Reporter, under } from '../result.ts';
import type { Reviewed } from '../reviews.ts';

/** Whether every verb is allowed, by name where the Role has names. */
export function checkPermissions(facts: Facts): readonly Outcome[] {
  const { access } = facts;
  if (access.kind === 'unasked') {
    return [
      under('Permissions').skipped(
        `permissions of the agents: nobody could be asked about them (${access.why})`,
        'Run the doctor in a pod that carries the sidecar (kubectl exec), or as somebody who may create subjectaccessreviews.',
      ),
    ];
  }
  return access.subjects.flatMap(({ account, reviews }) => {
    const who = account === undefined ? 'our own credentials' : `ServiceAccount ${account}`;
    return judge(facts, { account, who, reviews });
  });
}

type Subject = {
  readonly account: string | undefined;
  readonly who: string;
  readonly reviews: readonly Reviewed[];
};

function judge(facts: Facts, { account, who, reviews }: Subject): readonly Outcome[] {
  const say = under(`Permissions of ${who}`);
  if (reviews.length > 0 && reviews.every(({ isAllowed }) => !isAllowed)) {
    const rows = [...new Set(reviews.map(({ row }) => row))];
    const name = account ?? 'endpoint-registrar';
    const role = printRole(rows, { namespace: facts.namespace, name });
    return [
      say.failure(
        `${who} may do nothing of what an agent has to do in namespace ${facts.namespace}`,
        `Bind a Role to the ServiceAccount that the pods run as:\n${role}`,
      ),
    ];
  }
  const byRow = Map.groupBy(reviews, ({ row }) => row);
  return [...byRow.values()].map((ofRow) => judgeRow(say, who, ofRow));
}

function judgeRow(say: Reporter, who: string, reviews: readonly Reviewed[]): Outcome {
  const row = reviews[0]?.row;
  if (row === undefined) return say.skipped(`${who}: nothing is needed`);
  const names = row.names.length === 0 ? 'of every name' : row.names.join(', ');
  const refused = reviews.filter(({ isAllowed }) => !isAllowed);
  if (refused.length === 0) return say.ok(`${row.resource} (${names}): ${row.verbs.join(', ')}`);
  const byVerb = Map.groupBy(refused, ({ verb }) => verb);
  const missing = [...byVerb].map(([verb, ofVerb]) => {
    const isEvery = ofVerb.length >= row.names.length;
    return isEvery ? verb : `${verb} (of ${ofVerb.map(({ name }) => name).join(', ')})`;
  });
  return say[row.weight ?? 'failure'](
    `${row.resource} (${names}): ${who} may not ${missing.join(', ')}`,
    `Have this rule in its Role:\n${printRules([row])}`,
  );
}
