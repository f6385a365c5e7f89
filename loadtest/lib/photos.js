// The photographs: read once for all users, and given a comment of its own for each upload.

import { open, SeekMode } from 'k6/experimental/fs';

import { settings } from './settings.js';

// SOI, with which a JPEG begins; a comment may come right after it.
const MAGIC_BYTES = 2;
const COMMENT = [0xff, 0xfe];

if (settings.photos.length === 0) throw new Error('PHOTOS names no photograph');

// k6's `open` of the global scope would give each of 500 users a copy; these share one.
const files = await Promise.all(settings.photos.map((path) => open(path)));

/// The bytes of a photograph with `text` in a comment: other bytes, the same pixels.
///
/// `index` counts on, however many photographs there are.
export async function stamped(index, text) {
    const picture = await bytes(files[index % files.length]);
    if (picture[0] !== 0xff || picture[1] !== 0xd8) throw new Error('a photograph of PHOTOS is no JPEG');
    const comment = ascii(text);
    // The length counts itself.
    const length = comment.length + 2;
    const head = [picture[0], picture[1], ...COMMENT, length >> 8, length & 0xff, ...comment];
    const stamped = new Uint8Array(head.length + picture.length - MAGIC_BYTES);
    stamped.set(head);
    stamped.set(picture.subarray(MAGIC_BYTES), head.length);
    return stamped.buffer;
}

async function bytes(file) {
    const { size } = await file.stat();
    const buffer = new Uint8Array(size);
    await file.seek(0, SeekMode.Start);
    await file.read(buffer);
    return buffer;
}

function ascii(text) {
    return Array.from(text, (character) => character.charCodeAt(0) & 0x7f);
}
