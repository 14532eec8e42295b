import type { IncomingHttpHeaders } from 'node:http';
import { AmphiError, isErrorCode } from '#base';
import {
  ACCESS_HEADER,
  ACCESS_TOKEN,
  POSITION_HEADER,
  type ResourceHead,
} from '../http/resource.ts';
import type { UpstreamAnswer } from './upstream.ts';

/** Reading what a parent answers. */

const MAX_PROBLEM_BYTES = 4_096;

export function headOf(headers: IncomingHttpHeaders): ResourceHead {
  const position = Number(headers[POSITION_HEADER] ?? Number.NaN);
  return {
    contentType: headers['content-type'] ?? 'application/octet-stream',
    cacheControl: headers['cache-control'] ?? 'no-cache',
    etag: headers.etag ?? '""',
    ranges: headers['accept-ranges'] === 'bytes',
    restricted: headers[ACCESS_HEADER] === ACCESS_TOKEN,
    position: Number.isSafeInteger(position) ? position : undefined,
  };
}

/** How long the answer has been under way, in milliseconds. */
export const ageMsOf = (headers: IncomingHttpHeaders): number =>
  Math.max(0, Number(headers.age ?? 0) || 0) * 1000;

/** The error that a refusal stands for. */
export async function problemOfAnswer(answer: UpstreamAnswer): Promise<AmphiError> {
  const fallback = answer.status === 404 ? 'not_found' : 'upstream_failed';
  try {
    let text = '';
    for await (const chunk of answer.body) {
      text += String(chunk);
      if (text.length > MAX_PROBLEM_BYTES) break;
    }
    const { code, detail } = JSON.parse(text) as { code?: unknown; detail?: unknown };
    return new AmphiError(
      isErrorCode(code) ? code : fallback,
      typeof detail === 'string' ? detail : {},
    );
  } catch {
    return new AmphiError(fallback);
  }
}
