// What is there before the first request, and which of it is asked for.

import crypto from 'k6/crypto';
import http from 'k6/http';

import { authorised, url } from './asking.js';
import { declareAll, noteAside } from './outcomes.js';
import { stamped } from './photos.js';
import { settings } from './settings.js';

/// Uploads the photographs that the run reads; what it returns, each user gets.
export async function makeAssets() {
    declareAll();
    const run = `${Date.now()}`;
    const assets = [];
    for (let index = 0; index < settings.assets; index += 1) {
        const picture = await stamped(index, `set-up ${run}/${index}`);
        const response = http.post(url('/v1/assets'), picture, authorised('upload', { timeout: '120s' }));
        const wanted = { sha256: crypto.sha256(picture, 'hex'), bytes: picture.byteLength };
        if (noteAside('upload', response, wanted) !== 'right') {
            throw new Error(`no picture to ask for: ${settings.baseUrl} answered an upload with ${response.status}`);
        }
        assets.push(asset(response));
    }
    return { assets, run };
}

/// Takes the pictures away again.
export function removeAssets({ assets }) {
    for (const { id } of assets) {
        const response = http.del(url(`/v1/assets/${id}?immediate=true`), null, authorised('delete'));
        noteAside('delete', response);
    }
}

/// Of a manifest what requests need.
export function asset(response) {
    const manifest = JSON.parse(text(response));
    const renditions = Object.values(manifest.renditions).map(({ url: address, bytes, sha256 }) => {
        // `url` begins with `public.base.url` where that is set; what is measured is this service.
        return { path: address.replace(/^https?:\/\/[^/]+/, ''), bytes, sha256 };
    });
    return { id: manifest.id, renditions };
}

function text(response) {
    return String.fromCharCode(...new Uint8Array(response.body));
}

/// One of the renditions: as often as its rank has it (Zipf's law with the exponent 1), thumbnails
/// first.
export function popular(assets) {
    if (ranking === null) ranking = rank(assets);
    let left = Math.random() * ranking.harmonic;
    for (let place = 0; place < ranking.renditions.length; place += 1) {
        left -= 1 / (place + 1);
        if (left < 0) return ranking.renditions[place];
    }
    return ranking.renditions[0];
}

// The same for the whole run, and each user has it for itself.
let ranking = null;

/// Of all pictures the smallest rendition, then of all the next: pages show thumbnails, and one of them in large.
function rank(assets) {
    const ofEach = assets.map(({ renditions }) => [...renditions].sort((left, right) => left.bytes - right.bytes));
    const renditions = ofEach[0].flatMap((_, size) => ofEach.map((sizes) => sizes[size]));
    return { renditions, harmonic: renditions.reduce((sum, _, place) => sum + 1 / (place + 1), 0) };
}
