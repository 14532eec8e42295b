import type { Request, Response } from 'express';
import { z } from 'zod';
import { eventIdSchema } from '#contracts';

/** The path of one event. */
export const eventParams = z.object({ eventId: eventIdSchema });

/** Who may call. */
export type Access =
  /** Anybody. */
  | 'public'
  /** The admin token, or a session made with it. */
  | 'admin'
  /** A signed-in account. */
  | 'user'
  /** A signed-in account, or the admin. */
  | 'account'
  /** Other nodes of the cluster. */
  | 'node';

type Infer<T> = T extends z.ZodType ? z.output<T> : undefined;

export interface Call<Params, Query, Body> {
  params: Params;
  query: Query;
  body: Body;
  req: Request;
  res: Response;
}

/**
 * One call of the API, described once: Express is wired from it, and the
 * OpenAPI document is generated from it, so the two cannot disagree.
 */
export interface Route {
  method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** In OpenAPI form, e.g. `/api/events/{eventId}`. */
  path: string;
  summary: string;
  tag: string;
  access: Access;
  params?: z.ZodObject;
  query?: z.ZodObject;
  body?: z.ZodType;
  /** Media type of a body that is not JSON: the handler reads it itself. */
  bodyType?: string;
  /** The answer's status and shape; undefined for an answer without a body. */
  answers: {
    status: number;
    schema?: z.ZodType;
    /** Media type when it is not JSON: the handler writes the answer itself. */
    type?: string;
    description: string;
  };
  handle: (call: Call<never, never, never>) => Promise<unknown>;
}

/** Describes a route with its types inferred from its schemas. */
export function route<
  Params extends z.ZodObject | undefined = undefined,
  Query extends z.ZodObject | undefined = undefined,
  Body extends z.ZodType | undefined = undefined,
>(description: {
  method: Route['method'];
  path: string;
  summary: string;
  tag: string;
  access: Access;
  params?: Params;
  query?: Query;
  body?: Body;
  bodyType?: string;
  answers: Route['answers'];
  handle: (call: Call<Infer<Params>, Infer<Query>, Infer<Body>>) => Promise<unknown>;
}): Route {
  return description as unknown as Route;
}
