/**
 * Records as people read them, in the words of `dig`: for the demo's story and for tests that compare answers.
 */
import type { Answer } from 'dns-packet';

/** A record's type and data, e.g. `SRV 0 50 88 ipa-0.ipa.default.svc.cluster.local` or `A 10.0.0.7`. */
export function recordText(record: Answer): string {
  switch (record.type) {
    case 'A':
    case 'AAAA':
    case 'CNAME':
    case 'NS':
    case 'PTR':
      return `${record.type} ${record.data}`;
    case 'SRV': {
      const { priority = 0, weight = 0, port, target } = record.data;
      return `SRV ${priority} ${weight} ${port} ${target}`;
    }
    case 'TXT':
      return `TXT ${[record.data].flat().join('')}`;
    case 'SOA': {
      const { mname, rname, serial, refresh, retry, expire, minimum } = record.data;
      return `SOA ${mname} ${rname} ${serial} ${refresh} ${retry} ${expire} ${minimum}`;
    }
    default:
      return record.type;
  }
}
