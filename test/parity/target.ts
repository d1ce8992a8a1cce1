/** How a world is reached: all that differs between the embedded API server and a real cluster. */
import type { TlsOptions } from '../embedded/client.ts';

/** The two worlds. */
export type WorldName = 'embedded' | 'real';

/** An API server with its controllers, and the cluster DNS beside it. */
export type Target = {
  readonly name: WorldName;
  readonly url: string;
  /** An administrator: a token (empty: none is sent), or the client certificate in `tls`. */
  readonly admin: { readonly token: string; readonly tls: TlsOptions };
  /** The authority to trust, for everybody else. */
  readonly tls: TlsOptions;
  readonly dns: { readonly address: string; readonly port: number };
  /** The Node that pods are bound to; no kubelet stands behind it. */
  readonly nodeName: string;
  readonly close: () => Promise<void>;
};
