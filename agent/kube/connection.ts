/**
 * What a connection to the API server needs, and what is wrong with it when it cannot be had: the words that those who
 * read credentials and those who dial have in common.
 */
import { readFile } from 'node:fs/promises';
import type { ConnectionOptions } from 'node:tls';

/** TLS options of a connection, as `node:tls` takes them. */
export type TlsOptions = Readonly<Pick<ConnectionOptions, 'ca' | 'cert' | 'key' | 'servername' | 'rejectUnauthorized'>>;

/** How to dial. The same object as before while nothing changed; another one asks for new connections. */
export type Transport = {
  /** `https://10.96.0.1:443`; a path in it is kept before that of each request. */
  readonly server: string;
  readonly tls: TlsOptions;
  readonly proxyUrl?: string;
};

/** What a request needs. The headers are secret: they reach no log and no error. */
export type Connection = { readonly transport: Transport; readonly headers: Readonly<Record<string, string>> };

/** Gives each request its connection. */
export type ConnectionSource = {
  /** The namespace that the credentials come with, if any. */
  readonly namespace: string | undefined;
  /** Rejects with CredentialsError only where the credentials were refused and cannot be read anew. */
  readonly current: () => Promise<Connection>;
  /** The API server answered 401: the next `current` reads everything anew. */
  readonly refused: () => void;
};

/** Credentials that cannot be used. Each fault names the place, the rule, the value seen and the remedy. */
export class CredentialsError extends Error {
  override readonly name = 'CredentialsError';
  readonly faults: readonly string[];

  constructor(faults: readonly string[], cause?: unknown) {
    super(faults.join('; '), { cause });
    this.faults = faults;
  }
}

/** Reads credentials once. After a refusal nothing that was kept from before may be used. */
export type LoadConnection = (how: { readonly afterRefusal: boolean }) => Promise<Connection>;

/** One place that credentials come from. */
export type Credentials = { readonly namespace: string | undefined; readonly load: LoadConnection };

/** Reads a file that must hold something; what is wrong is added to `faults`, and the text is empty then. */
export async function readText(
  path: string,
  options: { readonly faults: string[]; readonly rule: string; readonly remedy: string },
): Promise<string> {
  const { faults, rule, remedy } = options;
  try {
    const text = (await readFile(path, 'utf8')).trim();
    if (text === '') faults.push(`${path} is empty; ${rule}: ${remedy}`);
    return text;
  } catch (error) {
    faults.push(`${path} cannot be read (${errorCode(error)}); ${rule}: ${remedy}`);
    return '';
  }
}

/** `ENOENT` and the like; the message where there is no code. */
export function errorCode(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
}

/** The header that carries a bearer token (RFC 6750, 2.1). */
export function bearer(token: string): Readonly<Record<string, string>> {
  return { authorization: `Bearer ${token}` };
}
