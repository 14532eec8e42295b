import { type ReactNode, useEffect, useRef } from 'react';
import {
  Button as AriaButton,
  type ButtonProps as AriaButtonProps,
  Tooltip,
  TooltipTrigger,
} from 'react-aria-components';
import { announce } from './announce.ts';
import { type ButtonLook, type ButtonSize, buttonClass } from './button-class.ts';

export interface ButtonProps
  extends Omit<AriaButtonProps, 'className' | 'children' | 'style' | 'aria-disabled'> {
  look?: ButtonLook;
  size?: ButtonSize;
  icon?: ReactNode;
  children: ReactNode;
}

/** What takes longer than this is said to take a while. */
const SAY_PENDING_MS = 600;

export function Button({
  look = 'outline',
  size = 'normal',
  icon,
  children,
  isPending = false,
  onPress,
  type = 'button',
  ...rest
}: ButtonProps) {
  const ref = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (!isPending) return;
    const timer = setTimeout(
      () => announce(`${ref.current?.textContent ?? ''}: please wait`),
      SAY_PENDING_MS,
    );
    return () => clearTimeout(timer);
  }, [isPending]);
  // The library's own pending state reads out the button by reference, which is gone when a
  // dialog closes with it. Pending is not disabled: the focus would be lost.
  const pressing = isPending || onPress === undefined ? {} : { onPress };
  return (
    <AriaButton
      {...rest}
      {...pressing}
      ref={ref}
      type={isPending ? 'button' : type}
      aria-disabled={isPending}
      className={buttonClass(look, size)}
    >
      {isPending ? <span className="btn-busy-dot" aria-hidden="true" /> : icon}
      {children}
    </AriaButton>
  );
}

export interface IconButtonProps extends Omit<ButtonProps, 'children' | 'icon'> {
  label: string;
  icon: ReactNode;
}

/** A button that shows an icon only: its label is its name, and a tooltip. */
export function IconButton({
  look = 'plain',
  size = 'normal',
  icon,
  label,
  ...rest
}: IconButtonProps) {
  return (
    <TooltipTrigger delay={400}>
      <AriaButton {...rest} aria-label={label} className={`${buttonClass(look, size)} btn-icon`}>
        {icon}
      </AriaButton>
      <Tooltip className="tooltip" offset={6}>
        {label}
      </Tooltip>
    </TooltipTrigger>
  );
}
