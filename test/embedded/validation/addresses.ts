/** The rules for IP addresses in Endpoints and EndpointSlices, with the server's sentences. Seen on Kubernetes 1.37.2. */
import { isIPv4, isIPv6 } from 'node:net';
import { type FieldFault, invalid } from './faults.ts';

const leadingZeros = /^\d{1,3}(\.\d{1,3}){3}$/;

/** Whether the text is an IPv4 address; leading zeros are tolerated here and refused by their own rule. */
export function isAnyIPv4(text: string): boolean {
  return isIPv4(text) || (leadingZeros.test(text) && text.split('.').every((part) => Number(part) <= 255));
}

/** The faults of an address's spelling. */
export function addressFaults(field: string, text: string): readonly FieldFault[] {
  if (!isAnyIPv4(text) && !isIPv6(text)) {
    return [invalid(field, text, 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)')];
  }
  if (isAnyIPv4(text) && !isIPv4(text)) return [invalid(field, text, 'must not have leading 0s')];
  if (isIPv6(text) && mappedIPv4(text)) return [invalid(field, text, 'must not be an IPv4-mapped IPv6 address')];
  return [];
}

/** The canonical spelling of an IPv6 address (RFC 5952). */
export function canonicalIPv6(text: string): string {
  return new URL(`http://[${text}]/`).hostname.slice(1, -1);
}

const mappedIPv4 = (text: string): boolean => canonicalIPv6(text).startsWith('::ffff:');

/** The faults of an address that nobody could be reached at: unspecified, loopback, link-local. */
export function reachFaults(field: string, text: string): readonly FieldFault[] {
  if (!isAnyIPv4(text) && !isIPv6(text)) return [invalid(field, text, 'must be a valid IP address')];
  const reason = unreachable(text);
  return reason === undefined ? [] : [invalid(field, text, reason)];
}

function unreachable(text: string): string | undefined {
  if (isIPv6(text)) {
    const ip = canonicalIPv6(text);
    if (ip === '::') return `may not be unspecified (${text})`;
    if (ip === '::1') return 'may not be in the loopback range (127.0.0.0/8, ::1/128)';
    if (/^fe[89ab][0-9a-f]:/.test(ip)) return 'may not be in the link-local range (169.254.0.0/16, fe80::/10)';
    if (/^ff.2:/.test(ip)) return 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)';
    return undefined;
  }
  const [a, b, c, d] = text.split('.').map(Number);
  if (a === 0 && b === 0 && c === 0 && d === 0) return `may not be unspecified (${text})`;
  if (a === 127) return 'may not be in the loopback range (127.0.0.0/8, ::1/128)';
  if (a === 169 && b === 254) return 'may not be in the link-local range (169.254.0.0/16, fe80::/10)';
  if (a === 224 && b === 0 && c === 0) return 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)';
  return undefined;
}
