// How requests are sent, whatever they ask for.

import { settings } from './settings.js';

// Well above the render deadline of 10 s: what the service promises is looked at, not cut short here.
const TIMEOUT = '30s';

export const url = (path) => settings.baseUrl + path;

/// Parameters of a request of that kind. The name stands for all its URLs: k6 keeps a series for each name.
export const asking = (kind, headers = {}, more = {}) => ({
    headers,
    responseType: 'binary',
    timeout: TIMEOUT,
    redirects: 0,
    tags: { name: kind },
    ...more,
});

/// The same with the API's token.
export const authorised = (kind, more = {}) =>
    asking(kind, settings.token ? { Authorization: `Bearer ${settings.token}` } : {}, more);
