/** One request and its answer, freed of Node's streams. */
import type { User } from '../access/tokens.ts';
import type { JsonObject } from '../objects/json.ts';
import { type StatusError, statusBody } from '../registry/status.ts';
import type { Call } from './call.ts';
import type { Forward } from './proxy.ts';
import type { WatchRequest } from './watch.ts';

/** A request that passed authentication. */
export type Exchange = {
  readonly call: Call;
  readonly user: User;
  readonly headers: { readonly accept: string | undefined; readonly contentType: string; readonly userAgent: string };
  readonly body: string;
  /** How many changes ago the state is that a get or list answers (a fault). */
  readonly staleVersions: number;
  /** Takes the text of a warning that the answer carries. */
  readonly warn: (text: string) => void;
};

/** What is answered: a text, a watch that goes on, or what somebody else says. */
export type Answer =
  | {
      readonly kind: 'text';
      readonly status: number;
      readonly contentType: string;
      readonly text: string;
      readonly retryAfterSeconds?: number | undefined;
    }
  | { readonly kind: 'watch'; readonly watch: WatchRequest }
  /** What a pod answers through `pods/proxy`. */
  | { readonly kind: 'forward'; readonly forward: Forward };

export const JSON_TYPE = 'application/json';

/** An answer in JSON. */
export function json(status: number, text: string): Answer {
  return { kind: 'text', status, contentType: JSON_TYPE, text };
}

/** The answer to a refused request. */
export function refused(error: StatusError): Extract<Answer, { readonly kind: 'text' }> {
  return {
    kind: 'text',
    status: error.code,
    contentType: JSON_TYPE,
    text: JSON.stringify(statusBody(error)),
    retryAfterSeconds: error.retryAfterSeconds,
  };
}

/** A Status that tells of success, e.g. of a deletion. */
export function success(details: JsonObject): JsonObject {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details };
}
