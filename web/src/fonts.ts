/** First paint does not wait longer for letters. */
const PATIENCE_MS = 800;

/** Loads the letters of both languages before anything is shown: words that first come in another font jump. */
export async function startFonts(): Promise<void> {
  await Promise.race([
    document.fonts.load(`1em 'Inter Variable'`, 'aş').catch(() => {}),
    new Promise((resolve) => setTimeout(resolve, PATIENCE_MS)),
  ]);
}
