// Load: fifty users for five minutes. An ordinary day, for which the objectives are.

import { profile } from '../lib/profile.js';
import { options as optionsOf, turn } from '../lib/run.js';
import { thresholds } from '../lib/thresholds.js';

const load = profile([[10, 50], [290, 50]], { from: 5 });

export { handleSummary, setup, teardown } from '../lib/run.js';
export const options = optionsOf({ load }, thresholds([load], { p95: 500, p99: 1000, hitP95: 200, errors: 0.01 }));
export default turn;
