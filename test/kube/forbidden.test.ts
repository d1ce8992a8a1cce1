/** The rule that a 403 says is missing. The sentences are those of Kubernetes 1.37. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KubeError } from '../../agent/kube/errors.ts';
import { forbiddenRule } from '../../agent/kube/forbidden.ts';

const user = 'User "system:serviceaccount:facts:ssa"';
const cases = [
  {
    name: 'the verb is the one that RBAC missed, not the one of HTTP',
    message: `endpoints "ipa" is forbidden: ${user} cannot create resource "endpoints" in API group "" in the namespace "facts"`,
    expect: ['- apiGroups: [""]', '  resources: ["endpoints"]', '  resourceNames: ["ipa"]', '  verbs: ["create"]'],
  },
  {
    name: 'names of slices come and go with their pods, so a rule names none',
    message: `endpointslices.discovery.k8s.io "q10-a" is forbidden: ${user} cannot create resource "endpointslices" in API group "discovery.k8s.io" in the namespace "facts"`,
    expect: ['- apiGroups: ["discovery.k8s.io"]', '  resources: ["endpointslices"]', '  verbs: ["create"]'],
  },
  {
    name: 'names of pods neither: a silent peer is asked for whatever it is called',
    message: `pods "ipa-2" is forbidden: ${user} cannot get resource "pods" in API group "" in the namespace "facts"`,
    expect: ['- apiGroups: [""]', '  resources: ["pods"]', '  verbs: ["get"]'],
  },
  {
    name: 'a list names no object, so the rule does not either; what is listed is watched too',
    message: `endpoints is forbidden: ${user} cannot list resource "endpoints" in API group "" in the namespace "facts"`,
    expect: ['- apiGroups: [""]', '  resources: ["endpoints"]', '  verbs: ["list", "watch"]'],
  },
  {
    name: 'a subresource is named as a Role names it; of a pod without its name',
    message: `pods "a" is forbidden: ${user} cannot patch resource "pods/status" in API group "" in the namespace "facts"`,
    expect: ['- apiGroups: [""]', '  resources: ["pods/status"]', '  verbs: ["patch"]'],
  },
  {
    name: 'nor of one that is asked through the API server, whose port stands beside its name',
    message: `pods "a:9797" is forbidden: ${user} cannot get resource "pods/proxy" in API group "" in the namespace "facts"`,
    expect: ['- apiGroups: [""]', '  resources: ["pods/proxy"]', '  verbs: ["get"]'],
  },
  {
    name: 'an admission plugin refuses for another reason than RBAC',
    message: "endpoints \"a\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no",
    expect: undefined,
  },
];
for (const { name, message, expect } of cases) {
  test(name, () => assert.equal(forbiddenRule(refusal(403, message)), expect?.join('\n')));
}

test('another status has no missing rule', () => {
  assert.equal(forbiddenRule(refusal(401, cases[0]?.message ?? '')), undefined);
});

function refusal(status: number, said: string): KubeError {
  const message = `PATCH /x answered ${status} Forbidden: ${said}`;
  return new KubeError(message, { status, reason: 'Forbidden', verb: 'PATCH', path: '/x' });
}
