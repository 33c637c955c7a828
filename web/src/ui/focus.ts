/** The keyboard’s place, where the browser would let it fall back to the page’s beginning. */
import { useEffect, useRef, type RefObject } from 'react';

let last: HTMLElement | null = null;
let outside: HTMLElement | null = null;

/** From here on a control that is disabled while it is busy has the focus again when it is not. */
export function keepFocus(): void {
  document.addEventListener('focusin', ({ target }) => {
    if (!(target instanceof HTMLElement)) return;
    last = target;
    if (!target.closest('[role=dialog]')) outside = target;
  });
  document.addEventListener('focusout', ({ target }) => {
    if (target === last && !last?.matches(':disabled')) last = null;
  });
  new MutationObserver(() => {
    if (last?.isConnected && !last.matches(':disabled') && isNowhere()) last.focus({ preventScroll: true });
  }).observe(document.body, { subtree: true, attributes: true, attributeFilter: ['disabled'] });
}

const isNowhere = () => document.activeElement === document.body;

/** After a dialog that another one opened: back to where the first was opened from. */
export function focusOutside(): void {
  if (isNowhere()) outside?.focus({ preventScroll: true });
}

/** For an element with `tabIndex={-1}`: it gets the focus when `step` becomes another one. null: not known yet. */
export function useFocusOn(step: string | number | null): RefObject<HTMLDivElement | null> {
  const element = useRef<HTMLDivElement>(null);
  const before = useRef(step);
  useEffect(() => {
    if (before.current !== null && before.current !== step) element.current?.focus();
    before.current = step;
  }, [step]);
  return element;
}
