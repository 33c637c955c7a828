import { expect, test } from '@jest/globals';
import { createLogger } from '../../common/log.ts';
import { startCatchUp } from '../../worker/inbound.ts';
import { until } from '../support/until.ts';

test('at its start a process has everything asked for, before anything else, and as often as that fails', async () => {
  const done: string[] = [];
  const running = startCatchUp(
    {
      async hurry() {
        done.push('hurry');
      },
      async round() {
        done.push('round');
        return 0;
      },
    },
    createLogger({ level: 'silent' }),
  );
  await until(async () => done.length === 2, 'a first round');
  await running.stop();
  expect(done).toEqual(['hurry', 'round']);
});

test('whoever ends does not wait for a provider', async () => {
  let ended = false;
  const running = startCatchUp(
    {
      async hurry() {},
      round: (signal) =>
        new Promise((resolve) =>
          signal.addEventListener('abort', () => {
            ended = true;
            resolve(0);
          }),
        ),
    },
    createLogger({ level: 'silent' }),
  );
  await new Promise((resolve) => setTimeout(resolve, 50));
  await running.stop();
  expect(ended).toBe(true);
});
