export const sequences = {
  title: 'Sequences',
};
