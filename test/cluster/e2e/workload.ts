/**
 * What stands in for FreeIPA, whose image needs more than every cluster has: a StatefulSet of the same shape as the example's
 * (name, Service, labels, FQDN as host name, order, grace, preStop, data and shm volumes, one container that is everything),
 * with MIT's KDC and password server and with slapd. Each replica is a realm of the same name with the same people in it.
 */

export const person = { name: 'alice', password: 'Correct-Horse-1' } as const;

/** How this run's StatefulSet differs from the next one's. */
export interface WorkloadChoice {
  readonly image: string;
  readonly replicas: number;
  /** How long a server goes on answering after its pod was deleted: longer than any cache keeps its name. */
  readonly preStopSeconds: number;
  /** @default 'listening' */
  readonly readiness?: Readiness;
}

/**
 * When the kubelet calls a server ready. `listening`: while its three ports accept connections; `started`: once they did, whatever becomes of them;
 * `told`: like `listening`, and the server does not even start before somebody makes the file /data/told.
 */
export type Readiness = 'listening' | 'started' | 'told';

/** The server's programs, each of which can be stopped for itself: the KDC is two, on one database. */
export type Daemon = 'kdc-udp' | 'kdc-tcp' | 'kadmind' | 'slapd';

const start = `
set -euo pipefail
realm=IPA.\${NAMESPACE^^}.SVC.CLUSTER.LOCAL
suffix=dc=ipa,dc=$NAMESPACE,dc=svc,dc=cluster,dc=local
if [ ! -e /data/complete ]; then
  rm -rf /data/ldap /data/krb5
  mkdir -p /data/ldap /data/krb5 /data/tmp
  cat > /data/krb5.conf <<END
[libdefaults]
default_realm = $realm
dns_lookup_kdc = false
END
  for transport in udp tcp; do
    cat > /data/kdc-$transport.conf <<END
[realms]
$realm = {
  database_name = /data/krb5/principal
  key_stash_file = /data/krb5/stash
  acl_file = /data/krb5/acl
  kdc_listen = "$([ $transport = tcp ] || echo 88)"
  kdc_tcp_listen = "$([ $transport = udp ] || echo 88)"
}
[logging]
default = STDERR
END
  done
  cat > /data/ipa.schema <<END
objectclass ( 2.16.840.1.113719.1.301.6.1.1 NAME 'krbContainer' SUP top STRUCTURAL MUST cn )
objectclass ( 2.16.840.1.113719.1.301.6.2.1 NAME 'krbRealmContainer' SUP top STRUCTURAL MUST cn )
objectclass ( 1.3.6.1.4.1.4203.666.11.9.1 NAME 'infoObject' SUP top AUXILIARY MAY info )
END
  cat > /data/slapd.conf <<END
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/nis.schema
include /data/ipa.schema
modulepath /usr/lib/ldap
moduleload back_mdb
database mdb
suffix "$suffix"
directory /data/ldap
END
  : > /data/krb5/acl
  kdb5_util create -s -r "$realm" -P master-of-the-realm
  kadmin.local -q "addprinc -pw $PASSWORD ${person.name}"
  slapadd -f /data/slapd.conf <<END
dn: $suffix
objectClass: dcObject
objectClass: organization
objectClass: infoObject
dc: ipa
o: $realm
info: IPA V2.0

dn: cn=kerberos,$suffix
objectClass: krbContainer
cn: kerberos

dn: cn=$realm,cn=kerberos,$suffix
objectClass: krbRealmContainer
cn: $realm

dn: uid=${person.name},$suffix
objectClass: account
objectClass: posixAccount
uid: ${person.name}
cn: ${person.name}
uidNumber: 10001
gidNumber: 10001
homeDirectory: /
END
  touch /data/complete
fi
while [ "$READINESS" = told ] && [ ! -e /data/told ]; do sleep 0.2; done
daemon() { local name=$1; shift; "$@" & echo $! > "/data/$name.pid"; }
daemon kdc-udp env KRB5_KDC_PROFILE=/data/kdc-udp.conf krb5kdc -n
daemon kdc-tcp env KRB5_KDC_PROFILE=/data/kdc-tcp.conf krb5kdc -n
daemon kadmind kadmind -nofork
daemon slapd slapd -d 0 -f /data/slapd.conf -h ldap:///
trap 'kill $(jobs -p)' TERM
wait -n
`;

/** Is each of the three listening? What `ipactl status` asks FreeIPA. */
const status = 'for port in 88 464 389; do (exec 3<>/dev/tcp/127.0.0.1/$port); done';

/** The manifest, in the place of k8s/examples/freeipa/server/statefulset.yaml. */
export function statefulSet({ image, replicas, preStopSeconds, readiness = 'listening' }: WorkloadChoice) {
  const labels = { 'app.kubernetes.io/name': 'freeipa' };
  const mount = { name: 'data', mountPath: '/data' };
  const startupProbe = { exec: { command: ['bash', '-ec', status] }, timeoutSeconds: 10, periodSeconds: 1 };
  const readinessProbe = { ...startupProbe, periodSeconds: 5, failureThreshold: 2 };
  const fromField = (name: string, fieldPath: string) => ({ name, valueFrom: { fieldRef: { fieldPath } } });
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 'ipa', labels: { ...labels, 'endpoint-registrar/sidecar': 'enabled' } },
    spec: {
      serviceName: 'ipa',
      replicas,
      podManagementPolicy: 'OrderedReady',
      minReadySeconds: 5,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          setHostnameAsFQDN: true,
          terminationGracePeriodSeconds: preStopSeconds + 30,
          affinity: { podAntiAffinity: preferOtherNodes(labels) },
          initContainers: [
            {
              name: 'choose-role',
              image,
              command: ['bash', '-euc', 'echo "$ORDINAL" > /data/ordinal'],
              env: [fromField('ORDINAL', "metadata.labels['apps.kubernetes.io/pod-index']")],
              securityContext: { readOnlyRootFilesystem: true },
              volumeMounts: [mount],
            },
          ],
          containers: [
            {
              name: 'freeipa',
              image,
              command: ['bash', '-c', start],
              env: [
                fromField('NAMESPACE', 'metadata.namespace'),
                { name: 'PASSWORD', value: person.password },
                { name: 'KRB5_CONFIG', value: '/data/krb5.conf' },
                { name: 'KRB5_KDC_PROFILE', value: '/data/kdc-udp.conf' },
                { name: 'READINESS', value: readiness },
                { name: 'KRB5RCACHEDIR', value: '/data/tmp' },
              ],
              ports: [
                { containerPort: 389 },
                { containerPort: 88 },
                { containerPort: 88, protocol: 'UDP' },
                { containerPort: 464 },
                { containerPort: 464, protocol: 'UDP' },
              ],
              startupProbe: { ...startupProbe, failureThreshold: 180 },
              ...(readiness === 'started' ? {} : { readinessProbe }),
              lifecycle: { preStop: { sleep: { seconds: preStopSeconds } } },
              securityContext: { readOnlyRootFilesystem: true },
              volumeMounts: [mount, { name: 'shm', mountPath: '/dev/shm' }],
            },
          ],
          volumes: [
            { name: 'data', emptyDir: {} },
            { name: 'shm', emptyDir: { medium: 'Memory' } },
          ],
        },
      },
    },
  };
}

function preferOtherNodes(labels: Readonly<Record<string, string>>) {
  const podAffinityTerm = { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: labels } };
  return { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, podAffinityTerm }] };
}
