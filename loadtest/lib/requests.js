// One function a kind of request: asks, and says what is wanted (expectations.js).

import crypto from 'k6/crypto';
import exec from 'k6/execution';
import http from 'k6/http';

import { asking, authorised, url } from './asking.js';
import { asset, popular } from './assets.js';
import { note } from './outcomes.js';
import { stamped } from './photos.js';
import { canSign, signed } from './signing.js';

const ABSENT = '/a/00000000000000000000000000/v1/thumbnail.webp';
// Widths of one-off pictures, each with as many heights, each of those with so many qualities: a million of one asset
// before one comes again.
const SIDE_MIN = 48;
const SIDE_STEP = 4;
const SIDES = 160;
const QUALITY_MIN = 40;
const QUALITIES = 40;

const get = (kind, path, headers) => http.get(url(path), asking(kind, headers));

export const requests = {
    hit({ assets }) {
        const rendition = popular(assets);
        note('hit', get('hit', rendition.path), rendition);
    },

    latest({ assets }) {
        const rendition = popular(assets);
        const path = rendition.path.replace(/\/v\d+\//, '/latest/');
        note('latest', get('latest', path), rendition);
    },

    unchanged({ assets }) {
        const rendition = popular(assets);
        const response = get('unchanged', rendition.path, { 'If-None-Match': `"${rendition.sha256}"` });
        note('unchanged', response, rendition);
    },

    range({ assets }) {
        const rendition = popular(assets);
        const first = Math.floor(rendition.bytes / 4);
        const last = Math.floor(rendition.bytes / 2);
        const response = get('range', rendition.path, { Range: `bytes=${first}-${last}` });
        note('range', response, { ...rendition, first, last });
    },

    negotiated({ assets }) {
        const rendition = popular(assets);
        const response = get('negotiated', rendition.path.replace(/\.webp$/, ''), { Accept: 'image/webp,*/*;q=0.8' });
        note('negotiated', response, rendition);
    },

    manifest({ assets }) {
        const { id } = assets[Math.floor(Math.random() * assets.length)];
        note('manifest', http.get(url(`/v1/assets/${id}`), authorised('manifest')), { id });
    },

    absent() {
        note('absent', get('absent', ABSENT));
    },

    async cold(data) {
        if (!canSign) return lifeOfAnUpload(data, true);
        const response = get('cold', oneOff(data.assets));
        note('cold', response, { type: 'image/webp' });
    },

    upload: (data) => lifeOfAnUpload(data, false),
};

/// A photograph from its upload to its deletion: what it leaves behind is nothing, however long the run is.
async function lifeOfAnUpload({ run }, withJpeg) {
    const turn = exec.scenario.iterationInTest;
    const picture = await stamped(turn, `${run} ${exec.scenario.name}/${turn}`);
    const digest = crypto.sha256(picture, 'hex');
    const response = http.post(url('/v1/assets'), picture, authorised('upload'));
    if (!note('upload', response, { sha256: digest, bytes: picture.byteLength })) return;

    const { id, renditions: [rendition] } = asset(response);
    note('first', get('first', rendition.path), rendition);
    if (withJpeg) {
        const path = rendition.path.replace(/\.webp$/, '.jpg');
        note('cold', get('cold', path), { type: 'image/jpeg' });
    }
    const removal = http.del(url(`/v1/assets/${id}?immediate=true`), null, authorised('delete'));
    if (!note('delete', removal)) return;
    note('gone', get('gone', rendition.path));
}

/// The signed URL of a picture that nobody has asked for: another asset each time, and another size each round.
function oneOff(assets) {
    const turn = exec.scenario.iterationInTest;
    const { renditions: [rendition] } = assets[turn % assets.length];
    const round = Math.floor(turn / assets.length);
    const width = SIDE_MIN + SIDE_STEP * (round % SIDES);
    const height = SIDE_MIN + SIDE_STEP * (Math.floor(round / SIDES) % SIDES);
    const quality = QUALITY_MIN + (Math.floor(round / SIDES / SIDES) % QUALITIES);
    return signed(rendition.path.replace(/[^/]+$/, `w=${width},h=${height},fit=cover,q=${quality}.webp`));
}
