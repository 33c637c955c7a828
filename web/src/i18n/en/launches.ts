export const launches = {
  title: 'Launches',
};
