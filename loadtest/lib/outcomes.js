// What became of each request, counted so that it can be held against the service's own counters.
//
// An answer is `right`, or one of three errors:
//   refused     503 or 429 with Retry-After: the service says that it is full. Nobody got a wrong picture, but nobody
//               got one either, so that it counts against the objective like the others.
//   unanswered  no answer, or half of one: refused or reset connections, and timeouts.
//   wrong       any other answer than the expected one. One of these fails the run, under whatever load.

import { check } from 'k6';
import { Counter, Rate, Trend } from 'k6/metrics';

import { bytesOf } from './bodies.js';
import { broken } from './expectations.js';
import { kinds } from './kinds.js';

// Of wrong answers so many are described, each user's own.
const DESCRIBED_MAX = 3;
const HIT = 'mediad; hit';
// k6's codes of errors: below, there was no whole answer; from here on, it is one that says 4xx or 5xx.
const WHOLE_ANSWER = 1400;

const answers = new Counter('origin_answers');
const bodyBytes = new Counter('origin_body_bytes');
const cacheHits = new Counter('origin_cache_hits');
const errors = new Rate('origin_errors');
const sorts = {
    refused: new Counter('origin_refused'),
    unanswered: new Counter('origin_unanswered'),
    wrong: new Counter('origin_wrong'),
};
const duration = new Trend('origin_duration', true);
// Metrics of their own and not tags of one: k6 keeps a history only of whole metrics (k6.py reads it).
const byKind = Object.fromEntries(
    kinds.map((kind) => [
        kind,
        {
            duration: new Trend(`origin_duration_${kind}`, true),
            count: new Counter(`origin_count_${kind}`),
            errors: new Counter(`origin_errors_${kind}`),
        },
    ]),
);

let described = 0;

/// Counts nothing, so that metrics without events are in the summary too.
export function declareAll() {
    for (const counter of [answers, bodyBytes, cacheHits, ...Object.values(sorts)]) counter.add(0);
    for (const { count, errors: failed } of Object.values(byKind)) {
        count.add(0);
        failed.add(0);
    }
}

/// Counts an answer, and returns whether it is the right one. `wanted` is what its claims go by.
export function note(kind, response, wanted) {
    const sort = noteAside(kind, response, wanted);
    const milliseconds = wholeTime(response.timings);
    const own = byKind[kind];
    duration.add(milliseconds);
    own.duration.add(milliseconds);
    own.count.add(1);
    errors.add(sort !== 'right');
    if (sort === 'right') return true;
    sorts[sort].add(1);
    own.errors.add(1);
    return false;
}

/// For what is asked before and after the run: the service counts it too, but it is none of the run's figures.
export function noteAside(kind, response, wanted) {
    if (response.status === 0) return 'unanswered';
    answers.add(1);
    bodyBytes.add(bytesOf(response));
    // What the service calls a hit: a body that was in memory. A 304 has none, though memory knew the answer.
    const hasBody = response.status === 200 || response.status === 206;
    if (hasBody && response.headers['Cache-Status'] === HIT) cacheHits.add(1);
    return sortOf(kind, response, wanted);
}

function sortOf(kind, response, wanted) {
    const isRefusal = response.status === 503 || response.status === 429;
    if (isRefusal && Number(response.headers['Retry-After']) >= 1) return 'refused';
    if (response.error_code && response.error_code < WHOLE_ANSWER) return 'unanswered';
    const names = broken(kind, response, wanted);
    if (names.length === 0) return 'right';
    // Only those that do not hold: how often they did is what is left of the kind's count.
    for (const name of names) check(response, { [`${kind}: ${name}`]: false });
    describe(kind, response, names);
    return 'wrong';
}

/// With the time for the connection, which k6's own `http_req_duration` leaves out.
function wholeTime(timings) {
    return timings.blocked + timings.connecting + timings.tls_handshaking + timings.duration;
}

function describe(kind, response, names) {
    described += 1;
    if (described > DESCRIBED_MAX) return;
    const { status, url, request, headers } = response;
    console.error(
        `wrong ${kind}: not "${names.join('", "')}": ${request.method} ${url} answered ${status}, ` +
            `${bytesOf(response)} bytes, ${JSON.stringify(headers)}`,
    );
}
