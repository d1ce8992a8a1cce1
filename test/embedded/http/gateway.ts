/** From Node's request to the router and back: bodies, credentials, the request log, and the faults on the way. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Tokens, User } from '../access/tokens.ts';
import { delayMs, type Fault, type Faults } from '../faults/faults.ts';
import type { Subject } from '../faults/matcher.ts';
import type { RequestLog } from '../faults/request-log.ts';
import { StatusError, unauthorized } from '../registry/status.ts';
import { type Call, parseCall } from './call.ts';
import { type Answer, JSON_TYPE, refused } from './exchange.ts';
import type { Gate } from './gate.ts';
import { type FinalAnswer, forwarded } from './proxy.ts';
import type { Router } from './router.ts';
import type { Watches } from './watches.ts';

/** What the gateway needs. */
export type GatewayDeps = {
  readonly router: Router;
  readonly tokens: Tokens;
  readonly faults: Faults;
  readonly log: RequestLog;
  readonly gate: Gate;
  readonly watches: Watches;
  readonly random: () => number;
};

const MAX_BODY_BYTES = 3 * 1024 * 1024;

/** Handles one request of Node's HTTP server. */
export async function handle(deps: GatewayDeps, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const call = parseCall(request.method ?? 'GET', request.url ?? '/');
  const body = await readBody(request);
  const { headers } = request;
  const user = deps.tokens.authenticate(headers.authorization);
  const subject = subjectOf(call, user);
  const contentType = headers['content-type'] ?? '';
  const record = deps.log.begin({
    ...subject,
    method: call.method,
    path: call.path,
    query: call.query.toString(),
    patchType: call.method === 'PATCH' ? contentType : '',
    body: body ?? '',
    userAgent: headers['user-agent'] ?? '',
  });
  await deps.gate.passed();
  const faults = deps.faults.strike(subject);
  await pause(deps, faults, 'before');
  if (interrupted(faults, 'before', response, record.end)) return;
  const warnings: string[] = [];
  const routed = answerTo(deps, { call, body, user, faults, request, warnings });
  const answer = routed.kind === 'forward' ? await forwarded(routed.forward) : routed;
  await pause(deps, faults, 'after');
  if (interrupted(faults, 'after', response, record.end)) return;
  await deps.gate.passed();
  send(deps, { answer: spoiled(answer, faults), subject, warnings, response, end: record.end });
}

function subjectOf(call: Call, user: User | undefined): Subject {
  const { verb, resource, subresource, namespace, name } = call;
  return { verb, resource, subresource, namespace, name, user: user?.name ?? '' };
}

/** The whole body; undefined when it is too large. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    const part: Buffer = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
    bytes += part.length;
    if (bytes <= MAX_BODY_BYTES) chunks.push(part);
  }
  return bytes > MAX_BODY_BYTES ? undefined : Buffer.concat(chunks).toString();
}

async function pause(deps: GatewayDeps, faults: readonly Fault[], when: 'before' | 'after'): Promise<void> {
  const ms = delayMs(faults, when, deps.random);
  if (ms > 0) await sleep(ms, undefined, { ref: false });
}

type End = (status: number | 'cut' | 'hung') => void;

/** Cuts the connection or leaves it hanging where a fault says so. */
function interrupted(faults: readonly Fault[], when: 'before' | 'after', response: ServerResponse, end: End): boolean {
  if (faults.some((fault) => fault.kind === 'hang' && fault.when === when)) {
    end('hung');
    return true;
  }
  if (faults.some((fault) => fault.kind === 'cut' && fault.when === when)) {
    response.destroy();
    end('cut');
    return true;
  }
  return false;
}

type Received = {
  readonly call: Call;
  readonly body: string | undefined;
  readonly user: User | undefined;
  readonly faults: readonly Fault[];
  readonly request: IncomingMessage;
  readonly warnings: string[];
};

function answerTo(deps: GatewayDeps, { call, body, user, faults, request, warnings }: Received): Answer {
  const failure = faults.find((fault) => fault.kind === 'error');
  if (failure !== undefined) return injected(failure);
  if (user === undefined) return refused(unauthorized());
  if (body === undefined) return refused(tooLarge());
  const stale = faults.find((fault) => fault.kind === 'stale');
  return deps.router.answer({
    call,
    user,
    body,
    headers: {
      accept: request.headers.accept,
      contentType: request.headers['content-type'] ?? '',
      userAgent: request.headers['user-agent'] ?? '',
    },
    staleVersions: stale?.versions ?? 0,
    warn: (text) => warnings.push(text),
  });
}

function tooLarge(): StatusError {
  const message = `Request entity too large: limit is ${MAX_BODY_BYTES}`;
  return new StatusError(message, { code: 413, reason: 'RequestEntityTooLarge' });
}

const reasons: Readonly<Record<number, string>> = {
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  409: 'Conflict',
  410: 'Gone',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

function injected(fault: Extract<Fault, { readonly kind: 'error' }>): Answer {
  const { code, details, retryAfterSeconds } = fault;
  const reason = fault.reason ?? reasons[code];
  return refused(
    new StatusError(fault.message ?? `injected fault: ${code}`, {
      code,
      ...(reason === undefined ? {} : { reason }),
      ...(details === undefined ? {} : { details }),
      ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    }),
  );
}

function spoiled(answer: FinalAnswer, faults: readonly Fault[]): FinalAnswer {
  const garbage = faults.find((fault) => fault.kind === 'garbage');
  if (garbage === undefined) return answer;
  return { kind: 'text', status: 200, contentType: garbage.contentType ?? JSON_TYPE, text: garbage.text };
}

type Sending = {
  readonly answer: FinalAnswer;
  readonly subject: Subject;
  readonly warnings: readonly string[];
  readonly response: ServerResponse;
  readonly end: End;
};

function send(deps: GatewayDeps, { answer, subject, warnings, response, end }: Sending): void {
  if (response.destroyed) {
    end('cut');
    return;
  }
  response.setHeader('audit-id', randomUUID());
  response.setHeader('cache-control', 'no-cache, private');
  if (warnings.length > 0) {
    const values = warnings.map((text) => `299 - "${text.replaceAll('"', '\\"')}"`);
    response.setHeader('warning', values);
  }
  if (answer.kind === 'watch') {
    response.writeHead(200, { 'content-type': JSON_TYPE });
    response.flushHeaders();
    const stop = deps.watches.start(answer.watch, subject, {
      write: (line) => response.write(line),
      end: () => response.end(),
      destroy: () => response.destroy(),
    });
    response.once('close', stop);
    end(200);
    return;
  }
  if (answer.retryAfterSeconds !== undefined) response.setHeader('retry-after', String(answer.retryAfterSeconds));
  response.writeHead(answer.status, {
    'content-type': answer.contentType,
    'content-length': Buffer.byteLength(answer.text),
  });
  response.end(answer.text);
  end(answer.status);
}
