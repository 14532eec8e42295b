import { AmphiError } from '#base';

/** The offer is well-formed, and nothing in it can be agreed on. */
export const notAcceptable = (detail: string): AmphiError =>
  new AmphiError('not_acceptable', { detail });
