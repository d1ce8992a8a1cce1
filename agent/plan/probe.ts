/**
 * What a probe of one pair asks, and how often: the Kubernetes probe schema (API reference, Probe v1), and what the
 * kubelet lacks. Only the shape; reading it from text is `declarations/`, asking is `probes/`.
 */

/** How often a probe asks, and how many answers in a row change its verdict. The defaults are the kubelet's. */
export type ProbeTiming = {
  /** @default 0 */
  readonly initialDelayMs: number;
  /** Time between the starts of two attempts. @default 10000 */
  readonly periodMs: number;
  /** How long one attempt may take. @default 1000 */
  readonly timeoutMs: number;
  /** Failures in a row that make a passing probe fail. @default 3 */
  readonly failureThreshold: number;
  /** Successes in a row that make a failing probe pass. @default 1 */
  readonly successThreshold: number;
};

/** One header of an `httpGet`. */
export type HttpHeader = { readonly name: string; readonly value: string };

/**
 * What one attempt asks. `port` is a number, or the name of a container port; absent: the pair's own target port.
 * `transport` is absent where it is the pair's own; an SCTP pair has to say it.
 */
export type ProbeAction =
  /** HTTP GET; 200 to 399 is health, redirects are not followed. Certificates are not verified, as by the kubelet. */
  | {
      readonly kind: 'httpGet';
      readonly scheme: 'HTTP' | 'HTTPS';
      readonly path: string;
      readonly headers: readonly HttpHeader[];
      readonly port?: number | string;
    }
  /** A TCP connection can be opened. */
  | { readonly kind: 'tcpSocket'; readonly port?: number | string }
  /** A datagram is answered: with anything, or with bytes that begin with `expect`. */
  | {
      readonly kind: 'udp';
      readonly send: Uint8Array;
      readonly expect?: Uint8Array;
      readonly port?: number | string;
    }
  /** An AS-REQ (RFC 4120) with a fresh nonce is answered, and not with 29 or 60. `realm` absent: the Service's own domain in capitals. */
  | {
      readonly kind: 'kerberos';
      readonly realm?: string;
      readonly transport?: 'TCP' | 'UDP';
      readonly port?: number | string;
    }
  /** A malformed change of password (RFC 3244) is answered; KRB-ERROR 60 is health here. */
  | { readonly kind: 'kpasswd'; readonly transport?: 'TCP' | 'UDP'; readonly port?: number | string }
  /** A search of the root DSE without bind (RFC 4511) is answered with success. */
  | { readonly kind: 'ldap'; readonly port?: number | string };

/** One probe. */
export type Probe = ProbeTiming & { readonly action: ProbeAction };

/** The timing of a probe that says nothing of it: that of the kubelet. */
export const defaultTiming: ProbeTiming = {
  initialDelayMs: 0,
  periodMs: 10_000,
  timeoutMs: 1000,
  failureThreshold: 3,
  successThreshold: 1,
};

/**
 * What the probes of one pair say together. `pending`: not every one of them has come to a verdict yet, and none fails:
 * what is announced stays, what is not waits. `reason` goes unchanged into /status and the log.
 */
export type ProbeVerdict = {
  readonly kind: 'passing' | 'failing' | 'pending';
  readonly reason: string;
};
