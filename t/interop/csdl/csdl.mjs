// $metadata as JSON against its JSON schema, and against what another
// program makes of the XML.
//
// usage: node csdl.mjs PACKAGES XML JSON
//   PACKAGES   the directory that has node_modules
//   XML, JSON  files with the two forms of one version
// out: as graph.mjs

import { deepStrictEqual } from 'node:assert';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const [, , packages, xml, json] = process.argv;
const require = createRequire(`${packages}/`);
const { default: Ajv } = require('ajv');
const { xml2json } = require('odata-csdl');

let points = 0;

function ok(good, name, text = '') {
    points++;
    console.log(JSON.stringify({ ok: !!good, name, text }));
}

const schema = JSON.parse(readFileSync(
    `${packages}/node_modules/odata-csdl/schemas/csdl.schema.json`, 'utf8'));
const model = JSON.parse(readFileSync(json, 'utf8'));
const validate = new Ajv({ strict: false, allErrors: true }).compile(schema);

ok(validate(model), 'M8: the JSON is valid by the OASIS JSON schema',
    JSON.stringify(validate.errors));

const broken = { ...model, $EntityContainer: 1 };
ok(!validate(broken), 'which does not take anything');

const messages = [];
const other = xml2json(readFileSync(xml, 'utf8'), { messages });

try {
    deepStrictEqual(other, model);
    ok(true, 'M8: odata-csdl makes the same JSON of the XML');

} catch (e) {
    ok(false, 'M8: odata-csdl makes the same JSON of the XML', e.message);
}

ok(messages.length === 0, 'and has nothing to say about it',
    JSON.stringify(messages));

console.log(JSON.stringify({ done: points }));
