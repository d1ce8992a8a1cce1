/**
 * What a name inside a zone asks for, by the grammar of CoreDNS 1.15's `kubernetes` plugin (plugin/kubernetes/parse.go,
 * Kubernetes DNS-Based Service Discovery 1.1.0). Pure text; which of it exists is `backend.ts`.
 * Names carry no trailing dot; the root is `.`.
 */

/** A parsed name. Parts that were not asked for are `''`, which matches anything. */
export type NameRequest =
  /** The zone itself, `svc` or `pod` under it: such a name exists and holds nothing. */
  | { readonly kind: 'empty' }
  /** No name that the plugin can hold: NXDOMAIN. */
  | { readonly kind: 'invalid' }
  | {
      readonly kind: 'svc' | 'pod';
      readonly namespace: string;
      /** The Service's name, under `pod` the dashed IP; `''` asks for the namespace itself. */
      readonly service: string;
      /** The one label before the Service: a hostname or a dashed IP. */
      readonly endpoint: string;
      /** Of the two labels before the Service the first, without one leading underscore: `kerberos`. */
      readonly port: string;
      /** Of the two labels before the Service the second, without one leading underscore: `udp`. */
      readonly protocol: string;
    };

/** A parsed name that asks for a Service, a Service's endpoint or port, a pod's IP, or a namespace. */
export type SvcRequest = Extract<NameRequest, { readonly kind: 'svc' | 'pod' }>;

/** Says whether two DNS names are the same one: ASCII case does not count (RFC 4343). */
export function sameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

/** Says whether `name` is `zone` or lies under it. */
export function isUnder(name: string, zone: string): boolean {
  return sameName(name, zone) || name.toLowerCase().endsWith(`.${zone.toLowerCase()}`);
}

/**
 * Finds the longest of `zones` that holds `name`, spelled as `name` spells it: CoreDNS answers in the case it was asked in.
 * Undefined where none does.
 */
export function zoneOf(name: string, zones: readonly string[]): string | undefined {
  const best = zones.filter((zone) => isUnder(name, zone)).sort((a, b) => b.length - a.length)[0];
  return best === undefined ? undefined : name.slice(name.length - best.length);
}

/**
 * Reads what `name`, which lies in `zone`, asks for. Two labels before a Service are port and protocol even without
 * underscores; three or more are more than the plugin knows.
 */
export function parseName(name: string, zone: string): NameRequest {
  const base = name.toLowerCase().slice(0, -zone.length - 1);
  if (base === '' || base === 'svc' || base === 'pod') return { kind: 'empty' };
  const labels = base.split('.').reverse();
  const [kind = '', namespace = '', service = '', nearest = '', farthest = ''] = labels;
  if (kind !== 'svc' && kind !== 'pod') return { kind: 'invalid' };
  const request: SvcRequest = { kind, namespace, service, endpoint: '', port: '', protocol: '' };
  switch (labels.length) {
    case 2:
    case 3:
      return request;
    case 4:
      return { ...request, endpoint: nearest };
    case 5:
      return { ...request, port: stripUnderscore(farthest), protocol: stripUnderscore(nearest) };
    default:
      return { kind: 'invalid' };
  }
}

function stripUnderscore(label: string): string {
  return label.startsWith('_') ? label.slice(1) : label;
}
