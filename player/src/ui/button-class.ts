import './button.css';

export type ButtonLook = 'outline' | 'primary' | 'danger' | 'danger-solid' | 'plain';
export type ButtonSize = 'small' | 'normal' | 'large';

/** The classes of what looks like a button: buttons, and links that lead on. */
export const buttonClass = (look: ButtonLook = 'outline', size: ButtonSize = 'normal'): string =>
  `btn btn-${look}${size === 'normal' ? '' : ` btn-${size}`}`;
