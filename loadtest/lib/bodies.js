// Bodies, which are read as binary throughout.

/// Bytes of the body as it was sent.
export function bytesOf(response) {
    return response.body ? response.body.byteLength : 0;
}
