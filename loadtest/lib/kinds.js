// The kinds of requests, and how often each is asked for.
//
// A page has many pictures that are in memory, some that browsers ask again for, a few that nobody has asked for yet;
// people upload seldom. Parts of 1000; an upload is four requests (post, first read, deletion, and that it is gone).

export const weights = {
    hit: 640, // an immutable URL, popular ones more often
    latest: 100, // /latest/, which is looked up in the catalog
    unchanged: 100, // If-None-Match with the right ETag
    range: 60, // some bytes of the middle
    negotiated: 30, // without an ending: Accept decides
    manifest: 20, // the API
    absent: 20, // what is not there: 404 is the right answer
    cold: 20, // a picture that nobody has asked for: rendered at the request
    upload: 10, // a photograph with bytes that were never seen, read, deleted
};

/// What requests are counted as; an upload's further requests apart.
export const kinds = [...Object.keys(weights), 'first', 'delete', 'gone'];

const sum = Object.values(weights).reduce((left, right) => left + right, 0);

/// One of `weights`, by chance.
export function anyKind() {
    let left = Math.random() * sum;
    for (const [kind, weight] of Object.entries(weights)) {
        left -= weight;
        if (left < 0) return kind;
    }
    return 'hit';
}
