/** Ends what global-setup started. */
export default async function teardown(): Promise<void> {
  await (globalThis as unknown as { __cadenzaTeardown?: () => Promise<void> }).__cadenzaTeardown?.();
}
