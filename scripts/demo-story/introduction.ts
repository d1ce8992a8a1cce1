/** What is said before the first step: what it is about, the words, what is real and what is not. */
import { timeoutInForceMs } from '../../agent/plan/heartbeat.ts';
import { formatDuration, settings } from '../../agent/settings.ts';
import { INTERVAL_MS, REQUEST_TIMEOUT_MS } from './agents.ts';
import type { Screen } from './screen.ts';
import { DOMAIN, type World } from './world.ts';

const about =
  'Three servers, ipa-0, ipa-1 and ipa-2, serve Kerberos logins on port 88, over TCP and over UDP. Clients find them by asking DNS for two names: _kerberos._tcp and _kerberos._udp. Kubernetes has no way to announce both. You will see what goes wrong, and what a small program beside each server, the agent, does about it.';

const words = {
  pod: 'one running copy of a server with all that belongs to it; here ipa-0, ipa-1 and ipa-2',
  Service: "a name under which Kubernetes' DNS answers; here ipa, which is headless: DNS names its pods themselves",
  Endpoints: 'the list of addresses and ports behind a Service; the older form',
  EndpointSlice: 'a part of that list in the newer form; the only one that DNS reads',
  ConfigMap: 'settings that are kept in Kubernetes; here the ports to announce',
  agent: "this project's program; one runs beside each server, in the same pod",
  pair: 'a port name with a protocol, such as kerberos/UDP',
  heartbeat: 'the sign of life that each agent writes on the Endpoints object, which they call their register',
  SRV: 'the kind of DNS answer that names servers and their ports',
  NXDOMAIN: 'what DNS answers where there is no such name',
} as const;

/** Says it. */
export function introduce(screen: Screen, { api, dns }: World): void {
  screen.title('endpoint-registrar: the demo');
  screen.blank();
  screen.paragraph(about);
  screen.blank();
  screen.title('Words');
  for (const [word, meaning] of Object.entries(words)) screen.entry(word, meaning);
  screen.blank();
  screen.title('What is real here');
  screen.entry('agents', "three processes of agent/main.ts, each with its own pod's token and the rights of k8s/base");
  screen.entry(
    'DNS',
    `a server at ${dns.address} port ${dns.port}; each answer below is what it said to a query over UDP`,
  );
  screen.entry(
    'Kubernetes',
    `a small API server in memory, ${api.url}; it keeps pods as entries, and nothing runs in them`,
  );
  screen.entry('speed', speedText());
  screen.entry('names', `short: _kerberos._tcp stands for _kerberos._tcp.${DOMAIN}`);
  screen.blank();
}

/** The agent gives a request a part of its interval at least, whatever it was told: that is said too. */
function speedText(): string {
  const { intervalMs, requestTimeoutMs } = settings;
  const inForceMs = timeoutInForceMs(REQUEST_TIMEOUT_MS, INTERVAL_MS);
  const inForce =
    inForceMs > REQUEST_TIMEOUT_MS ? ` (${formatDuration(inForceMs)} in force, a part of the interval)` : '';
  return (
    `heartbeat interval ${formatDuration(INTERVAL_MS)}, request timeout ${formatDuration(REQUEST_TIMEOUT_MS)}${inForce}, ` +
    `to make the story short; the defaults are ${intervalMs.default} and ${requestTimeoutMs.default}`
  );
}
