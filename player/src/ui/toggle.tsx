import { Switch } from 'react-aria-components';
import './toggle.css';

/** Something that is on or off. */
export function Toggle({
  isOn,
  isDisabled = false,
  onChange,
  children,
}: {
  isOn: boolean;
  isDisabled?: boolean;
  onChange: (on: boolean) => void;
  children: string;
}) {
  return (
    <Switch className="toggle" isSelected={isOn} isDisabled={isDisabled} onChange={onChange}>
      <span className="toggle-track" aria-hidden="true" />
      {children}
    </Switch>
  );
}
