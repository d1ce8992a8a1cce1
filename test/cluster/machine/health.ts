/** Asks a component whether it is ready. */
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';

const answerLimitMs = 2_000;

/** One GET: `undefined` when the answer was 200, else what was seen instead. The certificate is not looked at: this asks for life, not identity. */
export function askHealth(url: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const options = { timeout: answerLimitMs, agent: false, rejectUnauthorized: false };
    const request = (url.startsWith('https:') ? httpsRequest : httpRequest)(url, options, (response) => {
      response.resume();
      response.once('end', () => resolve(response.statusCode === 200 ? undefined : `status ${response.statusCode}`));
      response.once('error', (error) => resolve(error.message));
    });
    request.once('timeout', () => request.destroy(new Error(`no answer in ${answerLimitMs} ms`)));
    request.once('error', (error) => resolve(error.message));
    request.end();
  });
}
