// Spike: from ten users to five hundred within ten seconds, as when a link goes round, and back.

import { profile } from '../lib/profile.js';
import { options as optionsOf, turn } from '../lib/run.js';
import { thresholds } from '../lib/thresholds.js';

const spike = profile([[15, 10], [10, 500], [60, 500], [10, 10], [25, 10]]);

export { handleSummary, setup, teardown } from '../lib/run.js';
export const options = optionsOf({ spike }, thresholds([spike], { p95: 5000, errors: 0.15 }));
export default turn;
