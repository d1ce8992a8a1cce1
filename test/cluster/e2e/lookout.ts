/**
 * What a client sees over time, written down in the client pod itself: the answers of the cluster's DNS, each change with its moment,
 * and how every server that is named there answers a login. So a gap shows that nobody was looking for when it came.
 */
import { until } from '../machine/until.ts';
import type { Client } from './client.ts';
import { person } from './workload.ts';

/** From this moment on a pair's SRV records named these servers: `['ipa-0', 'ipa-1']`; `silent` where the DNS did not answer. */
export interface Sighting {
  readonly atMs: number;
  readonly pair: string;
  readonly servers: readonly string[] | 'silent';
}

/** What a lookout saw in all. */
export interface Seen {
  readonly sightings: readonly Sighting[];
  readonly lookCount: number;
  /** The longest time between two looks at the same pair: a shorter gap would not have been seen. */
  readonly blindMs: number;
}

export interface Lookout {
  /** What was seen until now. */
  sightings(): Promise<readonly Sighting[]>;
  /** Resolves to the first sighting from `sinceMs` on, of this pair, that is as wanted. Throws WaitError at the limit. */
  awaitSighting(wait: SightingWait): Promise<Sighting>;
  stop(): Promise<Seen>;
}

export interface SightingWait {
  readonly pair: string;
  readonly sinceMs: number;
  readonly limitMs: number;
  readonly isWanted: (servers: readonly string[]) => boolean;
}

/** How a steady client fared. */
export interface Fared {
  readonly loginCount: number;
  /** One line each: when, what was tried, and how the client put it. */
  readonly failures: readonly string[];
  readonly slowestMs: number;
}

export interface SteadyClient {
  stop(): Promise<Fared>;
}

/** `each`: every server that DNS names, over both protocols, one by one. `any`: as clients do it, whichever is found. */
export type Logins = 'each' | 'any';

/** Ends a failure's line where the server's name has gone out of the DNS since it was asked for. */
export const nameIsGone = 'its name is gone';

const stopLimitMs = 60_000;

/** Starts looking at the pairs' SRV records, some ten times a second. */
export async function startLookout(client: Client, domain: string, pairs: readonly string[]): Promise<Lookout> {
  const id = await startInPod(
    client,
    `
declare -A last; declare -A lastAt; blind=0; count=0
while [ ! -e $id.stop ]; do
  for pair in ${pairs.join(' ')}; do
    at=$(( \${EPOCHREALTIME/./} / 1000 ))
    answer=$(dig +short +time=1 +tries=1 SRV $pair.${domain}. | sort)
    case "$answer" in *';;'*) answer=silent;; *) answer=\${answer//$'\\n'/,};; esac
    if (( at - \${lastAt[$pair]:-$at} > blind )); then blind=$(( at - \${lastAt[$pair]} )); fi
    lastAt[$pair]=$at; count=$((count + 1))
    if [ "\${last[$pair]-never}" != "$answer" ]; then last[$pair]=$answer; echo "$at $pair $answer" >> $id.log; fi
  done
  sleep 0.05
done
echo "$count $blind" > $id.end
`,
  );
  const sightings = async (): Promise<readonly Sighting[]> =>
    parseSightings(await client.bash(`cat ${id}.log || true`));
  await until('a first look at every pair', { limitMs: stopLimitMs }, async () => {
    const count = (await sightings()).length;
    return count >= pairs.length ? { kind: 'done', value: undefined } : { kind: 'waiting', seen: `${count} pairs` };
  });
  return {
    sightings,
    awaitSighting: ({ pair, sinceMs, limitMs, isWanted }) =>
      until(`the wanted SRV records of ${pair}`, { limitMs }, async () => {
        const seen = (await sightings()).filter((sighting) => sighting.pair === pair);
        const found = seen.find(({ atMs, servers }) => atMs >= sinceMs && servers !== 'silent' && isWanted(servers));
        return found === undefined
          ? { kind: 'waiting', seen: JSON.stringify(seen.at(-1)) }
          : { kind: 'done', value: found };
      }),
    async stop() {
      const [lookCount, blindMs] = (await stopInPod(client, id)).trim().split(' ').map(Number);
      return { sightings: await sightings(), lookCount: lookCount ?? 0, blindMs: blindMs ?? 0 };
    },
  };
}

/** Starts a client that logs in again and again, with a ticket cache of its own. */
export async function startSteadyClient(client: Client, domain: string, logins: Logins): Promise<SteadyClient> {
  const id = await startInPod(
    client,
    `${loginFunctions(domain)}
while [ ! -e $id.stop ]; do
  for protocol in udp tcp; do ${logins}; done
  sleep 0.2
done
echo "$count $slowest" > $id.end
`,
  );
  return {
    async stop() {
      const [loginCount, slowestMs] = (await stopInPod(client, id)).trim().split(' ').map(Number);
      const failures = (await client.bash(`cat ${id}.log || true`)).split('\n').filter(Boolean);
      return { loginCount: loginCount ?? 0, slowestMs: slowestMs ?? 0, failures };
    },
  };
}

/** A server that DNS names is asked by itself: `kdc =` with its name turns the lookup by SRV off for this one login. */
function loginFunctions(domain: string): string {
  return `
count=0; slowest=0; export KRB5CCNAME=FILE:$id.cc
login() {
  local from=\${EPOCHREALTIME/./} said took gone=
  if ! said=$(echo '${person.password}' | kinit ${person.name} 2>&1); then
    if [ $2 != any ] && [ -z "$(dig +short +time=2 +tries=2 A $2)" ]; then gone='${nameIsGone}'; fi
    echo "$(date +%T.%3N) $*: $said $gone" | tr '\\n' ' ' >> $id.log; echo >> $id.log
  fi
  took=$(( (\${EPOCHREALTIME/./} - from) / 1000 )); count=$((count + 1)); if (( took > slowest )); then slowest=$took; fi
}
any() { KRB5_CONFIG=/tmp/$protocol.conf login $protocol any; }
each() {
  local servers server
  servers=$(dig +short +time=2 +tries=2 SRV _kerberos._$protocol.${domain}. | cut -d' ' -f4)
  if [ -z "$servers" ]; then echo "$(date +%T.%3N) $protocol: no server in DNS" >> $id.log; fi
  for server in $servers; do
    { cat /tmp/$protocol.conf; printf '[realms]\\n%s = {\\n kdc = %s\\n}\\n' ${domain.toUpperCase()} "\${server%.}"; } > $id.conf
    KRB5_CONFIG=$id.conf login $protocol $server
  done
}`;
}

/** Starts a bash script in the pod that outlives this call; `$id` is the stem of its files there. */
async function startInPod(client: Client, script: string): Promise<string> {
  const id = `/tmp/watch-${crypto.randomUUID()}`;
  const started = `cat > ${id}.sh <<'END-OF-SCRIPT'\nid=${id}\n${script}\nEND-OF-SCRIPT\nsetsid bash ${id}.sh > ${id}.out 2>&1 < /dev/null &`;
  await client.bash(started);
  return id;
}

async function stopInPod(client: Client, id: string): Promise<string> {
  await client.bash(`touch ${id}.stop`);
  return until('the end of a script in the client', { limitMs: stopLimitMs }, async () => {
    const end = await client.bash(`cat ${id}.end 2> /dev/null || true`);
    return end === ''
      ? { kind: 'waiting', seen: await client.bash(`tail -3 ${id}.out`) }
      : { kind: 'done', value: end };
  });
}

function parseSightings(text: string): readonly Sighting[] {
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [at = '', pair = '', ...answer] = line.split(' ');
      const records = answer.join(' ');
      const names = records.split(',').map((record) => record.split(' ')[3]?.split('.')[0] ?? '');
      return { atMs: Number(at), pair, servers: records === 'silent' ? 'silent' : names.filter(Boolean).sort() };
    });
}
