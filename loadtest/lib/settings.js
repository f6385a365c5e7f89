// What the caller decides, from the environment (`k6 run -e NAME=value`); run.py sets all of these.

const number = (name, otherwise) => {
    const text = __ENV[name];
    if (text === undefined || text === '') return otherwise;
    const value = Number(text);
    if (!Number.isFinite(value) || value <= 0) throw new Error(`${name}=${text}: expected a number above 0`);
    return value;
};

export const settings = {
    // The public listener.
    baseUrl: (__ENV.BASE_URL || 'http://127.0.0.1:8080').replace(/\/+$/, ''),
    // `api.token`, where the service has one.
    token: __ENV.API_TOKEN || '',
    // `id:secret` of one of `url.signing.keys`; without it cold renders are JPEGs of fresh uploads.
    signingKey: __ENV.SIGNING_KEY || '',
    // All durations times this.
    scale: number('SCALE', 1),
    // What one user asks for in a second.
    requestsPerUser: number('REQUESTS_PER_USER', 1),
    // Paths of the photographs, separated by commas. JPEG, for each upload gets a comment of its own.
    photos: (__ENV.PHOTOS || '').split(',').filter((path) => path !== ''),
    // Pictures that are there before the first request.
    assets: number('ASSETS', 16),
};
