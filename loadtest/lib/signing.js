// URLs of pictures that no preset makes, signed as docs/API.md ("Signed options") has it.

import { hmac } from 'k6/crypto';

import { settings } from './settings.js';

const DOMAIN = 'image-origin recipe v1\n';

export const canSign = settings.signingKey !== '';

/// The path with its signature.
export function signed(path) {
    const [id, secret] = settings.signingKey.split(/:(.*)/s);
    return `${path}?sig=${id}.${hmac('sha256', secret, DOMAIN + path, 'base64rawurl')}`;
}
