// Stress: steps to two hundred users within eight minutes, and two minutes of an ordinary day after them. Where it
// gives way, how, and whether it is itself again when they are gone.

import { profile } from '../lib/profile.js';
import { options as optionsOf, turn } from '../lib/run.js';
import { thresholds } from '../lib/thresholds.js';

const stress = profile(
    [[10, 50], [110, 50], [10, 100], [110, 100], [10, 150], [110, 150], [10, 200], [110, 200]],
    { from: 5 },
);
const recovery = profile([[120, 20]], { after: [stress] });

export { handleSummary, setup, teardown } from '../lib/run.js';
export const options = optionsOf({ stress, recovery }, {
    ...thresholds([stress, recovery], { p99: 10000, errors: 0.1 }),
    // Afterwards as if nothing had been.
    'origin_duration{scenario:recovery}': ['p(95)<500'],
    'origin_errors{scenario:recovery}': ['rate<0.01'],
});
export default turn;
