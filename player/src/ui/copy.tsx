import { Check, Copy, Eye, EyeOff } from 'lucide-react';
import { useId, useState } from 'react';
import { announce } from './announce.ts';
import { Button, IconButton } from './button.tsx';
import type { ButtonLook } from './button-class.ts';
import { copyText } from './clipboard.ts';
import { useCopied } from './use-copied.ts';
import './field.css';

const MASK = '•'.repeat(20);

/** Copies when pressed and says so, to the eye and to a screen reader. */
function useCopy(what: string, text: string | (() => Promise<string>)) {
  const [copied, setCopied] = useCopied();
  const copy = async () => {
    const value = typeof text === 'string' ? Promise.resolve(text) : text();
    const done = await value.then(copyText, () => false);
    setCopied(done);
    announce(done ? `${what} copied` : `${what} could not be copied; select it by hand`);
  };
  return { copied, copy };
}

export function CopyButton({
  what,
  text,
  children,
  look = 'outline',
  size = 'normal',
}: {
  /** What is copied, for the one who hears it: “Watch link”. */
  what: string;
  /** Or what makes it, when it is made for the one who asks. */
  text: string | (() => Promise<string>);
  children: string;
  look?: ButtonLook;
  size?: 'small' | 'normal';
}) {
  const { copied, copy } = useCopy(what, text);
  const Icon = copied ? Check : Copy;
  return (
    <Button look={look} size={size} icon={<Icon size={16} aria-hidden="true" />} onPress={copy}>
      {copied ? 'Copied' : children}
    </Button>
  );
}

/** A value to be pasted elsewhere. A secret one is covered until asked for. */
export function CopyField({
  label,
  value,
  secret = false,
  covered,
  wrap = false,
}: {
  label: string;
  value: string;
  secret?: boolean;
  /** Only this part of the value is secret. */
  covered?: string | undefined;
  wrap?: boolean;
}) {
  const id = useId();
  const { copied, copy } = useCopy(label, value);
  const [shown, setShown] = useState(false);
  const hidden = secret ? value : covered;
  const Icon = copied ? Check : Copy;
  const Reveal = shown ? EyeOff : Eye;
  const shared = {
    className: `copy-value${wrap ? ' copy-value-wrap' : ''}`,
    'aria-labelledby': id,
    readOnly: true,
    spellCheck: false,
    value: shown || hidden === undefined ? value : value.replaceAll(hidden, MASK),
  };
  return (
    <div className="copy">
      <span className="field-label" id={id}>
        {label}
      </span>
      <div className="copy-line">
        {wrap ? (
          <textarea {...shared} rows={Math.max(2, Math.ceil(value.length / 60))} />
        ) : (
          <input {...shared} type="text" onFocus={(event) => event.currentTarget.select()} />
        )}
        <div className="copy-buttons">
          {hidden !== undefined && (
            <IconButton
              label={shown ? `Hide ${label}` : `Show ${label}`}
              icon={<Reveal size={16} aria-hidden="true" />}
              onPress={() => setShown(!shown)}
            />
          )}
          <IconButton
            label={copied ? 'Copied' : `Copy ${label}`}
            icon={<Icon size={16} aria-hidden="true" />}
            onPress={copy}
          />
        </div>
      </div>
    </div>
  );
}
