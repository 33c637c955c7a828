import { useLocalStorage } from '@mantine/hooks';
import type { Search } from './filter.ts';

interface View {
  readonly name: string;
  readonly search: Search;
}

/** Filters that somebody gave a name, on this machine. */
export function useViews(): {
  readonly views: readonly View[];
  readonly keep: (name: string, search: Search) => void;
  readonly drop: (name: string) => void;
} {
  const [views, setViews] = useLocalStorage<readonly View[]>({
    key: 'cadenza.views.leads',
    defaultValue: [],
  });
  const others = (name: string) => views.filter((view) => view.name !== name);
  return {
    views,
    keep: (name, search) => setViews([...others(name), { name, search: { ...search, open: undefined } }]),
    drop: (name) => setViews(others(name)),
  };
}
