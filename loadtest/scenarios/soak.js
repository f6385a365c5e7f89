// Soak: thirty users for an hour, or for as many as SCALE says. What grows with time, and must not: the page shows
// memory, descriptors and threads of the service.

import { profile } from '../lib/profile.js';
import { options as optionsOf, turn } from '../lib/run.js';
import { thresholds } from '../lib/thresholds.js';

const soak = profile([[60, 30], [3540, 30]], { from: 5 });

export { handleSummary, setup, teardown } from '../lib/run.js';
export const options = optionsOf({ soak }, thresholds([soak], { p95: 500, p99: 1000, hitP95: 200, errors: 0.01 }));
export default turn;
