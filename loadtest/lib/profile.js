// Users over time, as k6 takes it.
//
// The model is open: a user asks `REQUESTS_PER_USER` times a second by the clock, whether or not the answer before has
// come. A loop that waits for each answer would ask a slow service less often, and so leave out of the percentiles just
// what they are for (coordinated omission). At most as many requests are under way as there are users: when all of them
// wait, an arrival is dropped, and dropped arrivals have a threshold.

import { settings } from './settings.js';

// What is under way when the last arrival has come is waited for.
const END_PATIENCE = '40s';
// Below this a stage would have no arrivals to speak of.
const STAGE_SECONDS_MIN = 0.5;

const scaled = (seconds) => (seconds === 0 ? 0 : Math.max(seconds * settings.scale, STAGE_SECONDS_MIN));
const milliseconds = (seconds) => `${Math.round(1000 * seconds)}ms`;
const rate = (users) => Math.max(1, Math.round(users * settings.requestsPerUser));

/// `stages`: `[seconds, users]` each; the number of users goes to that within that time. `from` is how many there are
/// at the start, `after` the profiles that end before this one begins.
export function profile(stages, { from = stages[0][1], after = [] } = {}) {
    const most = Math.max(from, ...stages.map(([, users]) => users));
    const startSeconds = after.reduce((sum, { stages: earlier }) => sum + secondsOf(earlier), 0);
    return {
        stages,
        from,
        scenario: {
            executor: 'ramping-arrival-rate',
            startRate: rate(from),
            timeUnit: '1s',
            stages: stages.map(([seconds, users]) => ({
                duration: milliseconds(scaled(seconds)),
                target: rate(users),
            })),
            startTime: milliseconds(startSeconds),
            // All of them before the first request: to make one costs the generator what arrivals then wait for.
            preAllocatedVUs: most,
            maxVUs: most,
            gracefulStop: END_PATIENCE,
        },
    };
}

const secondsOf = (stages) => stages.reduce((sum, [seconds]) => sum + scaled(seconds), 0);

/// How many requests such profiles ask for in all.
export function arrivals(profiles) {
    return profiles.reduce((sum, { stages, from }) => sum + arrivalsOf(stages, from), 0);
}

function arrivalsOf(stages, from) {
    let [sum, before] = [0, from];
    for (const [seconds, users] of stages) {
        sum += (scaled(seconds) * (rate(before) + rate(users))) / 2;
        before = users;
    }
    return sum;
}
