/** Checks of the cluster itself: its version, the API that DNS reads, and which DNS it runs. */
import { type Facts, seenOr } from '../facts.ts';
import { type Outcome, under } from '../result.ts';

const say = under('Cluster');

/** Native sidecars are there by default since that minor version (KEP-753). */
const SIDECARS_SINCE = 29;

/** Whether a native sidecar can run. */
export function checkVersion({ version }: Facts): readonly Outcome[] {
  if (version.kind !== 'seen') return [say.skipped(`Kubernetes' version: ${version.why}`)];
  const { text, major, minor } = version.value;
  if (major > 1 || minor >= SIDECARS_SINCE) return [say.ok(`Kubernetes ${text}: native sidecars can be used`)];
  return [
    say.warning(
      `Kubernetes ${text}: an init container with restartPolicy Always, a native sidecar, needs 1.${SIDECARS_SINCE}`,
      'Run the agent as a plain container: an init container that does not end would hold its pod back for ever.',
    ),
  ];
}

/** Whether EndpointSlices are served. */
export function checkSliceApi({ groups }: Facts): readonly Outcome[] {
  if (groups.kind !== 'seen') return [say.skipped(`API groups: ${groups.why}`)];
  if (groups.value.includes('discovery.k8s.io')) return [say.ok('EndpointSlices (discovery.k8s.io/v1) are served')];
  return [
    say.failure(
      'the API group discovery.k8s.io is not served: there are no EndpointSlices, which is what DNS reads',
      'Use Kubernetes 1.21 or newer.',
    ),
  ];
}

/** From that version on CoreDNS reads EndpointSlices and nothing else. */
const COREDNS_MINOR = 11;

/** Which DNS serves the cluster, by the images of its Deployment: kube-dns reads Endpoints and no slices. */
export function checkDnsImage({ dnsDeployments }: Facts): readonly Outcome[] {
  if (dnsDeployments.kind !== 'seen') return [say.skipped(`the DNS of kube-system: ${dnsDeployments.why}`)];
  const images = seenOr(dnsDeployments, []).flatMap(
    ({ spec }) => spec?.template.spec?.containers.map(({ image }) => image ?? '') ?? [],
  );
  const kubeDns = images.find((image) => image.includes('k8s-dns-kube-dns'));
  if (kubeDns !== undefined) {
    return [
      say.warning(
        `DNS is kube-dns (${kubeDns}), which reads Endpoints and no EndpointSlices: it answers pairs of a Service without a selector alone`,
        'Take the selector out of the Service, so that the agents register in full, or use CoreDNS.',
      ),
    ];
  }
  return images.flatMap((image) => {
    const [, minor] = /coredns[^:]*:v?1\.(\d+)\./.exec(image) ?? [];
    if (minor === undefined) return [];
    if (Number(minor) >= COREDNS_MINOR) return [say.ok(`DNS is CoreDNS (${image}), which reads EndpointSlices`)];
    return [
      say.warning(
        `DNS is CoreDNS (${image}): only 1.${COREDNS_MINOR} and newer is known to read EndpointSlices and nothing else`,
        'Compare what DNS answers (--dns-server) with the EndpointSlices, or upgrade CoreDNS.',
      ),
    ];
  });
}
