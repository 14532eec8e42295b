import type { IncomingMessage, ServerResponse } from 'node:http';
import { isAmphiError } from '#base';
import { sendProblem } from '#platform';

const RETRY_AFTER_SECONDS = 1;
/** Another try may do better soon. */
const PASSING = ['unavailable', 'too_many', 'timeout'] as const;

/** Answers with what a handler of WHIP or WHEP throws, and the header fields that belong to it. */
export const refusing =
  (
    handler: (req: IncomingMessage, res: ServerResponse) => Promise<void>,
    methods: string,
  ): ((req: IncomingMessage, res: ServerResponse) => Promise<void>) =>
  async (req, res) => {
    try {
      await handler(req, res);
    } catch (error) {
      if (!res.headersSent) explain(res, error, methods);
      sendProblem(res, error);
    }
  };

function explain(res: ServerResponse, error: unknown, methods: string): void {
  if (isAmphiError(error, 'unauthorized')) res.setHeader('www-authenticate', 'Bearer');
  if (PASSING.some((code) => isAmphiError(error, code))) {
    res.setHeader('retry-after', RETRY_AFTER_SECONDS);
  }
  if (isAmphiError(error, 'method_not_allowed')) res.setHeader('allow', methods);
}
