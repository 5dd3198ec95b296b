// Starts `weft demo` on a free port, and ends it.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../../..');
const LISTENING = /^weft: listening on (http:\/\/127\.0\.0\.1:\d+\/\S*)$/;
const START_WITHIN_MS = 30_000;
const STOP_WITHIN_MS = 10_000;

/**
 * @typedef {object} Demo
 * @property {string} url      the base URL, ending in a slash
 * @property {() => string} log      what it wrote so far
 * @property {() => void} freeze      has it fall silent without ending, until it is thawed
 * @property {() => void} thaw      has it go on
 * @property {() => Promise<void>} stop      asks it to end and waits until it has, cleanly
 */

/**
 * Starts a demo with nobody's state in it; resolves once it serves.
 *
 * @param {{ pace?: 'fast' | 'real' }} [options] `real` takes the time that a presenter would see
 * @returns {Promise<Demo>}
 */
export async function startDemo({ pace = 'fast' } = {}) {
  const target = process.env.CARGO_TARGET_DIR ?? join(ROOT, 'target');
  const weft = process.env.WEFT_BIN ?? join(target, 'debug/weft');
  const dist = process.env.WEFT_DIST ?? join(ROOT, 'dist');
  for (const needed of [weft, join(dist, 'index.html')]) {
    if (!existsSync(needed)) {
      throw new Error(`${needed} is missing; \`cargo xtask test --only browser\` builds it`);
    }
  }
  const child = spawn(
    weft,
    ['demo', '--port', '0', '--no-open', '--pace', pace, '--static-dir', dist],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const lines = [];
  const ended = new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    child.once('error', (error) => resolve({ code: null, signal: error.message }));
  });
  const listening = new Promise((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        lines.push(line);
        const found = LISTENING.exec(line);
        if (found) {
          resolve(found[1]);
        }
      });
    }
  });
  const log = () => lines.join('\n');
  const early = ended.then(({ code, signal }) => {
    throw new Error(`weft demo ended before it served (${code ?? signal}):\n${log()}`);
  });
  const url = await within(START_WITHIN_MS, 'weft demo did not serve', [listening, early]).catch(
    (error) => {
      child.kill('SIGKILL');
      throw error;
    },
  );
  return {
    url,
    log,
    freeze: () => child.kill('SIGSTOP'),
    thaw: () => child.kill('SIGCONT'),
    async stop() {
      child.kill('SIGCONT');
      child.kill('SIGTERM');
      const { code, signal } = await within(STOP_WITHIN_MS, 'weft demo did not end', [ended]).catch(
        (error) => {
          child.kill('SIGKILL');
          throw error;
        },
      );
      if (code !== 0) {
        throw new Error(`weft demo ended with ${code ?? signal}:\n${log()}`);
      }
    },
  };
}

/** The first of these promises, or a failure when none came in time. */
async function within(milliseconds, complaint, promises) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`${complaint} within ${milliseconds / 1000} s`)),
      milliseconds,
    );
  });
  try {
    return await Promise.race([...promises, late]);
  } finally {
    clearTimeout(timer);
  }
}
