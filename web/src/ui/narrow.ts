import { useMediaQuery } from '@mantine/hooks';

/** Whether there is room for one thing at a time: what is opened takes the place of its list. As wide as the pages' own styles say. */
export const useNarrow = (): boolean =>
  useMediaQuery('(max-width: 48em)', false, { getInitialValueInEffect: false });
