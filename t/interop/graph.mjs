// The API by way of @microsoft/microsoft-graph-client.
//
// usage: node graph.mjs PACKAGES URL SEED
//   PACKAGES  the directory that has node_modules
//   URL       of the server, without a path
//   SEED      the file with the example of a configuration
// out: a JSON object a line, {"ok", "name", "text"}, each a test point; in
//   the end {"done": the number of points}

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { inspect, isDeepStrictEqual } from 'node:util';

const [, , packages, url, file] = process.argv;
const { BatchRequestContent, BatchResponseContent, Client, GraphError,
    PageIterator, ResponseType } =
    createRequire(`${packages}/`)('@microsoft/microsoft-graph-client');

const ALL = '/officeConfiguration/clientConfigurations';
const GRAPH = '#microsoft.graph.';
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const text = readFileSync(file, 'utf8');
const seed = JSON.parse(text);

const client = Client.initWithMiddleware({
    authProvider: { getAccessToken: async () => 'any-token' },
    baseUrl: `${url}/`,
    customHosts: new Set(['localhost']),
    defaultVersion: 'beta',
});

const api = (path) => client.api(path);
const item = (id) => `${ALL}/${encodeURIComponent(id)}`;
const group = (groupId) => ({
    '@odata.type': `${GRAPH}officeConfigurationGroupAssignmentTarget`,
    groupId,
});


// points

let points = 0;

function ok(good, name, detail = '') {
    points++;
    console.log(JSON.stringify({ ok: !!good, name, text: good ? '' : detail
        + `\nlast: ${inspect(last, { depth: 4, breakLength: 76 })}` }));
}

function is(got, want, name) {
    ok(isDeepStrictEqual(got, want), name,
        `got: ${inspect(got, { depth: 9 })}\n`
        + `want: ${inspect(want, { depth: 9 })}`);
}

// answers(status, promise, name): a point; what the client makes of it

async function answers(status, promise, name) {
    const value = await promise;
    is(last.status, status, name);
    return value;
}

// fails(status, code, promise, name): a point, that the error has all that
// the client takes from it; the "error" of the body

async function fails(status, code, promise, name) {
    try {
        await promise;
    } catch (e) {
        if (!(e instanceof GraphError)) {
            throw e;
        }

        const body = e.statusCode > 0 && e.code ? JSON.parse(e.body) : {};

        is([e.statusCode, e.code, e.requestId, !!e.message,
            Number.isNaN(+e.date), body.innerError?.['client-request-id']],
        [status, code, e.headers?.get('request-id'), true, false,
            e.headers?.get('client-request-id')], name);
        return body;
    }

    ok(false, name, 'it did not fail');
    return {};
}


// each request and its answer pass by here: "last" is the latest, "faults"
// has what any of them lacks

const real = globalThis.fetch;
const faults = new Set();
let last = {};
let requests = 0;

globalThis.fetch = async (target, options) => {
    const sent = new Headers(options.headers);

    requests++;
    last = { method: options.method, url: String(target),
        sent: Object.fromEntries(sent),
        body: typeof options.body === 'string' ? options.body : undefined };

    const response = await real(target, options);
    const { status, headers } = response;
    const fault = (good, what) =>
        good || faults.add(`${options.method} ${target}: ${status}, ${what}`);

    Object.assign(last, { status, headers });
    last.answer = status === 204 ? ''
        : (await response.clone().text()).slice(0, 2000);

    fault(sent.get('authorization') === 'Bearer any-token', 'no token sent');
    fault(sent.get('sdkversion')?.startsWith('graph-js/'), 'no SdkVersion');
    fault(headers.get('odata-version') === '4.0', 'OData-Version');
    fault(UUID.test(headers.get('request-id')), 'request-id');
    fault(headers.get('client-request-id') === sent.get('client-request-id'),
        'client-request-id');
    fault(headers.get('cache-control') === (headers.has('etag')
        ? 'private, no-cache' : 'no-store'), 'Cache-Control');
    fault(headers.has('content-type') === (status !== 204 && status !== 304),
        'Content-Type');
    return response;
};


async function create() {
    const made = await answers(201, api(ALL).post(text), 'create');
    const { id, '@odata.context': context, '@odata.etag': etag,
        lastModifiedDateTime, ...rest } = made;

    is(rest, seed, 'all comes back as given');
    ok(UUID.test(id), 'with an id');
    is(context, `${url}/beta/$metadata#officeConfiguration/`
        + 'clientConfigurations/$entity', 'a context');
    is(last.headers.get('etag'), etag, 'an ETag');
    ok(!Number.isNaN(Date.parse(lastModifiedDateTime)), 'and a date');

    const location = last.headers.get('location');
    ok(location.startsWith(`${url}/beta${ALL}`), 'a Location', location);
    is(await answers(200, api(location).get(), 'GET of it'), made, 'is equal');
    is(await api(item(id)).get(), made, 'by its id');
    is(await api(`${ALL}('${id}')`).get(), made, 'by its key');

    await fails(409, 'conflict', api(ALL).post({ id }), 'create it again');

    is(await answers(204, api(ALL).header('Prefer', 'return=minimal')
        .post({ id: 'minimal' }), 'create, return=minimal'), undefined,
    'has no content');
    is(last.headers.get('preference-applied'), 'return=minimal', 'as asked');
    ok(last.headers.has('odata-entityid'), 'OData-EntityId');

    // Graph's own example of a create
    await answers(201, api(`${ALL}/$ref`).post({ ...seed, id: 'by ref' }),
        'create by $ref');
    is(await answers(204, api(`${ALL}/$ref`).post({
        '@odata.id': `${url}/beta${item('by ref')}` }), 'a reference'),
    undefined, 'has no content');

    for (const odd of ['a b/c', "it's", 'Zo\u00eb?#&=+%', '\u{1f600}']) {
        const one = await api(ALL).post({ id: odd, displayName: odd });
        is(one.id, odd, `an id of ${odd}`);
        is(await answers(200, api(item(odd)).get(), 'its GET'), one, 'equal');
        await answers(200, api(last.url).get(), 'by the URL in whole');
        await answers(204, api(item(odd)).delete(), 'its DELETE');
    }

    const derived = `${GRAPH}windowsOfficeClientConfiguration`;
    const other = await api(ALL).post({ '@odata.type': derived, id: 'win' });
    is(other['@odata.type'], derived, 'of a derived type');

    return made;
}


async function list() {
    for (let i = 0; i < 3; i++) {
        await api(ALL).post({ id: `n${i}`, displayName: `name ${i}` });
    }

    const ids = async (query, options) => {
        const found = [];
        const page = await query.get();
        const pages = new PageIterator(client, page, (one) => {
            found.push(one.id);
            return true;
        }, options);
        const before = requests;

        await pages.iterate();
        ok(pages.isComplete(), 'the pages have an end');
        return [found.sort(), requests - before + 1];
    };

    const first = await answers(200, api(ALL).get(), 'a list');
    is(first.value.length, 2, 'a page of it');
    ok(first['@odata.nextLink'].startsWith(`${url}/beta${ALL}?`),
        'the next link', first['@odata.nextLink']);

    const [every, n] = await ids(api(ALL));
    const count = await api(`${ALL}/$count`).get();
    is(last.headers.get('content-type').split(';')[0], 'text/plain',
        '$count is text');
    is([count, n], [String(every.length), Math.ceil(every.length / 2)],
        'as many items, and pages');
    is(new Set(every).size, every.length, 'none of them twice');
    is(await api(`${ALL}/$count`).header('Accept', 'text/plain').get(), count,
        '$count with Accept');

    for (const top of [1, 2, 3, 5, 100]) {
        const [some, m] = await ids(api(ALL).top(top));
        const want = Math.min(top, every.length);
        is([some.length, m], [want, Math.ceil(want / 2)], `$top of ${top}`);
    }

    // a preference need not be honoured, but then it is not said to be
    const headers = { Prefer: 'odata.maxpagesize=1' };
    const [single, m] = await ids(api(ALL).headers(headers), { headers });
    const size = /maxpagesize=1/.test(last.headers.get('preference-applied'))
        ? 1 : 2;
    is([single, m], [every, Math.ceil(every.length / size)],
        'odata.maxpagesize=1');

    // in the middle, and on from there
    let left = 3;
    const some = [];
    const pages = new PageIterator(client, await api(ALL).get(), (one) => {
        some.push(one.id);
        return --left !== 0;
    });
    await pages.iterate();
    is([some.length, pages.isComplete()], [3, false], 'stops after three');
    await pages.resume();
    is([some.sort(), pages.isComplete()], [every, true], 'and goes on');

    const error = await fails(400, 'badRequest', api(ALL).query({
        $top: 'x' }).get(), '$top of x');
    is(error.target, '$top', 'is named');
    await fails(501, 'notImplemented', api(ALL).query('$apply=x').get(),
        '$apply');
}


async function read({ id }) {
    const whole = await api(item(id)).get();
    const bare = (one) => Object.keys(one).filter((k) => k[0] !== '@').sort();

    let one = await answers(200, api(item(id)).select('displayName,priority')
        .get(), '$select');
    is(bare(one), ['displayName', 'priority'], 'has what was asked for');
    is([one.displayName, one.priority], [seed.displayName, seed.priority],
        'as it is');

    one = await api(item(id)).select(['id', 'checkinStatuses']).get();
    is([one.id, one.checkinStatuses], [id, seed.checkinStatuses],
        'a list of names');
    one = await api(item(id)).select('userCheckinSummary/failedUserCount')
        .get();
    is(one.userCheckinSummary.failedUserCount, 15, 'a path');
    is(one.userCheckinSummary.succeededUserCount, undefined, 'and no more');

    one = await answers(200, api(item(id)).expand('assignments').get(),
        '$expand');
    is(one.assignments, [], 'none');
    delete one.assignments;
    delete one['assignments@odata.context'];
    is({ ...one, '@odata.context': '' }, { ...whole, '@odata.context': '' },
        'and all the rest');

    await api(`${item(id)}/assignments`).post({ id: 'x', target: group('g') });
    one = await answers(200, api(item(id)).select('id').expand('assignments')
        .get(), '$select and $expand');
    is(bare(one), ['assignments', 'id'], 'both');
    is(one.assignments.map((a) => [a.id, a.target]), [['x', group('g')]],
        'the assignment');
    await api(`${item(id)}/assignments/x`).delete();

    is(await answers(200, api(`${item(id)}/microsoft.graph.`
        + 'officeClientConfiguration').get(), 'a cast').then((v) => v.id), id,
    'is the same');
    await fails(400, 'badRequest', api(item(id)).select('noSuch').get(),
        'what there is not');
    await fails(404, 'notFound', api(item('none')).get(), 'none');
}


async function change({ id }) {
    const before = await api(item(id)).get();
    const etag = before['@odata.etag'];

    let one = await answers(200, api(item(id)).patch({ displayName: 'new',
        userCheckinSummary: { failedUserCount: 3 } }), 'PATCH');
    is(one.displayName, 'new', 'changes what was given');
    is([one.userCheckinSummary.failedUserCount,
        one.userCheckinSummary.succeededUserCount], [3, 2], 'and merges');
    is([one.description, one.priority, one.policyPayload],
        [seed.description, seed.priority, seed.policyPayload],
        'and leaves the rest');
    ok(one['@odata.etag'] !== etag, 'a new ETag');
    is(await api(item(id)).get(), one, 'to stay');

    is(await answers(204, api(item(id)).header('Prefer', 'return=minimal')
        .update({ description: null }), 'update(), return=minimal'), undefined,
    'has no content');
    one = await api(item(id)).get();
    is(one.description, null, 'null now');
    is(one['@odata.etag'], last.headers.get('etag'), 'the ETag of it');

    // what was read is written back
    one.displayName = 'back';
    one = await answers(200, api(item(id)).header('If-Match',
        one['@odata.etag']).patch(one), 'PATCH of what was read');
    is(one.displayName, 'back', 'the new name');

    // conditions
    await fails(412, 'preconditionFailed', api(item(id)).header('If-Match',
        etag).patch({ displayName: 'lost' }), 'PATCH, an old If-Match');
    await fails(412, 'preconditionFailed', api(item(id)).header('If-Match',
        etag).put({ displayName: 'lost' }), 'PUT, an old If-Match');
    await fails(412, 'preconditionFailed', api(item(id)).header('If-Match',
        etag).delete(), 'DELETE, an old If-Match');
    await fails(412, 'preconditionFailed', api(item(id)).header(
        'If-None-Match', '*').patch({ displayName: 'lost' }),
    'PATCH, If-None-Match: *');
    is(await api(item(id)).get(), one, 'change nothing');

    let raw = await api(item(id)).header('If-None-Match', one['@odata.etag'])
        .responseType(ResponseType.RAW).get();
    is(raw.status, 304, 'GET, If-None-Match');
    raw = await api(item(id)).header('If-None-Match', etag)
        .responseType(ResponseType.RAW).get();
    is([raw.status, (await raw.json()).id], [200, id], 'of another');

    const both = await Promise.allSettled([1, 2].map((n) => api(item(id))
        .header('If-Match', one['@odata.etag']).patch({ priority: n })));
    is(both.map((p) => p.reason?.statusCode ?? 200).sort(), [200, 412],
        'of two writers one wins');

    one = await answers(200, api(item(id)).put({ displayName: 'put',
        priority: 4 }), 'PUT');
    is([one.id, one.displayName, one.priority], [id, 'put', 4],
        'has what was given');
    is([one.description, one.policyPayload, one.userPreferencePayload,
        one.userCheckinSummary, one.checkinStatuses],
    [null, null, null, { succeededUserCount: 0, failedUserCount: 0 }, []],
    'and no more');
    is(await api(item(id)).get(), one, 'to stay');

    one = await answers(200, api(item(id)).put(text), 'PUT of the seed');
    is(Object.fromEntries(Object.keys(seed).map((k) => [k, one[k]])), seed,
        'has all of it');

    for (const method of ['patch', 'put']) {
        await fails(404, 'notFound', api(item('none'))[method]({}),
            `${method} of none`);
        await fails(400, 'badRequest', api(item(id))[method]({ id: 'y' }),
            `${method} of the id`);
        const error = await fails(400, 'badRequest', api(item(id))[method]({
            noSuch: 1 }), `${method} of what there is not`);
        is(error.target, 'noSuch', 'is named');
    }
}


async function streams({ id }) {
    const bytes = Uint8Array.from({ length: 300000 },
        (_, i) => (i * 7919) >> 3 & 255);

    for (const name of ['policyPayload', 'userPreferencePayload']) {
        const payload = `${item(id)}/${name}`;
        const read = () => api(payload).responseType(ResponseType.ARRAYBUFFER)
            .get();
        const hex = (b) => Buffer.from(b ?? 'nothing').toString('hex');

        is(hex(await answers(200, read(), `GET of ${name}`)),
            hex(Buffer.from(seed[name], 'base64')), 'the seed, decoded');

        // as JSON by its header, which nobody is to believe
        is(await answers(204, api(payload).put(bytes), 'PUT of bytes'),
            undefined, 'has no content');
        is(last.sent['content-type'], 'application/json', 'sent as JSON');
        const etag = last.headers.get('etag');
        const got = await answers(200, read(), 'GET');
        ok(Buffer.from(got).equals(Buffer.from(bytes)), 'all the bytes');
        is(last.headers.get('content-type'), 'application/json', 'the type');
        is(last.headers.get('etag'), etag, 'the ETag');
        is((await api(item(id)).select(name).get())[name],
            Buffer.from(bytes).toString('base64url'), 'base64url in JSON');

        const blob = await api(payload).responseType(ResponseType.BLOB).get();
        is(blob.size, bytes.length, 'as a blob');

        is(await answers(204, api(payload).putStream(Buffer.from(bytes)
            .subarray(1000)), 'putStream() of a buffer'), undefined, 'ditto');
        is(last.sent['content-type'], 'application/octet-stream', 'its type');
        const stream = await answers(200, api(payload).getStream(),
            'getStream()');
        ok((await buffer(stream)).equals(Buffer.from(bytes).subarray(1000)),
            'all the bytes');

        // of unknown length: in chunks
        const chunks = Readable.from([bytes.subarray(0, 9),
            bytes.subarray(9, 99), bytes.subarray(99, 70000)]);
        await answers(204, api(payload).option('duplex', 'half').putStream(
            Readable.toWeb(chunks)), 'putStream() of a stream');
        ok(Buffer.from(await read()).equals(Buffer.from(bytes)
            .subarray(0, 70000)), 'all the bytes');

        const part = await answers(206, api(payload).header('Range',
            'bytes=5-11').responseType(ResponseType.ARRAYBUFFER).get(),
        'a range');
        is(hex(part), hex(bytes.subarray(5, 12)), 'its bytes');

        await fails(412, 'preconditionFailed', api(payload).header('If-Match',
            etag).put('{}'), 'PUT, an old If-Match');
        await answers(204, api(payload).header('If-Match',
            (await read(), last.headers.get('etag'))).put('{"a":1}'),
        'PUT, If-Match');
        is(await api(payload).get(), { a: 1 }, 'JSON, as it was sent');

        await answers(204, api(payload).putStream(''), 'nothing');
        is(await answers(200, read(), 'is there').then((b) => b.byteLength),
            0, 'and empty');
        is(await answers(204, api(payload).delete(), 'DELETE'), undefined,
            'has no content');
        is(await answers(204, read(), 'GET of null'), undefined, 'nor this');
        is((await api(item(id)).get())[name], null, 'null in JSON');
    }

    await fails(404, 'notFound', api(`${item('none')}/policyPayload`).put(
        bytes), 'PUT of none');
    await fails(404, 'notFound', api(`${item('none')}/policyPayload`)
        .responseType(ResponseType.JSON).get(), 'GET of none');
}


async function assignments({ id }) {
    const all = `${item(id)}/assignments`;
    const targets = async () => (await api(all).get()).value
        .map((a) => a.target?.groupId).sort();

    is(await api(`${all}/$count`).get(), '0', 'no assignments');
    is((await answers(200, api(all).get(), 'their list')).value, [], 'empty');

    const made = await answers(201, api(all).post({ target: group('one') }),
        'POST');
    ok(UUID.test(made.id), 'an id');
    is(made.target, group('one'), 'the target');
    const location = last.headers.get('location');
    is((await api(location).get()).id, made.id, 'at its Location');
    is(await answers(200, api(`${all}/${made.id}`).get(), 'GET'), made,
        'is equal');
    await fails(409, 'conflict', api(all).post({ id: made.id }), 'POST again');

    await answers(201, api(all).post({ id: 'a/b', target: group('two') }),
        'another');
    is(await targets(), ['one', 'two'], 'both');
    is(await answers(200, api(`${all}/$count`).get(), '$count'), '2', 'two');

    const changed = await answers(200, api(`${all}/a%2Fb`).patch({
        target: group('three') }), 'PATCH');
    is(changed.target, group('three'), 'the new target');
    is(await targets(), ['one', 'three'], 'in the list');

    is(await answers(204, api(`${all}/a%2Fb`).delete(), 'DELETE'), undefined,
        'has no content');
    await fails(404, 'notFound', api(`${all}/a%2Fb`).delete(), 'not twice');
    await fails(404, 'notFound', api(`${all}/a%2Fb`).get(), 'gone');

    for (const name of ['assign', 'microsoft.graph.assign']) {
        const result = await answers(200, api(`${item(id)}/${name}`).post({
            officeConfigurationAssignments: [
                { target: group(`${name} 1`) },
                { '@odata.type': `${GRAPH}officeClientConfigurationAssignment`,
                    target: group(`${name} 2`) }] }), name);
        is(result.value.map((a) => a.target.groupId),
            [`${name} 1`, `${name} 2`], 'the new ones');
        is(await targets(), [`${name} 1`, `${name} 2`], 'and no others');
    }

    const error = await fails(400, 'badRequest', api(`${item(id)}/assign`)
        .post({ officeConfigurationAssignments: [{ target: 1 }] }),
    'assign of what is no target');
    is(error.target, 'officeConfigurationAssignments/0/target', 'is named');
    await fails(404, 'notFound', api(`${item('none')}/assign`).post({
        officeConfigurationAssignments: [] }), 'assign of none');

    is((await answers(200, api(`${item(id)}/assign`).post({
        officeConfigurationAssignments: [] }), 'assign to nobody')).value, [],
    'has no value');
    is(await targets(), [], 'and leaves none');
}


async function priorities() {
    const priority = async (id) => (await api(item(id)).get()).priority;

    for (const [i, name] of ['updatePriorities',
        'microsoft.graph.updatePriorities',
        'microsoft.management.services.api.updatePriorities'].entries())
    {
        is(await answers(204, api(`${ALL}/${name}`).post({
            officeConfigurationPolicyIds: ['n0', 'n1', 'n2'],
            officeConfigurationPriorities: [30 + i, 20 + i, 10 + i] }), name),
        undefined, 'has no content');
        is(await Promise.all(['n0', 'n1', 'n2'].map(priority)),
            [30 + i, 20 + i, 10 + i], 'the priorities');
    }

    await fails(400, 'badRequest', api(`${ALL}/updatePriorities`).post({
        officeConfigurationPolicyIds: ['n0', 'none'],
        officeConfigurationPriorities: [1, 2] }), 'of one that is not there');
    await fails(400, 'badRequest', api(`${ALL}/updatePriorities`).post({
        officeConfigurationPolicyIds: ['n0'],
        officeConfigurationPriorities: [1, 2] }), 'too many');
    is(await priority('n0'), 32, 'change nothing');
}


async function properties({ id }) {
    await api(item(id)).put(text);

    const at = (name) => api(`${item(id)}/${name}`);

    for (const [name, value, next] of [
        ['displayName', seed.displayName, 'caf\u00e9 "x"'],
        ['description', seed.description, ''],
        ['priority', seed.priority, 77]])
    {
        is((await answers(200, at(name).get(), `GET of ${name}`)).value, value,
            'its value');
        is(await answers(200, at(`${name}/$value`).get(), '$value'),
            String(value), 'as text');
        await answers(204, at(name).put({ value: next }), 'PUT');
        is((await at(name).get()).value, next, 'the new value');
        await answers(204, at(`${name}/$value`).header('Content-Type',
            'text/plain').put('12'), 'PUT of $value');
        is((await api(item(id)).get())[name], name === 'priority' ? 12 : '12',
            'the new value');
    }

    is(await answers(204, at('displayName').delete(), 'DELETE'), undefined,
        'has no content');
    is(await answers(204, at('displayName').get(), 'GET of null'), undefined,
        'nor this');
    is((await at('id').get()).value, id, 'the id');
    await fails(400, 'badRequest', at('priority').put({ value: null }),
        'no null');
    const error = await fails(400, 'badRequest', at('priority').put({
        value: 'x' }), 'a wrong type');
    is(error.target, 'priority', 'is named');
    await fails(404, 'notFound', at('noSuch').get(), 'what there is not');
    await fails(405, 'methodNotAllowed', at('id').delete(), 'no such method');
    ok(last.headers.has('allow'), 'Allow');

    // a complex one
    const counts = (v) => [v.succeededUserCount, v.failedUserCount];
    const summary = 'userCheckinSummary';
    is(counts(await answers(200, at(summary).get(), 'GET of the summary')),
        [2, 15], 'its members');
    is(counts(await answers(200, at(summary).patch({ failedUserCount: 1 }),
        'PATCH')), [2, 1], 'merges');
    is(counts(await answers(200, at(summary).put({ succeededUserCount: 7,
        failedUserCount: 8 }), 'PUT')), [7, 8], 'replaces');
    is(await answers(200, at(`${summary}/failedUserCount/$value`).get(),
        'a member'), '8', 'its text');
    await answers(204, at(summary).delete(), 'DELETE');
    is(await answers(204, at(summary).get(), 'GET of null'), undefined,
        'no content');

    // a collection
    const statuses = 'checkinStatuses';
    is((await answers(200, at(statuses).get(), 'GET of the statuses')).value,
        seed.checkinStatuses, 'as in the seed');
    const next = [{ userId: 'u', deviceName: 'd', wasSuccessful: false,
        checkinDateTime: '2026-01-02T03:04:05Z' }];
    await answers(204, at(statuses).put({ value: next }), 'PUT');
    const [got, ...more] = (await at(statuses).get()).value;
    is([got.userId, got.deviceName, got.wasSuccessful, got.checkinDateTime,
        more.length], ['u', 'd', false, '2026-01-02T03:04:05Z', 0],
    'replaces');
    const wrong = await fails(400, 'badRequest', at(statuses).put({ value: [
        { ...next[0], wasSuccessful: 'yes' }] }), 'a wrong type');
    is(wrong.target, 'checkinStatuses/0/wasSuccessful', 'is named');
    await answers(204, at(statuses).delete(), 'DELETE');
    is((await at(statuses).get()).value, [], 'none');
}


async function singleton() {
    const path = '/officeConfiguration';

    const one = await answers(200, api(path).get(), 'GET of the singleton');
    is(one['@odata.context'], `${url}/beta/$metadata#officeConfiguration`,
        'its context');
    ok(Array.isArray(one.tenantCheckinStatuses), 'its statuses');
    is(one['@odata.etag'], last.headers.get('etag'), 'its ETag');

    const summary = { succeededUserCount: 5, failedUserCount: 6 };
    const two = await answers(200, api(path).patch({
        tenantUserCheckinSummary: summary }), 'PATCH');
    is(two.tenantUserCheckinSummary.failedUserCount, 6, 'the new count');
    is((await api(path).get()).tenantUserCheckinSummary,
        two.tenantUserCheckinSummary, 'to stay');
    await fails(412, 'preconditionFailed', api(path).header('If-Match',
        one['@odata.etag']).patch({}), 'PATCH, an old If-Match');
    is((await answers(200, api(path).select('tenantUserCheckinSummary').get(),
        '$select')).tenantCheckinStatuses, undefined, 'no more');

    is((await answers(200, api(`${path}/tenantUserCheckinSummary`).get(),
        'the summary')).succeededUserCount, 5, 'its count');
    ok(Array.isArray((await answers(200, api(`${path}/tenantCheckinStatuses`)
        .get(), 'the statuses')).value), 'a list');
    await fails(405, 'methodNotAllowed', api(path).delete(), 'no DELETE');
}


async function errors() {
    let error = await fails(400, 'badRequest', api(ALL).post('{"a'),
        'malformed JSON');
    ok(UUID.test(error.innerError['request-id']), 'its request-id');
    error = await fails(400, 'badRequest', api(ALL).post({ ...seed,
        checkinStatuses: [{ ...seed.checkinStatuses[0], wasSuccessful: 1 }] }),
    'a wrong type');
    is(error.target, 'checkinStatuses/0/wasSuccessful', 'is named');
    await fails(415, 'unsupportedMediaType', api(ALL).header('Content-Type',
        'text/plain').post('x'), 'a media type');
    await fails(406, 'notAcceptable', api(ALL).header('Accept', 'text/html')
        .get(), 'an Accept');
    await fails(404, 'notFound', api('/noSuch').get(), 'a path');
    await fails(405, 'methodNotAllowed', api(ALL).delete(), 'a method');
    ok(/\bGET\b.*\bPOST\b/.test(last.headers.get('allow')), 'Allow');

    // by the callback as well
    let called;
    await api(item('none')).get((e) => { called = e; }).catch(() => {});
    is(called?.statusCode, 404, 'an error by the callback');

    // an id of the caller's own
    const own = '00000000-0000-4000-8000-00000000abcd';
    await api(ALL).header('client-request-id', own).get();
    is(last.headers.get('client-request-id'), own, 'client-request-id');
    error = await fails(404, 'notFound', api(item('none')).header(
        'client-request-id', own).get(), 'of an error');
    is(error.innerError['client-request-id'], own, 'is in its body');
    ok(error.innerError['request-id'] !== own, 'and is not the request-id');
}


// send(steps): a batch of [id, method, path, body, dependsOn]; the answers by
// their ids, as the client makes them of it

async function send(steps, name) {
    const content = new BatchRequestContent(steps.map(
        ([id, method, path, body, dependsOn]) => ({ id, dependsOn,
            request: new Request(url + path, { method, ...body !== undefined
                && (body instanceof Uint8Array ? { body, headers: {
                    'Content-Type': 'application/octet-stream' } }
                    : { body: JSON.stringify(body), headers: {
                        'Content-Type': 'application/json' } }) }) })));

    return new BatchResponseContent(await answers(200, api('/$batch').post(
        await content.getContent()), name));
}


async function batches({ id }) {
    // side by side, and in any order
    const before = +await api(`${ALL}/$count`).get();
    let all = await send([
        ['item', 'GET', item(id)],
        ['page', 'GET', `${ALL}?$top=1&$select=id`],
        ['root', 'GET', `/beta${ALL}/${id}/priority`],
        ['count', 'GET', `${ALL}/$count`],
        ['none', 'GET', item('none')],
        ['bad', 'POST', ALL, { priority: 'x' }],
        ['method', 'DELETE', ALL],
        ['made', 'POST', ALL, { id: 'in a batch', displayName: 'b' }]],
    'a batch');
    const at = (name) => all.getResponseById(name);

    is([...all.getResponses()].map(([name, one]) => [name, one.status])
        .sort().join(), 'bad,400,count,200,item,200,made,201,method,405,'
        + 'none,404,page,200,root,200', 'each has its answer');
    is(await at('item').json(), await api(item(id)).get(), 'as by itself');
    is(at('item').headers.get('etag'), last.headers.get('etag'), 'its ETag');
    is((await at('page').json()).value.length, 1, 'a page');
    is((await at('root').json()).value, (await api(item(id)).get()).priority,
        'the root may stand in front');
    ok([before, before + 1].includes(+Buffer.from(await at('count').text(),
        'base64url')), 'text is in base64url');
    is((await at('none').json()).error.code, 'notFound', 'an error');
    is((await at('bad').json()).error.target, 'priority', 'and its target');
    ok(at('method').headers.has('allow'), 'Allow');
    is((await api(at('made').headers.get('location')).get()).displayName, 'b',
        'it is at its Location');

    // one after the other
    const path = item('in a batch');
    all = await send([
        ['1', 'PATCH', path, { displayName: 'c' }],
        ['2', 'GET', `${path}/displayName`, undefined, ['1']],
        ['3', 'POST', `${path}/assign`, { officeConfigurationAssignments: [
            { target: group('g') }] }, ['2']],
        ['4', 'GET', `${path}/assignments`, undefined, ['3']],
        ['5', 'DELETE', path, undefined, ['4']],
        ['6', 'GET', path, undefined, ['5']],
        ['7', 'GET', ALL, undefined, ['6']]], 'a chain');
    is([1, 2, 3, 4, 5, 6, 7].map((n) => at(`${n}`).status).join(),
        '200,200,200,200,204,404,424', 'in their order');
    is((await at('2').json()).value, 'c', 'with what is done before');
    is((await at('4').json()).value.map((a) => a.target), [group('g')],
        'the assignment');
    is(await at('5').text(), '', 'no content');
    ok((await at('7').json()).error.code, 'what depends on a failure');

    // all that depend on one
    all = await send(['first', 'a', 'b'].map((name, i) => [name, 'POST', ALL,
        { id: `batch ${name}` }, i ? ['first'] : undefined]), 'the same');
    is(['first', 'a', 'b'].map((name) => at(name).status).join(),
        '201,201,201', 'all are made');

    // bytes, in the base64 that browsers make of them
    globalThis.FileReader = class extends EventTarget {
        async readAsDataURL(blob) {
            const bytes = Buffer.from(await blob.arrayBuffer());
            this.result = `data:${blob.type};base64,${bytes
                .toString('base64')}`;
            this.dispatchEvent(new Event('load'));
        }
    };
    const odd = Uint8Array.of(0xfb, 0xff, 0xfe, 0, 0x80);
    all = await send([['1', 'PUT', `${item(id)}/policyPayload`, odd],
        ['2', 'GET', `${item(id)}/policyPayload`, undefined, ['1']]], 'bytes');
    is([at('1').status, await at('2').text()],
        [204, Buffer.from(odd).toString('base64url')], 'come back');

    // as many as there may be
    all = await send([...Array(20).keys()].map((n) => [`${n}`, 'GET',
        item(id)]), '20 requests');
    is([...all.getResponses().values()].map((one) => one.status),
        Array(20).fill(200), 'have 20 answers');
}


async function remove({ id }) {
    await api(`${item(id)}/assign`).post({ officeConfigurationAssignments: [
        { id: 'kept', target: group('g') }] });

    const { '@odata.etag': etag } = await api(item(id)).get();
    is(await answers(204, api(item(id)).header('If-Match', etag).delete(),
        'DELETE, If-Match'), undefined, 'has no content');

    for (const below of ['', '/policyPayload', '/assignments',
        '/assignments/kept', '/displayName'])
    {
        await fails(404, 'notFound', api(item(id) + below).get(),
            `gone: {id}${below}`);
    }

    await fails(404, 'notFound', api(item(id)).delete(), 'not twice');

    const rest = [];
    await new PageIterator(client, await api(ALL).get(),
        (one) => rest.push(one.id)).iterate();

    for (const other of rest) {
        await answers(204, api(item(other)).del(), `del() of ${other}`);
    }

    is((await api(ALL).get()).value, [], 'an empty list');
    is(await api(`${ALL}/$count`).get(), '0', 'a count of none');
}


const made = await create();

for (const part of [list, read, change, streams, assignments, priorities,
    properties, singleton, errors, batches, remove])
{
    try {
        await part(made);
    } catch (e) {
        ok(false, `${part.name} goes to its end`, e.stack);
    }
}

is([...faults], [], 'every request and answer has the headers it should');

console.log(JSON.stringify({ done: points }));
