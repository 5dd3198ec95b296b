// The browser and the two sizes, for tests, screenshots and benches alike.

/** The desk: what the design is drawn for. */
export const DESKTOP = { viewport: { width: 1280, height: 800 } };

/** The phone: where approvals happen. */
export const PHONE = {
  viewport: { width: 390, height: 844 },
  deviceScaleFactor: 2,
  isMobile: true,
  hasTouch: true,
};

/**
 * How Chromium is started: the one that `cargo xtask` found, without a sandbox (which root cannot
 * have) and without the background traffic that would blur measurements.
 */
export function launchOptions() {
  return {
    executablePath: process.env.WEFT_CHROMIUM ?? '/usr/bin/chromium',
    chromiumSandbox: false,
    args: [
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  };
}
