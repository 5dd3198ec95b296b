// What `weft release --dry-run` and `weft verify` take over a fresh clone of the demo's repository: the median
// of ten runs each, with the start of the process and of the git programs that it asks.

import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { judge, median } from './figures.mjs';

const RUNS = 10;
const LIMIT_MS = 200;

const folder = mkdtempSync(join(tmpdir(), 'weft-commands-'));
const within = [];
try {
  cpSync(fileURLToPath(new URL('../../../gitops', import.meta.url)), folder, { recursive: true });
  const git = (...words) => execFileSync('git', ['-C', folder, ...words], { stdio: 'pipe' });
  git('init', '--quiet', '--initial-branch=main');
  git('add', '.');
  git('-c', 'user.name=Weft', '-c', 'user.email=weft@example.com', 'commit', '--quiet', '-m', 'all');
  for (const words of [['release', '--dry-run'], ['verify', '--base', 'HEAD']]) {
    const taken = [];
    for (let run = 0; run < RUNS; run += 1) {
      const began = performance.now();
      execFileSync(process.env.WEFT_BIN, words, { cwd: folder, stdio: 'pipe' });
      taken.push(performance.now() - began);
    }
    within.push(judge(`weft ${words.join(' ')}`, median(taken), LIMIT_MS));
  }
} finally {
  rmSync(folder, { recursive: true });
}
process.exitCode = within.every(Boolean) ? 0 : 1;
