/** Checks each pod that carries the sidecar: how it starts, when it counts as ready, how it ends. */
import { OWN_GATE } from '../../../plan/pod.ts';
import { openVariables, settings } from '../../../settings.ts';
import { valueOfVariable } from '../../sidecar.ts';
import { aliveMembers, type Facts, type Member } from '../facts.ts';
import { mergePods, type Outcome, type Said, under } from '../result.ts';
import { readPreStop } from './prestop.ts';

const THEME = 'Pods';

/** What is looked at in one pod. `ttlSeconds`: how long clients keep an answer. */
type Look = (member: Member, facts: Facts, ttlSeconds: number) => readonly Said[];

const ok = (text: string): Said => ({ verdict: 'ok', text, remedy: undefined });

/** What kubeadm's CoreDNS says, where nobody could be asked. */
const USUAL_TTL_SECONDS = 30;

/** Everything about single pods; those of which the same is true share a line. */
export function checkPods(facts: Facts): readonly Outcome[] {
  const { pods, configMapName, namespace } = facts;
  const say = under(THEME);
  if (pods.kind !== 'seen') return [say.skipped(`pods: ${pods.why}`)];
  const members = aliveMembers(facts);
  if (members.length === 0) {
    return [
      say.warning(
        `no pod in namespace ${namespace} carries the sidecar with REGISTRAR_CONFIGMAP=${configMapName}`,
        'Add the sidecar to the workload (k8s/component), or name the ConfigMap that it has with --configmap.',
      ),
    ];
  }
  const ttlSeconds = ttlOf(facts);
  return looks.flatMap((look) =>
    mergePods(
      THEME,
      members.flatMap((member) => look(member, facts, ttlSeconds).map((says) => ({ podName: member.podName, says }))),
    ),
  );
}

/** No cluster DNS keeps its Services for longer; a greater minimum is another server's. */
const LONGEST_TTL_SECONDS = 60;

/** The longest TTL of the SRV answers seen, in seconds. */
function ttlOf({ dns }: Facts): number {
  if (dns.kind !== 'asked') return USUAL_TTL_SECONDS;
  const ttls = dns.services.flatMap(({ pairs }) =>
    pairs.flatMap(({ answer }) =>
      answer.kind === 'answered' ? answer.services.map((record) => record.ttlSeconds) : [],
    ),
  );
  const kept = dns.nowhere?.kind === 'negative' ? (dns.nowhere.soaMinimumSeconds ?? 0) : 0;
  // A cache shows what is left of a TTL; CoreDNS has the same one, whole, as the SOA's minimum.
  const whole = kept <= LONGEST_TTL_SECONDS ? kept : 0;
  return ttls.length === 0 ? USUAL_TTL_SECONDS : Math.max(whole, ...ttls);
}

const kindOfSidecar: Look = ({ sidecar, sidecarKind }) => {
  if (sidecarKind === 'native') return [ok(`${sidecar.name} is a native sidecar`)];
  if (sidecarKind === 'init') {
    return [
      {
        verdict: 'failure',
        text: `${sidecar.name} is an init container without restartPolicy Always: the pod waits for its end, and it has none`,
        remedy: `Set restartPolicy: Always on it, which makes it a native sidecar.`,
      },
    ];
  }
  return [
    {
      verdict: 'warning',
      text: `${sidecar.name} is a plain container: it starts beside the workload, and ends while the workload still drains`,
      remedy: 'Move it to initContainers with restartPolicy: Always (Kubernetes 1.29 or newer).',
    },
  ];
};

const nameOfSidecar: Look = ({ sidecar, sidecarName }) =>
  sidecar.name === sidecarName
    ? []
    : [
        {
          verdict: 'failure',
          text: `the agent's container is ${sidecar.name}, and REGISTRAR_CONTAINER_NAME says ${sidecarName}: the agent waits for its own readiness`,
          remedy: `Set REGISTRAR_CONTAINER_NAME to ${sidecar.name}.`,
        },
      ];

const TOKEN_PATH = '/var/run/secrets/kubernetes.io/serviceaccount';

const token: Look = ({ sidecar, workload }) => {
  const holds = ({ volumeMounts = [] }: typeof sidecar) =>
    volumeMounts.some(({ mountPath }) => mountPath === TOKEN_PATH);
  const holders = workload.filter(holds).map(({ name }) => name);
  return [
    ...(holds(sidecar) || valueOfVariable(sidecar, 'KUBECONFIG') !== undefined
      ? []
      : [
          {
            verdict: 'failure',
            text: `${sidecar.name} has neither a ServiceAccount token (${TOKEN_PATH}) nor KUBECONFIG: it cannot ask the API server`,
            remedy: 'Mount a projected volume with the token there, as k8s/component does.',
          } as const,
        ]),
    holders.length === 0
      ? ok('the ServiceAccount token is mounted in the sidecar alone')
      : {
          verdict: 'warning',
          text: `the workload (${holders.join(', ')}) holds the ServiceAccount token, with which the register can be changed`,
          remedy:
            'Set automountServiceAccountToken: false and mount the token in the sidecar alone, as k8s/component does.',
        },
  ];
};

const readiness: Look = ({ workload, pod }, { services }) => {
  const names = workload.map(({ name }) => name).join(', ');
  if (workload.some(({ readinessProbe }) => readinessProbe !== undefined))
    return [ok('the workload has a readinessProbe')];
  if ((pod.spec?.readinessGates ?? []).some(({ conditionType }) => conditionType !== OWN_GATE))
    return [ok('the workload has a readiness gate')];
  const ports = services.flatMap(({ declaration }) => declaration?.ports ?? []);
  if (ports.length > 0 && ports.every(({ probes }) => probes !== undefined))
    return [ok('every declared pair has a probe')];
  const isStarted = workload.some(({ startupProbe }) => startupProbe !== undefined);
  const from = isStarted ? 'once its startupProbe has succeeded, and from then on' : 'as soon as its process runs';
  return [
    {
      verdict: 'warning',
      text: `its workload (${names}) has no readinessProbe: it is announced ${from}`,
      remedy: 'Add a readinessProbe to the workload, or a probe to each pair in the ConfigMap.',
    },
  ];
};

const draining: Look = ({ workload, pod, sidecar }, _facts, ttlSeconds) => {
  const graceSeconds = pod.spec?.terminationGracePeriodSeconds ?? 30;
  const preStop = readPreStop(workload);
  const said: Said[] = [];
  if (preStop.kind === 'none') {
    said.push({
      verdict: 'warning',
      text: `its workload has no preStop sleep: clients keep the old DNS answer for its TTL (${ttlSeconds} s) and meet a server that is gone`,
      remedy: `Give the workload lifecycle.preStop.sleep.seconds of at least ${ttlSeconds}, and a longer terminationGracePeriodSeconds.`,
    });
  } else if (preStop.kind === 'unknown')
    said.push(ok('its workload has a preStop hook; how long it takes cannot be seen'));
  else if (preStop.seconds < ttlSeconds) {
    said.push({
      verdict: 'warning',
      text: `its preStop sleep of ${preStop.seconds} s is shorter than the TTL of DNS answers (${ttlSeconds} s), for which clients keep them`,
      remedy: `Set lifecycle.preStop.sleep.seconds to at least ${ttlSeconds}.`,
    });
  } else said.push(ok(`its preStop sleep of ${preStop.seconds} s covers the TTL of DNS answers (${ttlSeconds} s)`));
  const waitSeconds = preStop.kind === 'sleep' ? preStop.seconds : 0;
  const budgetSeconds = budgetMsOf(sidecar) / 1000;
  const neededSeconds = waitSeconds + budgetSeconds;
  said.push(
    graceSeconds > neededSeconds
      ? ok(`its grace period of ${graceSeconds} s covers preStop and the agent's shutdown budget (${neededSeconds} s)`)
      : {
          verdict: 'warning',
          text: `its grace period of ${graceSeconds} s is not longer than preStop (${waitSeconds} s) and the agent's shutdown budget (${budgetSeconds} s) together: the kubelet may kill it halfway`,
          remedy: `Set terminationGracePeriodSeconds to more than ${neededSeconds}, and to what the workload needs beyond that.`,
        },
  );
  return said;
};

/** The agent's shutdown budget; its default where the variable is not set, or not one that the agent would take. */
function budgetMsOf(sidecar: Member['sidecar']): number {
  const { env, read, default: fallback } = settings.shutdownBudgetMs;
  const parse = (text: string) =>
    read(
      openVariables({ [env]: text })
        .get(env)
        .required(),
    );
  try {
    return parse(valueOfVariable(sidecar, env) ?? fallback);
  } catch {
    return parse(fallback);
  }
}

const looks: readonly Look[] = [kindOfSidecar, nameOfSidecar, token, readiness, draining];
