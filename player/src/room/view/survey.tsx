import { Annoyed, Frown, Laugh, Meh, Smile } from 'lucide-react';
import { useId, useState } from 'react';
import { call, Problem, textOf } from '../../api/client.ts';
import { Button } from '../../ui/button.tsx';
import type { FilePlace } from '../files/transfer.ts';

const ANSWERS = [
  { rating: 1, text: 'Bad', Icon: Frown },
  { rating: 2, text: 'Poor', Icon: Annoyed },
  { rating: 3, text: 'Fair', Icon: Meh },
  { rating: 4, text: 'Good', Icon: Smile },
  { rating: 5, text: 'Very good', Icon: Laugh },
] as const;

type State =
  | { name: 'asking'; failure?: string }
  | { name: 'sending'; rating: number }
  | { name: 'thanks' }
  | { name: 'skipped' };

/** One question, answered with one press, or not at all. */
export function Survey({ place }: { place: FilePlace }) {
  const [state, setState] = useState<State>({ name: 'asking' });
  const title = useId();
  const answer = async (rating: number) => {
    setState({ name: 'sending', rating });
    try {
      const path = `/api/meetings/${encodeURIComponent(place.meetingId)}/survey`;
      await call('POST', path, { token: place.token(), body: { rating } });
      setState({ name: 'thanks' });
    } catch (error) {
      // Answered before: on another attempt whose answer was lost.
      if (error instanceof Problem && error.code === 'conflict') setState({ name: 'thanks' });
      else setState({ name: 'asking', failure: textOf(error) });
    }
  };
  if (state.name === 'skipped') return null;
  if (state.name === 'thanks') {
    return (
      <p className="survey-thanks" role="status">
        Thank you.
      </p>
    );
  }
  return (
    <section className="survey" aria-labelledby={title}>
      <h2 id={title}>How was the sound and the picture?</h2>
      <div className="survey-answers">
        {ANSWERS.map(({ rating, text, Icon }) => (
          <button
            key={rating}
            type="button"
            className="survey-answer"
            disabled={state.name === 'sending'}
            data-chosen={(state.name === 'sending' && state.rating === rating) || undefined}
            onClick={() => answer(rating)}
          >
            <Icon size={26} strokeWidth={1.75} aria-hidden="true" />
            {text}
          </button>
        ))}
      </div>
      {state.name === 'asking' && state.failure !== undefined && (
        <p className="survey-failure" role="alert">
          {state.failure}
        </p>
      )}
      <Button size="small" look="plain" onPress={() => setState({ name: 'skipped' })}>
        Skip
      </Button>
    </section>
  );
}
