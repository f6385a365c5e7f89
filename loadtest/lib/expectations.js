// What makes an answer the right one: for each kind of request its claims, by name.
//
// Status alone says little: a cache keeps for a year what these headers say of these bytes. A claim gets the answer and
// what was wanted, as requests.js has it: `sha256` and `bytes` of a picture, `first` and `last` of its part, and so on.
// The tables are made once: what is built for each request anew, the generator pays with the machine it shares.

import crypto from 'k6/crypto';

import { bytesOf } from './bodies.js';

const IMMUTABLE = 'public, max-age=31536000, immutable, stale-while-revalidate=86400, stale-if-error=604800';
const LATEST = 'public, max-age=60, stale-while-revalidate=600, stale-if-error=86400';
const WEBP = [0x52, 0x49, 0x46, 0x46];
const JPEG = [0xff, 0xd8, 0xff];

const status = (code) => ({ [`status is ${code}`]: (response) => response.status === code });
const hasType = (type) => ({ [`type is ${type}`]: (response) => response.headers['Content-Type'] === type });
const immutable = { 'kept for a year, immutable': (response) => response.headers['Cache-Control'] === IMMUTABLE };
const brief = { 'kept for a minute': (response) => response.headers['Cache-Control'] === LATEST };
const notKept = { 'not kept': (response) => response.headers['Cache-Control'] === 'no-store' };
const noBody = { 'no body': (response) => bytesOf(response) === 0 };
const asLongAsItSays = {
    'body is as long as it says': (response) => Number(response.headers['Content-Length']) === bytesOf(response),
};
const tagged = {
    'ETag is the digest of the bytes': (response, { sha256 }) => response.headers.Etag === `"${sha256}"`,
};

const stored = {
    ...status(200),
    ...hasType('image/webp'),
    'types are not guessed': (response) => response.headers['X-Content-Type-Options'] === 'nosniff',
    ...tagged,
    ...asLongAsItSays,
    'as long as the manifest says': (response, { bytes }) => bytesOf(response) === bytes,
    'body is these bytes': (response, { sha256 }) => crypto.sha256(response.body, 'hex') === sha256,
};

const uploaded = {
    ...status(201),
    ...hasType('application/json'),
    ...notKept,
    'manifest has the digest of what was sent': (response, { sha256 }) => parsed(response).source.sha256 === sha256,
    'manifest has the length of what was sent': (response, { bytes }) => parsed(response).source.bytes === bytes,
    'all presets are ready': (response) => {
        const { state, renditions } = parsed(response);
        return state === 'ready' && Object.keys(renditions).length > 0;
    },
};

/// A refusal that says why, as RFC 9457 has it.
const problem = (code, type) => ({
    ...status(code),
    ...hasType('application/problem+json'),
    ...notKept,
    'problem says its type': (response) => parsed(response).type === `urn:image-origin:problem:${type}`,
});

export const claims = {
    hit: { ...stored, ...immutable },
    latest: { ...stored, ...brief },
    negotiated: { ...stored, ...immutable, 'varies by Accept': (response) => response.headers.Vary === 'Accept' },
    unchanged: { ...status(304), ...immutable, ...tagged, ...noBody },
    range: {
        ...status(206),
        ...hasType('image/webp'),
        ...immutable,
        ...tagged,
        ...asLongAsItSays,
        'exactly the bytes asked for': (response, { first, last }) => bytesOf(response) === last - first + 1,
        'Content-Range says which': (response, { first, last, bytes }) =>
            response.headers['Content-Range'] === `bytes ${first}-${last}/${bytes}`,
    },
    manifest: {
        ...status(200),
        ...hasType('application/json'),
        ...notKept,
        'manifest is of that asset': (response, { id }) => parsed(response).id === id,
    },
    absent: problem(404, 'unknown-rendition'),
    // Made for this request: its digest is not known before, but has to be the one that it says.
    cold: {
        ...status(200),
        'type is the one asked for': (response, { type }) => response.headers['Content-Type'] === type,
        ...immutable,
        ...asLongAsItSays,
        'bytes are of that type': (response, { type }) =>
            startsWith(response.body, type === 'image/jpeg' ? JPEG : WEBP),
        'body is what its ETag says': (response) =>
            response.headers.Etag === `"${crypto.sha256(response.body, 'hex')}"`,
    },
    upload: uploaded,
    first: { ...stored, ...immutable },
    delete: { ...status(204), ...noBody },
    gone: problem(410, 'gone'),
};

/// The names of the claims that do not hold.
export function broken(kind, response, wanted) {
    return Object.entries(claims[kind]).filter(([, holds]) => !holds(response, wanted)).map(([name]) => name);
}

function parsed(response) {
    try {
        return { source: {}, renditions: {}, ...JSON.parse(String.fromCharCode(...new Uint8Array(response.body))) };
    } catch (_) {
        return { source: {}, renditions: {} };
    }
}

/// Whether the bytes have the magic of their format.
function startsWith(body, magic) {
    if (!body || body.byteLength < magic.length) return false;
    const bytes = new Uint8Array(body, 0, magic.length);
    return magic.every((byte, index) => byte === bytes[index]);
}
