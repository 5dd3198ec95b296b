// A release from its merge to prod, each promotion approved the moment that the board says that it waits,
// at the demo's own pace. Weft's own share: the time of the taps, and what the board is behind the apps: from
// each app's first answer with the new version, asked of the app itself, to the board that says that it is
// proven. The chart's tests, which a proof waits for, run in that time and are counted with it.

import { startDemo } from '../harness/demo.mjs';
import { Lab } from '../harness/lab.mjs';
import { judge } from './figures.mjs';
import { Person } from './person.mjs';

const LIMIT_MS = 15_000;
const PIPELINE = 'api/v1/pipelines/app-podinfo/podinfo';
const BETWEEN_LOOKS_MS = 10;
const PATIENCE_MS = 60_000;

const demo = await startDemo({ pace: 'real' });
let within;
try {
  const lab = new Lab(demo.url);
  const sam = await Person.signedIn(demo.url, 'sam');
  const before = await settled();
  const apps = await liveApps(await board());
  await lab.step('release');
  await until(async () => {
    const { steps } = await lab.state();
    return steps.find(({ id }) => id === 'merge-release').state === 'ready';
  });
  await lab.step('merge-release');
  const began = performance.now();
  let taps = 0;
  let shown = 0;
  for (const environment of ['dev-test', 'uat', 'stg', 'prod']) {
    if (environment !== 'dev-test') {
      const number = await until(async () => waiting(await board(), environment, before));
      const tapped = performance.now();
      await sam.approve(number);
      taps += performance.now() - tapped;
    }
    const [served, proven] = await Promise.all([
      until(async () => answers(apps.get(environment))),
      until(async () => isProven(await board(), environment, before)),
    ]);
    shown += Math.max(0, proven - served);
    console.log(`${environment}: proven after ${seconds(performance.now() - began)}`);
  }
  const whole = performance.now() - began;
  console.log(`Weft's own share: taps ${ms(taps)}, from app to proof ${ms(shown)} (the charts' tests included)`);
  within = judge('merge to prod', whole, LIMIT_MS);
} finally {
  await demo.stop();
}
process.exitCode = within ? 0 : 1;

async function board() {
  return (await fetch(demo.url + PIPELINE)).json();
}

/** The newest chart once every environment of the seeded week is proven. */
async function settled() {
  return until(async () => {
    const { environments } = await board();
    const proven = environments?.every(({ verdict }) => verdict.state === 'proven');
    return proven && environments.find(({ name }) => name === 'dev-test').release.chart;
  });
}

/** The number of the promotion of the new release that waits, once it does. */
function waiting({ gates }, environment, before) {
  const gate = gates.find(({ to }) => to === environment);
  const ready = gate.state === 'waits_for_approval' && gate.release !== before;
  return ready && gate.promotion.number;
}

/** When the app itself answered with another version than before the release. */
async function answers({ url, version }) {
  return (await ask(url)) !== version && performance.now();
}

/** Each environment's app: where it answers, and with which version before the release. */
async function liveApps({ environments }) {
  const apps = new Map();
  for (const { name, link } of environments) {
    apps.set(name, { url: link, version: await ask(link) });
  }
  return apps;
}

async function ask(url) {
  return (await (await fetch(new URL('version', url))).json()).version;
}

/** When the board said that the environment is proven to serve the new release. */
function isProven({ environments }, environment, before) {
  const { release, verdict } = environments.find(({ name }) => name === environment);
  return verdict.state === 'proven' && release.chart !== before && performance.now();
}

async function until(look) {
  const givenUp = performance.now() + PATIENCE_MS;
  for (;;) {
    const found = await look();
    if (found) {
      return found;
    }
    if (performance.now() > givenUp) {
      throw new Error(`waited in vain: ${look}`);
    }
    await new Promise((resolve) => setTimeout(resolve, BETWEEN_LOOKS_MS));
  }
}

function seconds(value) {
  return `${(value / 1000).toFixed(1)} s`;
}

function ms(value) {
  return `${Math.round(value)} ms`;
}
