import { useId } from 'react';
import { copyText } from '../ui/clipboard.ts';
import { useCopied } from '../ui/use-copied.ts';

/** Something to read or to copy. */
export function Code({ title, text }: { title: string; text: string }) {
  const id = useId();
  const [copied, setCopied] = useCopied();
  return (
    <figure className="code" aria-labelledby={id}>
      <figcaption className="code-head">
        <span id={id}>{title}</span>
        <button type="button" className="code-copy" onClick={() => copyText(text).then(setCopied)}>
          <span aria-live="polite">{copied ? 'Copied' : 'Copy'}</span>
          <span className="visually-hidden"> {title}</span>
        </button>
      </figcaption>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also from the keyboard */}
      <pre tabIndex={0}>{text}</pre>
    </figure>
  );
}
