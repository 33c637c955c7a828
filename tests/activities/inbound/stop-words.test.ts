import { expect, test } from '@jest/globals';
import { stopWord } from '../../../activities/inbound/stop-words.ts';

test.each([
  'STOP', 'stop', ' Stop. ', '"STOP"', 'stop!!', 'Stop please', 'STOPALL', 'Unsubscribe', 'opt-out', 'OPT OUT', 'REVOKE',
  'DUR', 'İptal', 'IPTAL', 'iptal lütfen', 'ÇIK', 'Stopp', 'Abmelden', 'bitte abmelden', 'ARRÊT', 'arrêter svp', 'Désabonner',
  'BAJA', 'Alto', 'Cancelar por favor', 'SAIR', 'pare', 'Annulla', 'Basta!', 'Cancellami',
])('"%s" opts out', (text) => {
  expect(stopWord(text)).toBe('stop');
}); // prettier-ignore

test.each(['START', 'Unstop', 'Başla', 'anmelden', 'ALTA'])('"%s" opts in', (text) => {
  expect(stopWord(text)).toBe('start');
});

test.each([
  'We could stop by on Tuesday', 'The end of the month works', 'Basta così? No, dimmi di più', 'Please cancel our call on Friday',
  'Don’t stop', 'yes', 'Yes please', '', '👍', 'Ne zaman durur?', 'stop '.repeat(50),
])('"%s" is an answer', (text) => {
  expect(stopWord(text)).toBeNull();
}); // prettier-ignore
