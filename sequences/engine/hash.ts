/** FNV-1a over UTF-16 code units, 32 bits: small, stable and the same in every sandbox. Not for secrets. */
export function hash32(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash ^= text.charCodeAt(i);
    hash = Math.imul(hash, 0x01000193);
  }
  // One round of mixing: FNV's low bits are weak on short, similar texts.
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x7feb352d);
  hash ^= hash >>> 15;
  return hash >>> 0;
}

/**
 * The number by which a lead takes its arms; from the lead's stable seed text, which may be an address. It is recorded in
 * Temporal's histories, so it is coarse on purpose: 4096 values tell nobody who it is (promise 8).
 */
export function seedNumber(seed: string): number {
  return hash32(seed) % 4096;
}
