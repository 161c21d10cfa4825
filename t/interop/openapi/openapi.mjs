// The API by way of the OpenAPI description that odata-openapi generates from
// $metadata: every operation of it is called, and each answer is to have the
// shape that the description says and nothing else.
//
// usage: node openapi.mjs PACKAGES URL SEED
//   PACKAGES  the directory that has node_modules
//   URL       of the service's root
//   SEED      the file with the example of a configuration
// out: as graph.mjs

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { inspect } from 'node:util';

const [, , packages, url, file] = process.argv;
const require = createRequire(`${packages}/`);
const { default: Ajv } = require('ajv/dist/2020');
const { default: addFormats } = require('ajv-formats');
const { csdl2openapi } = require('odata-openapi');

const seed = JSON.parse(readFileSync(file, 'utf8'));

let points = 0;

function ok(good, name, detail = '') {
    points++;
    console.log(JSON.stringify({ ok: !!good, name, text: good ? ''
        : inspect(detail, { depth: 9 }) }));
}


// the description, from $metadata as JSON

const { host, pathname, protocol } = new URL(url);
const metadata = await fetch(`${url}/$metadata`,
    { headers: { Accept: 'application/json' } });
ok(metadata.status === 200, '$metadata', metadata);

const messages = [];
const api = csdl2openapi(await metadata.json(), { scheme: protocol.slice(0, -1),
    host, basePath: pathname, openapiVersion: '3.1.0', messages });
ok(messages.length === 0, 'odata-openapi understands it', messages);
ok(api.servers[0].url === url, 'its server', api.servers);


// nothing but what is described, and control information

for (const schema of Object.values(api.components.schemas)) {
    if (schema.properties) {
        schema.patternProperties = { '@': {} };
        schema.additionalProperties = false;
    }
}

const ajv = new Ajv({ strict: false, allErrors: true,
    formats: { base64url: true } });
addFormats(ajv);
ajv.addSchema(api, 'api');

const called = new Set();

// call(method, path, values, how): one operation of the description; the body

async function call(method, path, values = [], how = {}) {
    const name = `${method} ${path} ${JSON.stringify(values)} `
        + (how.query ?? '');
    const operation = api.paths[path]?.[method.toLowerCase()];
    ok(operation, `${name}: is described`, Object.keys(api.paths));
    called.add(`${method} ${path}`);

    let n = 0;
    const where = url + path.replace(/\{[^}]*\}/g,
        () => encodeURIComponent(values[n++])) + (how.query ?? '');
    const headers = how.body ? { 'Content-Type': 'application/json' } : {};

    // a change is described without an answer
    if (method === 'PATCH') {
        headers.Prefer = 'return=minimal';
    }

    const response = await fetch(where, { method, headers,
        body: how.body && JSON.stringify(how.body) });
    const text = await response.text();
    const status = how.status ?? 200;
    const said = operation.responses[status]
        ?? operation.responses[`${status.toString()[0]}XX`];

    ok(said && response.status === status, `${name}: ${status}`,
        { status: response.status, text, said: operation.responses });

    const answer = said?.$ref
        ? api.components.responses[said.$ref.split('/').pop()] : said;
    const schema = answer?.content?.['application/json']?.schema;
    const body = text.length && JSON.parse(text);

    if (schema && text.length) {
        const shape = JSON.parse(JSON.stringify(schema)
            .replaceAll('"#/', '"api#/'));
        const valid = ajv.compile(shape);
        ok(valid(body), `${name}: the shape of the answer`,
            { errors: valid.errors, body });
    }

    return body;
}


// all of it

const ONE = '/officeConfiguration';
const ALL = `${ONE}/clientConfigurations`;
const paths = Object.keys(api.paths);
const ITEM = paths.find((path) => /^\/office.*ions\/\{[^}]*\}$/.test(path));
const LIST = `${ITEM}/assignments`;
const ASSIGNMENT = paths.find((path) => path.startsWith(`${LIST}/{`));
const group = (groupId) => ({ groupId, '@odata.type':
    '#microsoft.graph.officeConfigurationGroupAssignmentTarget' });

await call('GET', ONE);
await call('PATCH', ONE, [], { body: { tenantUserCheckinSummary: null },
    status: 204 });

const { id } = await call('POST', ALL, [], { body: seed, status: 201 });
await call('POST', ALL, [], { status: 201, body: { id: "a/b'c", displayName:
    'b', '@odata.type': '#microsoft.graph.windowsOfficeClientConfiguration' } });
await call('POST', ALL, [], { body: { id }, status: 409 });
await call('GET', ALL);
await call('GET', ALL, [], { query: '?$top=1' });

for (const key of [id, "a/b'c"]) {
    await call('GET', ITEM, [key]);
    await call('GET', ITEM, [key],
        { query: '?$select=id,priority&$expand=assignments' });
    await call('PATCH', ITEM, [key],
        { body: { description: 'new' }, status: 204 });
    await call('POST', LIST, [key],
        { body: { id: 'x/y', target: group('1') }, status: 201 });
    await call('GET', LIST, [key]);
    await call('GET', ASSIGNMENT, [key, 'x/y']);
    await call('PATCH', ASSIGNMENT, [key, 'x/y'],
        { body: { target: group('2') }, status: 204 });
    await call('DELETE', ASSIGNMENT, [key, 'x/y'], { status: 204 });
    await call('POST', `${ITEM}/assign`, [key], { status: 200,
        body: { officeConfigurationAssignments: [{ target: group('3') }] } });
}

for (const action of paths.filter((path) => /\.?updatePriorities$/.test(path)))
{
    await call('POST', action, [], { status: 204,
        body: { officeConfigurationPolicyIds: [id],
                officeConfigurationPriorities: [7] } });
}

await call('GET', ITEM, ['none'], { status: 404 });
await call('DELETE', ITEM, [id], { status: 204 });
await call('DELETE', ITEM, [id], { status: 404 });


// every operation was called; $batch has a test of its own

const operations = paths.flatMap((path) => Object.keys(api.paths[path])
    .filter((name) => /^(?:get|post|patch|put|delete)$/.test(name))
    .map((name) => `${name.toUpperCase()} ${path}`));
const left = operations.filter((name) => !called.has(name)
    && name !== 'POST /$batch');
ok(left.length === 0, 'every operation was called', left);

console.log(JSON.stringify({ done: points }));
