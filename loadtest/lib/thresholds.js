// What a scenario has to meet, from the objectives of the service.

import { arrivals } from './profile.js';

/// - `p95`, `p99`: of all answers, in milliseconds.
/// - `hitP95`: of what is in memory.
/// - `errors`: their part of all requests; refusals count. Arrivals that found all users waiting have the same bound
///   beside it.
/// No scenario may have a wrong answer.
export function thresholds(profiles, { p95, p99, hitP95, errors }) {
    const limits = {
        origin_errors: [`rate<${errors}`],
        origin_wrong: ['count==0'],
        dropped_iterations: [`count<${Math.max(1, Math.ceil(errors * arrivals(profiles)))}`],
    };
    const durations = [p95 && `p(95)<${p95}`, p99 && `p(99)<${p99}`].filter(Boolean);
    if (durations.length > 0) limits.origin_duration = durations;
    if (hitP95) limits.origin_duration_hit = [`p(95)<${hitP95}`];
    return limits;
}
