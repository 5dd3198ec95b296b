// Checks the forge's answers (a JSON file of {operation, status, body}) against GitHub's published
// API description. Exits with 1 when one of them breaks its schema.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import Ajv from 'ajv';
import addFormats from 'ajv-formats';

const require = createRequire(import.meta.url);
const description = require('@octokit/openapi').schemas['api.github.com'];

const operations = new Map();
for (const methods of Object.values(description.paths)) {
  for (const operation of Object.values(methods)) {
    operations.set(operation.operationId, operation);
  }
}

// OpenAPI 3.0's `nullable` is no JSON Schema: a nullable schema becomes one that null satisfies.
function plain(node) {
  if (Array.isArray(node)) return node.map(plain);
  if (node === null || typeof node !== 'object') return node;
  const { nullable, example, examples, discriminator, ...rest } = node;
  const made = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, plain(value)]));
  return nullable ? { anyOf: [{ type: 'null' }, made] } : made;
}

const ajv = new Ajv({ strict: false, allErrors: true });
addFormats(ajv);
ajv.addSchema({ $id: 'github', components: plain(description.components) });

function schemaOf(answer) {
  const operation = operations.get(answer.operation);
  if (!operation) throw new Error(`no operation ${answer.operation}`);
  let response = operation.responses[answer.status];
  if (!response) throw new Error(`${answer.operation} never answers ${answer.status}`);
  if (response.$ref) response = description.components.responses[response.$ref.split('/').pop()];
  const content = response.content?.['application/json'];
  return content && JSON.parse(JSON.stringify(plain(content.schema)).replaceAll('"#/', '"github#/'));
}

let broken = 0;
const answers = JSON.parse(readFileSync(process.argv[2], 'utf8'));
for (const answer of answers) {
  const schema = schemaOf(answer);
  const validate = schema ? ajv.compile(schema) : () => true;
  if (validate(answer.body)) continue;
  broken += 1;
  console.error(`${answer.operation} ${answer.status}`);
  for (const error of validate.errors.slice(0, 8)) {
    console.error(`  ${error.instancePath} ${error.message} ${JSON.stringify(error.params)}`);
  }
}
console.log(`${answers.length} answers, ${broken} broken`);
process.exit(broken ? 1 : 0);
