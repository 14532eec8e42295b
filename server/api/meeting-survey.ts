import { z } from 'zod';
import { meetingIdSchema, successSchema, surveyAnswerSchema } from '#contracts';
import type { MeetingService, Survey } from '#meeting';
import { bearerOf } from '#platform';
import { type Route, route } from './route.ts';

/** The one question for who has left. */
export function meetingSurveyRoutes(deps: { service: MeetingService; survey: Survey }): Route[] {
  const { service, survey } = deps;
  return [
    route({
      method: 'post',
      path: '/api/meetings/{meetingId}/survey',
      summary: 'How it was, by who was in the meeting (participant’s token), once',
      tag: 'Meetings',
      access: 'public',
      params: z.object({ meetingId: meetingIdSchema }),
      body: surveyAnswerSchema,
      answers: { status: 200, schema: successSchema, description: 'It is kept' },
      handle: async ({ params, body, req }) => {
        const { meetingId } = params;
        const bearer = bearerOf(req.headers.authorization);
        const { participantId } = await service.participant(meetingId, bearer);
        await survey.answer(meetingId, participantId, body.rating);
        return { success: true };
      },
    }),
  ];
}
