/** A text for comparing as people search: without case and accents, and with one i for Turkish `ı` and `İ`. */
export const fold = (text: string): string =>
  text.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase().replaceAll('ı', 'i');
