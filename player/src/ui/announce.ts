/** What is about to be said. */
let upcoming = 0;

/** Says something to those who use a screen reader, without moving the focus. */
export function announce(text: string): void {
  const region = liveRegion();
  // The same words twice in a row would not be read again.
  region.textContent = '';
  cancelAnimationFrame(upcoming);
  upcoming = requestAnimationFrame(() => {
    region.textContent = text;
  });
}

/** Takes away what was said last: on the view that comes now, nobody shall come across it. */
export function hush(): void {
  cancelAnimationFrame(upcoming);
  const region = document.getElementById('announcer');
  if (region !== null) region.textContent = '';
}

function liveRegion(): HTMLElement {
  const known = document.getElementById('announcer');
  if (known !== null) return known;
  const region = document.createElement('div');
  region.id = 'announcer';
  region.className = 'visually-hidden';
  region.setAttribute('role', 'status');
  region.setAttribute('aria-live', 'polite');
  // Modal dialogs hide everything beside them except what is marked so.
  region.setAttribute('data-live-announcer', 'true');
  document.body.append(region);
  return region;
}
