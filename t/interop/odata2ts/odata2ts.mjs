// The API by way of the client that odata2ts generates from $metadata.
//
// usage: node odata2ts.mjs PACKAGES GENERATED URL SEED
//   PACKAGES   the directory that has node_modules
//   GENERATED  the directory with what odata2ts generated, below one that has
//              a link to node_modules
//   URL        of the service's root
//   SEED       the file with the example of a configuration
// out: as graph.mjs

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { inspect, isDeepStrictEqual } from 'node:util';

const [, , packages, generated, url, file] = process.argv;
const { FetchClient } =
    createRequire(`${packages}/`)('@odata2ts/http-client-fetch');
const { MicrosoftGraphService } =
    createRequire(`${generated}/`)('./MicrosoftGraphService.js');

const GRAPH = '#microsoft.graph.';
const seed = JSON.parse(readFileSync(file, 'utf8'));
const service = new MicrosoftGraphService(new FetchClient(), url);
const root = service.officeConfiguration();
const all = root.clientConfigurations();

let points = 0;

function ok(good, name, detail = '') {
    points++;
    console.log(JSON.stringify({ ok: !!good, name, text: good ? ''
        : inspect(detail, { depth: 9 }) }));
}

function is(got, want, name) {
    ok(isDeepStrictEqual(got, want), name, { got, want });
}

// answers(status, promise, name): a point; the body

async function answers(status, promise, name) {
    try {
        const response = await promise;
        ok(response.status === status, name, response);
        return response.data;

    } catch (e) {
        ok(e.status === status, name, e);
        return undefined;
    }
}


// the singleton

const office = await answers(200, root.query(), 'the singleton');
is(office.id, 'officeConfiguration', 'its id');


// create

const created = await answers(201, all.create(seed), 'create');
ok(/^[0-9a-f-]{36}$/.test(created.id), 'the new id', created);
is([created.displayName, created.priority, created.policyPayload],
    [seed.displayName, seed.priority, seed.policyPayload], 'what was given');

// it does not double a quote in a key

const ids = ['a/b c', '100%', '\u{1f600}'];

for (const id of ids) {
    const made = await answers(201, all.create({ id, displayName: id,
        '@odata.type': `${GRAPH}windowsOfficeClientConfiguration`,
        assignments: [{ id: 'x', target: { groupId: 'g', '@odata.type':
            `${GRAPH}officeConfigurationGroupAssignmentTarget` } }] }),
        `create ${id}`);
    is(made.id, id, 'its id');
    is(made['@odata.type'], `${GRAPH}windowsOfficeClientConfiguration`,
        'its type');
}


// read

const list = await answers(200, all.query(), 'list');
is(list.value.map((item) => item.id).sort(), [created.id, ...ids].sort(),
    'all of them');

for (const id of ids) {
    const item = root.clientConfigurations(id);
    const got = await answers(200, item.query(), `get ${id}`);
    is(got.displayName, id, 'the right one');

    const part = await answers(200, item.query((builder, q) => builder
        .select('id', 'priority').expand('assignments')), 'a part of it');
    is(Object.keys(part).filter((name) => !name.startsWith('@')).sort(),
        ['assignments', 'id', 'priority'], 'which has what was selected');
    is(part.assignments.map((one) => one.target.groupId), ['g'],
        'and what was expanded');
}

const first = await answers(200, all.query((builder) => builder.top(1)),
    '$top');
is(first.value.length, 1, 'one');

const found = await answers(200, all.query((builder, q) => builder
    .filter(q.displayName.eq(ids[0]).or(q.displayName.startsWith('100')))
    .orderBy(q.displayName.desc()).select('id').count()),
    '$filter, $orderby, $select, $count');
is([found['@odata.count'], found.value.map((item) => item.id)],
    [2, [ids[0], ids[1]]], 'two, in this order');

const searched = await answers(200, all.query((builder) => builder
    .search('100').skip(0)), '$search, $skip');
is(searched.value.map((item) => item.id), [ids[1]], 'one');

// change

const one = root.clientConfigurations(created.id);
const patched = await answers(200, one.patch({ description: 'new',
    userCheckinSummary: { failedUserCount: 7 } }), 'patch');
is([patched.description, patched.userCheckinSummary.failedUserCount,
    patched.displayName], ['new', 7, seed.displayName], 'merged');
const replaced = await answers(200, one.update({ displayName: 'put',
    priority: 9 }), 'put');
is([replaced.displayName, replaced.description], ['put', null], 'replaced');


// complex values

await answers(200, one.userCheckinSummary().patch({ failedUserCount: 3 }),
    'patch of a complex value');
is((await one.userCheckinSummary().query()).data.failedUserCount, 3, 'done');

const checkin = { userId: 'u', deviceName: 'd', wasSuccessful: false,
    checkinDateTime: '2026-01-02T03:04:05.678+01:00' };
await answers(204, one.checkinStatuses().add(checkin), 'a check-in');
const checkins = await answers(200, one.checkinStatuses().query(),
    'the check-ins');
is([checkins.value.length, checkins.value[0].checkinDateTime],
    [1, checkin.checkinDateTime], 'as it was given');
is((await root.tenantCheckinStatuses().query()).data.value
    .filter((status) => status.userId === 'u').length, 1, 'the tenant has it');


// assignments

const target = (groupId) => ({ groupId,
    '@odata.type': `${GRAPH}officeConfigurationGroupAssignmentTarget` });
await answers(201, one.assignments().create({ id: 'p/q', target: target('1') }),
    'an assignment');
await answers(200, one.assignments('p/q').patch({ target: target('2') }),
    'patch of it');
is((await one.assignments('p/q').query()).data.target.groupId, '2', 'done');
is((await one.assignments().query()).data.value.length, 1, 'listed');
await answers(204, one.assignments('p/q').delete(), 'delete');

const assigned = await answers(200, one.assign({
    officeConfigurationAssignments: [{ id: 'n', target: target('3') }] }),
    'assign');
is(assigned.value.map((item) => item.id), ['n'], 'its result');


// priorities, by the actions of both namespaces

for (const [name, priority] of [['updatePriorities', 41],
    ['updatePriorities2', 42]])
{
    await answers(204, all[name]({ officeConfigurationPolicyIds: [created.id],
        officeConfigurationPriorities: [priority] }), name);
    is((await one.query()).data.priority, priority, 'done');
}


// errors, and the end

await answers(404, root.clientConfigurations('none').query(), 'none');
await answers(409, all.create({ id: ids[0] }), 'the id exists');
await answers(400, one.patch({ priority: 'x' }), 'a wrong type');

for (const id of [created.id, ...ids]) {
    await answers(204, root.clientConfigurations(id).delete(), `delete ${id}`);
}

is((await all.query()).data.value, [], 'none is left');

console.log(JSON.stringify({ done: points }));
