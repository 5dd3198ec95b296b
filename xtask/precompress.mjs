// Writes a brotli and a gzip copy beside every file of a folder that gains by it, so that the
// server only ever sends finished bytes: `node precompress.mjs dist`.

import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { argv } from 'node:process';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const TEXT = new Set(['.css', '.html', '.js', '.json', '.svg', '.txt', '.webmanifest']);
const BINARY = new Set(['.wasm', '.ico']);

const root = argv[2];
if (!root) {
  throw new Error('which folder? node precompress.mjs dist');
}
for (const name of readdirSync(root, { recursive: true })) {
  const path = join(root, name);
  const text = TEXT.has(extname(path));
  if (!statSync(path).isFile() || !(text || BINARY.has(extname(path)))) {
    continue;
  }
  const bytes = readFileSync(path);
  const brotli = brotliCompressSync(bytes, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
      [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
      [constants.BROTLI_PARAM_MODE]: text ? constants.BROTLI_MODE_TEXT : constants.BROTLI_MODE_GENERIC,
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
    },
  });
  writeFileSync(`${path}.br`, brotli);
  writeFileSync(`${path}.gz`, gzipSync(bytes, { level: constants.Z_BEST_COMPRESSION }));
}
