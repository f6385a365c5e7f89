// Smoke: five users for half a minute. Whether it works at all, and what an answer takes when nobody is in the way.

import { profile } from '../lib/profile.js';
import { options as optionsOf, turn } from '../lib/run.js';
import { thresholds } from '../lib/thresholds.js';

const smoke = profile([[30, 5]]);

export { handleSummary, setup, teardown } from '../lib/run.js';
export const options = optionsOf({ smoke }, thresholds([smoke], { p95: 500, hitP95: 200, errors: 0.01 }));
export default turn;
