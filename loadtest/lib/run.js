// What all scenarios share: options, the pictures before and after, and one request at each arrival.

import { makeAssets, removeAssets } from './assets.js';
import { claims } from './expectations.js';
import { anyKind } from './kinds.js';
import { requests } from './requests.js';

// For the pictures that are made before the first request.
const SETUP_SECONDS_MAX = '10m';

/// Options of a scenario of these profiles, by name.
export const options = (profiles, limits) => ({
    scenarios: Object.fromEntries(Object.entries(profiles).map(([name, { scenario }]) => [name, scenario])),
    thresholds: limits,
    setupTimeout: SETUP_SECONDS_MAX,
    teardownTimeout: SETUP_SECONDS_MAX,
    // Without the URL: each would be a series of its own.
    systemTags: ['scenario', 'name', 'method', 'status', 'check', 'group', 'error_code'],
    summaryTrendStats: ['count', 'avg', 'min', 'med', 'p(90)', 'p(95)', 'p(99)', 'max'],
    userAgent: 'image-origin-loadtest',
});

export const setup = makeAssets;
export const teardown = removeAssets;

/// One user's turn.
export const turn = (data) => requests[anyKind()](data);

/// All figures and the names of all claims, as JSON where `SUMMARY` says; run.py makes the page of it.
export function handleSummary(data) {
    const names = Object.fromEntries(Object.entries(claims).map(([kind, ofKind]) => [kind, Object.keys(ofKind)]));
    return { [__ENV.SUMMARY || 'stdout']: JSON.stringify({ ...data, claims: names }, null, 1) };
}
