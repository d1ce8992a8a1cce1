/**
 * Bearer tokens and whom they stand for. A pod-bound token dies with its pod, up to `cacheMs` late: the real server
 * remembers a successful check for 10 s. Seen on Kubernetes 1.37.2: a pod that hangs in its deletion keeps its token
 * for 60 s after the deletionTimestamp.
 */
import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import type { Store } from '../storage/store.ts';

/** Who asks. `extra` carries the claims of a bound token. */
export type User = {
  readonly name: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
};

/** For whom a token is minted. */
export type TokenRequest = {
  readonly serviceAccount: string;
  /** `default` where absent. */
  readonly namespace?: string;
  /** The name of a pod that exists: the token is bound to it, by uid. */
  readonly pod?: string;
  /** How long it is good, an hour where absent. */
  readonly expiresInSeconds?: number;
};

/** Mints, checks and revokes tokens. */
export type Tokens = {
  readonly adminToken: string;
  /** Throws when the pod does not exist. */
  readonly mint: (request: TokenRequest) => string;
  /** The token is refused from now on, without the delay of the cache. */
  readonly revoke: (token: string) => void;
  /** Who sends this Authorization header; undefined: 401. */
  readonly authenticate: (authorization: string | undefined) => User | undefined;
};

const anonymous: User = { name: 'system:anonymous', groups: ['system:unauthenticated'], extra: {} };
const admin: User = { name: 'kubernetes-admin', groups: ['system:masters', 'system:authenticated'], extra: {} };

type Binding = { readonly namespace: string; readonly pod: string; readonly uid: string };
type Issued = { readonly user: User; readonly binding: Binding | undefined; readonly expiresAtMs: number };

const TERMINATING_GRACE_MS = 60_000;

/**
 * Builds the issuer of tokens.
 * @param options.cacheMs how long a successful check is remembered
 */
export function createTokens(store: Store, options: { readonly cacheMs: number }): Tokens {
  const key = randomBytes(32);
  const issued = new Map<string, Issued>();
  const checkedAtMs = new Map<string, number>();
  const adminToken = randomBytes(16).toString('hex');

  const isBound = ({ namespace, pod, uid }: Binding): boolean => {
    const found = store.get('pods', { namespace, name: pod });
    if (found === undefined || found.metadata.uid !== uid) return false;
    const { deletionTimestamp } = found.metadata;
    return deletionTimestamp === undefined || Date.parse(deletionTimestamp) + TERMINATING_GRACE_MS > Date.now();
  };

  const isGood = (token: string, { binding, expiresAtMs }: Issued): boolean => {
    const last = checkedAtMs.get(token);
    if (last !== undefined && performance.now() - last < options.cacheMs) return true;
    checkedAtMs.delete(token);
    if (Date.now() >= expiresAtMs || (binding !== undefined && !isBound(binding))) return false;
    checkedAtMs.set(token, performance.now());
    return true;
  };

  return {
    adminToken,
    mint: ({ serviceAccount, namespace = 'default', pod, expiresInSeconds = 3600 }) => {
      const found = pod === undefined ? undefined : store.get('pods', { namespace, name: pod });
      if (pod !== undefined && found === undefined) throw new Error(`mintToken: there is no pod ${namespace}/${pod}`);
      const binding =
        found === undefined ? undefined : { namespace, pod: found.metadata.name, uid: found.metadata.uid };
      const expiresAtMs = Date.now() + expiresInSeconds * 1000;
      const user = serviceAccountUser(namespace, serviceAccount, binding);
      const token = signed({ user, binding, expiresAtMs }, { namespace, serviceAccount, key });
      issued.set(token, { user, binding, expiresAtMs });
      return token;
    },
    revoke: (token) => {
      issued.delete(token);
      checkedAtMs.delete(token);
    },
    authenticate: (authorization) => {
      const token = /^bearer\s+(\S+)$/i.exec(authorization ?? '')?.[1];
      if (token === undefined) return anonymous;
      if (token === adminToken) return admin;
      const known = issued.get(token);
      return known !== undefined && isGood(token, known) ? known.user : undefined;
    },
  };
}

function serviceAccountUser(namespace: string, name: string, binding: Binding | undefined): User {
  const claims: Readonly<Record<string, readonly string[]>> =
    binding === undefined
      ? {}
      : {
          'authentication.kubernetes.io/pod-name': [binding.pod],
          'authentication.kubernetes.io/pod-uid': [binding.uid],
        };
  return {
    name: `system:serviceaccount:${namespace}:${name}`,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
    extra: { 'authentication.kubernetes.io/credential-id': [`JTI=${randomUUID()}`], ...claims },
  };
}

type Signing = { readonly namespace: string; readonly serviceAccount: string; readonly key: Buffer };

/** A token of the shape that clients may look into: a JWT with the claims of a bound token. */
function signed({ user, binding, expiresAtMs }: Issued, { namespace, serviceAccount, key }: Signing): string {
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const pod = binding === undefined ? {} : { pod: { name: binding.pod, uid: binding.uid } };
  const head = encode({ alg: 'HS256', typ: 'JWT' });
  const claims = encode({
    sub: user.name,
    exp: Math.floor(expiresAtMs / 1000),
    jti: randomUUID(),
    'kubernetes.io': { namespace, serviceaccount: { name: serviceAccount }, ...pod },
  });
  return `${head}.${claims}.${createHmac('sha256', key).update(`${head}.${claims}`).digest('base64url')}`;
}
