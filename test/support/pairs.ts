/** Pairs as FreeIPA serves them. */
import type { Pair } from '../../agent/plan/pairs.ts';

export const ldapTcp: Pair = { name: 'ldap', protocol: 'TCP', port: 389 };
export const kerberosTcp: Pair = { name: 'kerberos', protocol: 'TCP', port: 88 };
export const kerberosUdp: Pair = { name: 'kerberos', protocol: 'UDP', port: 88 };
export const kpasswdTcp: Pair = { name: 'kpasswd', protocol: 'TCP', port: 464 };
export const kpasswdUdp: Pair = { name: 'kpasswd', protocol: 'UDP', port: 464 };

/** All of them. */
export const freeIpaPairs: readonly Pair[] = [ldapTcp, kerberosTcp, kerberosUdp, kpasswdTcp, kpasswdUdp];
