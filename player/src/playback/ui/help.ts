import { keyNames, SHORTCUTS } from '../shortcuts.ts';
import { h, iconButton } from './dom.ts';
import { icon } from './icons.ts';

/** The sheet of keyboard shortcuts: a modal dialog, so that focus stays in it and comes back. */
export class Help {
  readonly el: HTMLDialogElement;

  constructor() {
    const close = iconButton('amphi-panel-close', 'Close', icon('close'));
    const rows = SHORTCUTS.map((shortcut) =>
      h(
        'li',
        {},
        h('span', {}, shortcut.label),
        h('span', { class: 'amphi-keys' }, ...keyNames(shortcut).map((name) => h('kbd', {}, name))),
      ),
    );
    this.el = h(
      'dialog',
      { class: 'amphi-help', 'aria-labelledby': 'amphi-help-title' },
      h('header', {}, h('h2', { id: 'amphi-help-title' }, 'Keyboard shortcuts'), close),
      h('ul', {}, ...rows),
    );
    close.addEventListener('click', () => this.el.close());
    this.el.addEventListener('click', (event) => {
      if (event.target === this.el) this.el.close();
    });
  }

  toggle(): void {
    if (this.el.open) this.el.close();
    else this.el.showModal();
  }
}
