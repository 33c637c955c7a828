/** What lets a style of ours in (Content-Security-Policy); the server writes it into the page. */
export const nonce: string = document.querySelector<HTMLMetaElement>('meta[property=csp-nonce]')?.nonce ?? '';
