/** The parity cases in the embedded world. */
import { startDnsServer } from '../embedded/dns/server.ts';
import { startApiServer } from '../embedded/server.ts';
import { runParity } from './run.ts';

/** The real server remembers a token for up to 10 s: here it is long enough to be seen, and no longer. */
const TOKEN_CACHE_MS = 500;

const server = await startApiServer({ tokenCacheMs: TOKEN_CACHE_MS });
const dns = await startDnsServer({ source: server.dnsSource });

runParity({
  name: 'embedded',
  url: server.url,
  admin: { token: server.adminToken, tls: {} },
  tls: {},
  dns: { address: dns.address, port: dns.port },
  nodeName: 'node-1',
  close: async () => {
    await dns.close();
    await server.close();
  },
});
